"""Content digests. The algorithm is part of the text, so that it can change one day."""

from __future__ import annotations

import hashlib


def digest_bytes(data: bytes) -> str:
    """`sha256:` and the hex digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_text(text: str) -> str:
    """Digest of the UTF-8 form of `text`; lone surrogates are kept apart by `surrogatepass`."""
    return digest_bytes(text.encode("utf-8", "surrogatepass"))
