"""Takes secrets out of text before it is kept: the values of secret environment variables, and what looks like one.

Output of a worker ends in Dagster's event log, in the store and in failure texts, and a traceback or a library's debug line
may quote the environment. So every place that keeps such text passes it through :func:`redact` first.
"""

import base64
import json
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

#: What stands in the place of a secret.
MARK = "[secret]"
#: Shorter values ("true", "minio", "dagster") stand in any text by chance.
SHORTEST = 8

_WORDS = "KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|WEBHOOK|DSN"
_SECRET_NAME = re.compile(rf"(?:{_WORDS})S?(?:_|$)", re.IGNORECASE)
#: Names of places where a secret lies, not of the secret.
_PLACE_NAME = re.compile(r"_(?:FILE|PATH|DIR|ENV)$", re.IGNORECASE)
#: Named like a secret, and none: Dagster tells a step's pod its asset's name in it, which every message holds.
_NO_SECRET = frozenset({"DAGSTER_RUN_STEP_KEY"})
_PATTERNS = (
    # user:password@host
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@'\"]+@", re.IGNORECASE), rf"\1{MARK}@"),
    # signed links
    (re.compile(r"([?&](?:X-Amz-[a-z-]*|Signature|sig)=)[^&\s'\"]+", re.IGNORECASE), rf"\1{MARK}"),
    # headers
    (re.compile(r"\b([Bb]earer|[Bb]asic)\s+(?=[\w.~+/-]*[0-9A-Z])[\w.~+/-]{8,}=*"), rf"\1 {MARK}"),
    # NAME=value and 'NAME': 'value' of a printed environment whose values are not known here
    (re.compile(rf"\b([A-Z][A-Z0-9_]*(?:{_WORDS})S?(?:_(?:ID|URL))?)(['\"]?\s*[=:]\s*)(['\"]?)[^\s'\"]+"), rf"\1\2\3{MARK}"),
    # keys that can be told by their form
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\b(?:sk|ghp|hf|xox[abp])[-_][\w-]{16,}"), MARK),
)  # fmt: skip


def is_secret_name(name: str) -> bool:
    """Whether an environment variable of this name holds a secret itself (not, say, the path of one)."""
    return bool(_SECRET_NAME.search(name)) and not _PLACE_NAME.search(name) and name not in _NO_SECRET


def holds_secret(name: str, value: str) -> bool:
    """Whether a variable must not be written where others read it: its name or the form of its value says so."""
    return is_secret_name(name) or redact(value, {}) != value


def redact(text: str, env: Mapping[str, str] | None = None) -> str:
    """``text`` with :data:`MARK` in the place of secrets.

    Known secrets are the values in ``env`` (this process's environment by default) of variables that
    :func:`is_secret_name`, and the passwords in any address there; each as it is, URL-encoded, in base64 and escaped as
    JSON has it. Addresses with passwords, signatures, authorisation headers and printed variables go by their form.
    """
    env = os.environ if env is None else env
    known = frozenset((name, value) for name, value in env.items() if is_secret_name(name) or "://" in value)
    if found := _known(known):
        text = found.sub(MARK, text)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def redacted(value: Any, env: Mapping[str, str] | None = None) -> Any:
    """A JSON value with every text in it redacted; names stay."""
    if isinstance(value, str):
        return redact(value, env)
    if isinstance(value, Mapping):
        return {name: redacted(one, env) for name, one in value.items()}
    return [redacted(one, env) for one in value] if isinstance(value, list | tuple) else value


@lru_cache(maxsize=16)
def _known(variables: frozenset[tuple[str, str]]) -> re.Pattern[str] | None:
    forms = {form for name, value in variables for secret in _secrets(name, value) for form in _forms(secret)}
    long = sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, long))) if long else None


def _secrets(name: str, value: str) -> Iterator[str]:
    """The secrets in one variable: its value, long words of a value of several lines, the secret parts of an address."""
    secret = is_secret_name(name)
    if secret:
        yield value.strip()
        if "\n" in value:  # a key file or a JSON document: its long words may be told apart
            yield from re.findall(r"[\w+/=.-]{16,}", value)
    try:
        address = urlsplit(value)
    except ValueError:
        return
    if address.password:
        password = unquote(address.password)
        yield from (address.password, password)
        yield f"{unquote(address.username or '')}:{password}"  # as an authorisation header has it
    if secret and address.scheme and len(address.path) > 1:  # libraries quote the path of an address without its host
        yield address.path
        yield address.path.rsplit("/", 1)[-1]
        yield address.query


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    coded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    quoted = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        *quoted,
        *coded,
        *(code.rstrip("=") for code in coded),
    }


def shown(error: Exception) -> Exception:
    """The error itself, or, where it or one that led to it tells a secret, another one with its redacted traceback.

    Raise the other one ``from None``: Dagster keeps a whole chain of errors.
    """
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or one.__context__
    said = "".join(line for one in chain for line in traceback.format_exception_only(one))
    if redact(said) == said:
        return error
    return RuntimeError(redact("".join(traceback.format_exception(error))))
