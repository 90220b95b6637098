"""Canonical JSON (RFC 8785) and digests over it."""

from __future__ import annotations

from typing import Any

import rfc8785

from skvm.source import digest_bytes


def canonical_json(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value (dict, list, tuple, str, int, float, bool, None); raises ValueError otherwise."""
    return rfc8785.dumps(value)


def digest_json(value: Any) -> str:
    """`sha256:` digest of the canonical form of a JSON value."""
    return digest_bytes(canonical_json(value))
