"""Canonical JSON (RFC 8785) and digests over it."""

from __future__ import annotations

import json
from typing import Any

import rfc8785

from skvm.source import digest_bytes

_LIMIT = 2**53 - 1
"""Largest integer RFC 8785 can hold."""


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


_AS_IS = frozenset({str, bool, type(None)})
"""Types whose values need no look."""


class _NotPlain(Exception):
    """The value holds something that the fast path does not write as RFC 8785 does."""


def canonical_json(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value (dict, list, tuple, str, int, float, bool, None); raises ValueError otherwise.

    Where Python's own encoder writes the same bytes it is used: ASCII keys sort alike by character and by UTF-16 unit, both
    escape the same characters, and floats are alike between 1e-4 and 1e16. Anything else goes to the reference encoder.
    """
    try:
        return _encode(_plain(value)).encode("utf-8")
    except (_NotPlain, UnicodeEncodeError):
        return rfc8785.dumps(value)


def digest_json(value: Any) -> str:
    """`sha256:` digest of the canonical form of a JSON value."""
    return digest_bytes(canonical_json(value))


def _plain(value: Any) -> Any:
    """The value with numbers as RFC 8785 writes them. What holds none that differ is given back as it is, not copied."""
    kind = type(value)
    if kind in _AS_IS:
        return value
    if kind is dict:
        return _plain_dict(value)
    if kind is list or kind is tuple:
        changed = [(at, new) for at, item in enumerate(value) if type(item) not in _AS_IS and (new := _plain(item)) is not item]
        if not changed:
            return value
        items = list(value)
        for at, new in changed:
            items[at] = new
        return items
    return _number(value)


def _plain_dict(value: dict[Any, Any]) -> dict[Any, Any]:
    changed: dict[str, Any] = {}
    for key, item in value.items():
        if type(key) is not str or not key.isascii():
            raise _NotPlain
        if type(item) not in _AS_IS and (new := _plain(item)) is not item:
            changed[key] = new
    return {**value, **changed} if changed else value


def _number(value: Any) -> Any:
    if type(value) is int and -_LIMIT <= value <= _LIMIT:
        return value
    if type(value) is float:
        if value == 0:
            return 0
        if 1e-4 <= abs(value) < 1e15:
            return int(value) if value.is_integer() else value
    raise _NotPlain
