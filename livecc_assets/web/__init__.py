"""The page that ``livecc serve`` shows: a video plays, and models comment it live."""
