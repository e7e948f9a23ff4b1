"""What lies beside videos and concerns none of the rows: it is passed over and counted by kind, not rejected file by file."""

import re

_NAMES = r"(thumbs|ehthumbs|ehthumbs_vista)\.db|desktop\.ini|icon\r|\$recycle\.bin|@eadir|__macosx|lost\+found"
_SUMS = r"(sha\d{1,3}|md5|b2|ck|check)sums?(\.\w{1,4})?|.*\.(sha\d{1,3}|md5|sfv|crc|par2|asc|sig|minisig)"
_ARCHIVE = r"((yt-?dlp|youtube-?dl|download(ed|s)?)?[-_. ]?archived?|downloaded)\.(txt|log)|.*\.archive"
_DOCUMENT = r"(read[-_ ]?me|licen[cs]e|copying|notice|authors|changelog|attribution|sources?)(\.(txt|html?|rst|md))?"
_UNFINISHED = (
    r".*\.(part|ytdl|crdownload|download|partial|filepart|opdownload|aria2|!qb|!ut|bc!|temp|tmp)"
    r"|.*\.part-frag\d+(\.part)?|.*\.temp\.\w{2,5}"
)

#: Kinds by the last part of a name in lower case; the first that fits counts. Those of a downloader are yt-dlp's and its kin's.
_BY_NAME: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.DOTALL))
    for kind, pattern in (
        ("system_files", _NAMES),
        ("unfinished_downloads", _UNFINISHED),
        ("pictures", r".*\.(webp|jpe?g|jfif|png|gif|avif|heic|heif|bmp|tiff?|svg|ico)"),
        ("descriptions", r".*\.(description|nfo)"),
        ("chats", r".*\.(live_chat|rechat|comments|chat)\.json3?"),
        ("annotations", r".*\.annotations\.xml"),
        ("links", r".*\.(url|webloc|desktop|lnk)"),
        ("download_archives", _ARCHIVE),
        ("checksums", _SUMS),
        ("archives", r".*\.(zip|tar|t?gz|tgz|t?bz2|t?xz|t?zst|7z|rar|r\d\d|z\d\d)"),
        ("documents", _DOCUMENT + r"|.*\.(md|rst)"),
        ("logs", r".*\.log"),
        ("backups", r".*(~|\.bak|\.orig|\.swp)|~\$.*"),
    )
)
_HIDDEN = "hidden_files"
#: A half of a download whose picture and sound come as files of their own: NAME.f137.mp4 and NAME.f140.m4a.
_FRAGMENT = re.compile(
    r"(?P<name>.+)\.f(?P<format>\d{2,5}(-\w+)?|(hls|dash|https?|audio|video)[\w-]*)\.\w{2,4}", re.DOTALL
)


def side_kind(name: str) -> str | None:
    """The kind of a file that is passed over by its name (with folders, forward slashes); None for any other.

    What is hidden, or lies in a hidden folder or one that a system keeps for itself, is passed over whatever it is.
    """
    *folders, last = name.split("/")
    if any(part.startswith(".") and part != ".." for part in (*folders, last)):
        return _HIDDEN
    if any(re.fullmatch(_NAMES, part.lower()) for part in folders):
        return "system_files"
    return next((kind for kind, pattern in _BY_NAME if pattern.fullmatch(last.lower())), None)


def fragment_of(name: str) -> str | None:
    """The name (without ending) of the download that a file is a fragment of by its own name; None for any other file.

    The name alone proves nothing: somebody may call a video so. It counts only beside another fragment or the merged video.
    """
    found = _FRAGMENT.fullmatch(name)
    return found["name"] if found else None
