"""Edits of bytes: what is put where instead of what, and why. Offsets are those of the original."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from skvm.source import Span


class Edit(NamedTuple):
    """`new` in place of the original bytes `[start, end)`. `gap`: what is missing, in words. `cites`: what shows it."""

    start: int
    end: int
    new: bytes
    gap: str
    cites: tuple[Span, ...] = ()


def apply(raw: bytes, edits: Iterable[Edit]) -> bytes:
    """The text with all edits; of two at one place the first comes first. Raises ValueError when two overlap."""
    out: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise ValueError(f"edits overlap at byte {edit.start}")
        out += [raw[at : edit.start], edit.new]
        at = edit.end
    return b"".join([*out, raw[at:]])


def line_end(raw: bytes) -> bytes:
    """How the author ends lines."""
    first = raw.find(b"\n")
    return b"\r\n" if first > 0 and raw[first - 1 : first] == b"\r" else b"\n"
