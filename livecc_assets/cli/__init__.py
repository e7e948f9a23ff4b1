"""The ``livecc`` command."""
