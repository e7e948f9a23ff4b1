"""Looks for text in everything that a state folder holds, whatever it is wrapped in; a helper of the security tests."""

import base64
import binascii
import gzip
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow.parquet as pq

_CODED = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")


def forms(secret: str) -> set[bytes]:
    """The bytes by which a secret is found: as it is, URL-encoded, and in base64 wherever in a longer text it stood."""
    found = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    coded = set()
    for before in range(3):  # three bytes are four characters, so there are three ways to be cut
        whole = base64.b64encode(b"\0" * before + secret.encode())
        inner = whole[4 if before else 0 : -4]
        coded |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {text.encode() for text in found} | coded


def pieces(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what lies in them: cells of a database (its pages cut long text), columns of a table, archives."""
    data = path.read_bytes()
    yield data
    if data.startswith(b"SQLite format 3"):
        yield from _cells(path)
    elif data.startswith(b"PAR1") and data[4:].endswith(b"PAR1"):  # one that its writer abandoned has no end
        table = pq.read_table(path)
        yield repr((table.to_pylist(), table.schema.metadata)).encode()
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)


def _cells(path: Path) -> Iterator[bytes]:
    with sqlite3.connect(path) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for row in database.execute(f'select * from "{table}"'):
                yield from (one if isinstance(one, bytes) else str(one).encode() for one in row)
    database.close()


def _unwrapped(data: bytes) -> Iterator[bytes]:
    """What the data itself says, and what zlib in base64 within it says (Pipes hands parameters over so)."""
    yield data
    for match in _CODED.finditer(data):
        try:
            yield zlib.decompress(base64.b64decode(match[0]))
        except (binascii.Error, zlib.error):
            continue


def where(secrets: Iterable[str], data: Iterable[bytes]) -> set[str]:
    """Those of ``secrets`` that stand in the data in any form."""
    wanted = {secret: forms(secret) for secret in secrets}
    return {
        secret
        for piece in data
        for inner in _unwrapped(piece)
        for secret, found in wanted.items()
        if any(form in inner for form in found)
    }


def leaks(folder: Path, secrets: dict[str, str]) -> list[str]:
    """ "NAME in FILE" for every secret that a file below the folder, or its name, gives away."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = str(path.relative_to(folder))
        seen = where(secrets.values(), [*pieces(path), inside.encode()])
        found += [f"{name} in {inside}" for name, secret in secrets.items() if secret in seen]
    return found
