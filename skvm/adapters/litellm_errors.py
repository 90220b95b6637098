"""litellm's exceptions as the error kinds of the port, by class name and status, so that litellm need not be imported.

The statuses are not to be trusted alone: litellm reports a refused connection and an unreadable answer as 500, and on some
routes 413 as 400 and 529 as 500. So the chain of causes is looked at first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from skvm.diag import TargetError

_TEXT = 300  # characters of a server's message that are shown

# Class names anywhere in the chain of causes.
_UNREACHED = {
    "ConnectError", "ConnectionRefusedError", "ClientConnectorError", "ClientConnectorDNSError", "gaierror", "ConnectTimeout",
    "APIConnectionError", "ServerDisconnectedError", "ClientOSError", "ConnectionResetError", "ProxyError",
    "ClientProxyConnectionError", "ClientHttpProxyError",
}  # fmt: skip
_BROKEN = {
    "JSONDecodeError", "RemoteProtocolError", "ClientPayloadError", "TransferEncodingError", "IncompleteRead",
    "APIResponseValidationError", "ReadError", "MidStreamFallbackError",
}  # fmt: skip
_LATE = {"Timeout", "APITimeoutError", "ReadTimeout", "TimeoutError", "SocketTimeoutError", "ServerTimeoutError"}

_CONTEXT = re.compile(
    r"context[ _](length|window)|maximum context|too many (input )?tokens|prompt is too long|input is too long", re.I
)
_QUOTA = re.compile(r"insufficient[_ ](quota|balance|credit)|exceeded your current quota|billing|payment", re.I)
_FILTER = re.compile(r"content[ _](policy|filter|management)|safety system", re.I)
_KEY = re.compile(r"\b(sk|pk|key|AIza|gsk|xai|hf)[-_][A-Za-z0-9_\-*.]{8,}|Bearer\s+\S+", re.I)
_NO_KEY = re.compile(r"\bmissing (credentials\b|[\w ]{0,20}api[ _-]?key\b)|api_key client option must be set", re.I)
_PREFIX = re.compile(r"^((litellm\.)?\w*(Error|Timeout|Exception)|Timeout Error):\s+|^\w+Exception( \w+)? - ")
_WRAPPED = " Original exception:"
_INNER = re.compile(r'"message": ?"((?:[^"\\]|\\.)+)"')

# status: (kind, transient, what to do)
_STATUS: dict[int, tuple[str, bool, str]] = {
    401: ("auth", False, "check the key of this provider in the environment"),
    402: ("auth", False, "the account has no credit"),
    403: ("auth", False, "the key may not use this model"),
    404: ("unsupported", False, "the server does not know this model or address"),
    408: ("timeout", True, ""),
    409: ("outage", True, ""),
    413: ("context", False, "the request is too large for this model"),
    429: ("rate", True, ""),
    504: ("timeout", True, ""),
}


def as_target_error(error: Exception, secrets: Iterable[str] = ()) -> TargetError:
    """The same failure as a TargetError, with keys blotted out of its text."""
    if isinstance(error, TargetError):
        return error
    names = {type(e).__name__ for e in _chain(error)}
    text = _first_line(redact(str(error), secrets))
    status = _status(error)
    kind, transient, help = _decide(names, status, str(error), error)
    if kind == "auth":
        transient = False
    told = status if kind != "protocol" else None  # an answer came, so its status is litellm's own
    head = f"{_HEAD[kind]}{f' ({told})' if told else ''}"
    if _NO_KEY.search(str(error)) and status in (None, 401, 500):  # litellm's 500 for a key that it did not find
        kind, transient, head, help = "auth", False, "there is no key for the model's server", _SET_KEY
    return TargetError(
        f"{head}: {text}",
        kind=kind,
        transient=transient,
        retry_after=_retry_after(error) if kind in ("rate", "outage") else None,
        help=help,
    )


_SET_KEY = "set the key of this provider in the environment"

# Statuses that litellm turns into others on some routes.
_EXACT = (402, 403, 413, 529)

_HEAD = {
    "auth": "the model's server refused the key",
    "rate": "the model's server is limiting requests",
    "outage": "the model's server cannot be reached or fails",
    "timeout": "the model did not answer in time",
    "unsupported": "the model's server refused the request",
    "context": "the request does not fit the model's context",
    "filter": "the model's server filtered the content",
    "protocol": "the model's server gave an unreadable answer",
}


def _decide(names: set[str], status: int | None, text: str, error: Exception) -> tuple[str, bool, str]:
    by_name = _by_name(names, text)
    if by_name is not None:
        return by_name
    if status == 429 and _QUOTA.search(text):
        return "auth", False, "the account has no credit"
    if status in _STATUS:
        return _STATUS[status]
    if status is not None and 400 <= status < 500:
        return _by_text(text)
    if names & _UNREACHED or (status is not None and status >= 500):
        return "outage", True, ""
    return "protocol", not isinstance(error, (TypeError, ValueError)), ""


def _by_name(names: set[str], text: str) -> tuple[str, bool, str] | None:
    """What the classes in the chain say for certain."""
    if "ContextWindowExceededError" in names:
        return "context", False, "the request is too long for this model"
    if "ContentPolicyViolationError" in names:
        return "filter", False, ""
    if "UnsupportedParamsError" in names:
        return "unsupported", False, ""
    if names & _BROKEN or "JSONDecodeError" in text or "Expecting value" in text:
        return "protocol", True, ""
    if names & _LATE:
        return "timeout", True, ""
    return None


def _by_text(text: str) -> tuple[str, bool, str]:
    if _CONTEXT.search(text):
        return "context", False, "the request is too long for this model"
    if _FILTER.search(text):
        return "filter", False, ""
    if _QUOTA.search(text):
        return "auth", False, "the account has no credit"
    return "unsupported", False, ""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given values and without anything shaped like a key."""
    for secret in secrets:
        text = text.replace(secret, "[key]")
    return _KEY.sub("[key]", text)


def _first_line(text: str) -> str:
    line = next((x.strip() for x in text.splitlines() if x.strip()), "no message")
    line = line.partition(_WRAPPED)[0].rstrip(". ") or line  # what follows says the same again, with litellm's names
    while (shorter := _PREFIX.sub("", line)) != line:
        line = shorter
    if line.startswith(("b'", "{")) and (inner := _INNER.search(line)):
        line = inner[1]
    return line if len(line) <= _TEXT else line[:_TEXT] + "..."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        original = getattr(error, "original_exception", None)
        error = error.__cause__ or error.__context__ or (original if isinstance(original, BaseException) else None)


def _status(error: Exception) -> int | None:
    """The outermost status, unless one further in is more exact than litellm's translation of it."""
    found = [s for link in _chain(error) if isinstance(s := getattr(link, "status_code", None), int)]
    return next((s for s in found if s in _EXACT), found[0] if found else None)


def _retry_after(error: Exception) -> float | None:
    """Seconds the server asks to wait; only the numeric form, at most an hour."""
    for link in _chain(error):
        for headers in (
            getattr(link, "litellm_response_headers", None),
            getattr(getattr(link, "response", None), "headers", None),
        ):
            value: Any = headers.get("retry-after") if headers is not None else None
            try:
                if value is not None and 0 <= float(value) <= 3600:
                    return float(value)
            except ValueError:
                continue
    return None
