"""Where the front matter of a file lies: between fences at the top, below other lines, in a yaml fence, or never closed."""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.parse.structure.report import Reporter
from skvm.source import SourceText

MAX_BYTES = 64 * 1024
PREAMBLE_LINES = 12
UNCLOSED_LINES = 60

KEY_LINE = re.compile(rb"^(\s*(?:- )?)([A-Za-z_][\w .-]{0,60}?)[ \t]*:(?=[ \t\r\n]|$)[ \t]*")
_FENCE = re.compile(rb"^(?:---|\+\+\+)[ \t]*\r?$")
_CLOSE = re.compile(rb"^(?:---|\.\.\.|\+\+\+)[ \t]*\r?$")
_YAML_FENCE = re.compile(rb"^(?:```|~~~)[ \t]*ya?ml[ \t]*\r?$", re.IGNORECASE)
_KNOWN = re.compile(rb"^(?:name|description|slug|title|version|license)[ \t]*:", re.MULTILINE)
HEADED_KEY = re.compile(rb"^#{1,6}[ \t]+(?=(name|description)[ \t]*:)")
"""A formatter's work: a key of the front matter that it took for a heading. Only where the key stands nowhere else: else it
is a comment."""


class Region(NamedTuple):
    """Content `[start, end)` between the fences, `head` where the block begins, `body` where the body begins."""

    head: int
    start: int
    end: int
    body: int


def lines_of(data: bytes, limit: int) -> list[tuple[int, int]]:
    """Byte ranges of the first `limit` lines, line end excluded."""
    out: list[tuple[int, int]] = []
    at = 0
    while at < len(data) and len(out) < limit:
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        out.append((at, end))
        at = end + 1
    return out


def find_region(source: SourceText, report: Reporter) -> Region | None:
    """The front matter of a file, or None; what is odd about its place goes to `report`."""
    data = source.encoded
    head = lines_of(data, PREAMBLE_LINES)
    first = next((i for i, (a, b) in enumerate(head) if data[a:b].strip() and not _is_comment(data[a:b])), None)
    if first is None:
        return None
    a, b = head[first]
    if _FENCE.match(data[a:b]):
        return _closed(source, report, a, min(b + 1, len(data)), first == 0)
    return _late(source, report, head[first:])


def _is_comment(line: bytes) -> bool:
    text = line.strip()
    return text.startswith(b"<!--") and text.endswith(b"-->")


def _closed(source: SourceText, report: Reporter, head: int, start: int, at_top: bool) -> Region | None:
    """Front matter whose opening fence begins at `head`; its content at `start`."""
    data = source.encoded
    at = start
    indented: tuple[int, int] | None = None
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        if _CLOSE.match(line):
            if not at_top:
                report.add("SKV113", source.span(head, start), "the front matter does not begin on the first line")
            return Region(head, start, at, min(end + 1, len(data)))
        if indented is None and line[:1] in b" \t" and _CLOSE.match(line.strip()):
            indented = (at, min(end + 1, len(data)))
        at = end + 1
    if indented is not None:
        report.add("SKV113", source.span(*indented), "the closing --- of the front matter is indented")
        return Region(head, start, indented[0], indented[1])
    return _unclosed(source, report, head, start)


def _unclosed(source: SourceText, report: Reporter, head: int, start: int) -> Region | None:
    """Take the key lines that follow an opening fence which is never closed; None when there are none."""
    data = source.encoded
    end = start
    for a, b in lines_of(data[start : start + MAX_BYTES], UNCLOSED_LINES):
        line = data[start + a : start + b]
        if HEADED_KEY.match(line) or (end == start and not line.strip() and _headed_next(data, start + b + 1)):
            end = min(start + b + 1, len(data))
            continue
        if not line.strip() or line.startswith(b"#") or not (KEY_LINE.match(line) or line[:1] in b" \t-"):
            break
        end = min(start + b + 1, len(data))
    if end == start:
        return None
    report.add(
        "SKV111", source.span(head, end), "the front matter is never closed", fix=("close it", source.span(end, end), "---\n")
    )
    return Region(head, start, end, end)


def _headed_next(data: bytes, at: int) -> bool:
    """Is the line that begins at `at` a key that became a heading?"""
    return HEADED_KEY.match(data[at : at + 40]) is not None


def _late(source: SourceText, report: Reporter, head: list[tuple[int, int]]) -> Region | None:
    """Front matter below a few lines of something else, or inside a yaml fence near the top."""
    data = source.encoded
    for a, b in head:
        line = data[a:b]
        closing = _CLOSE if _FENCE.match(line) else re.compile(rb"^(?:```|~~~)[ \t]*\r?$") if _YAML_FENCE.match(line) else None
        if closing is None:
            if line.startswith(b"#"):
                return None
            continue
        for c, d in lines_of(data[b + 1 : b + 1 + MAX_BYTES], 200):
            if not closing.match(data[b + 1 + c : b + 1 + d]):
                continue
            region = Region(a, b + 1, b + 1 + c, min(b + 1 + d + 1, len(data)))
            if not _KNOWN.search(data[region.start : region.end]):
                break
            report.add("SKV113", source.span(0, a), "something stands before the front matter")
            return region
    return None
