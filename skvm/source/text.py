"""Original bytes, the text every parser sees, and the map between them.

Positions everywhere else are byte offsets of the *original* file. Parsers see `SourceText.text`: BOM stripped, each
undecodable byte one U+FFFD. `SourceText.origin` brings UTF-8 offsets of that text back to original offsets.
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from skvm.source.span import Span

BOM = b"\xef\xbb\xbf"
PLACEHOLDER = "�"
_TRAILING = bytes(range(0x80, 0xC0))
"""Bytes of UTF-8 that begin no code point."""


def readable(raw: bytes) -> str:
    """Bytes of a file as text, each undecodable byte as one placeholder: the way `SourceText` decodes the whole."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", _ERRORS)


def _placeholders(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return PLACEHOLDER * (error.end - error.start), error.end


_ERRORS = "skvm.placeholders"
codecs.register_error(_ERRORS, _placeholders)


class Position(NamedTuple):
    """1-based line and 1-based column in Unicode code points (SARIF `unicodeCodePoints`)."""

    line: int
    column: int


@dataclass(frozen=True)
class SourceText:
    """One decoded file. `encoded` is the UTF-8 form of `text`; `jumps` are (encoded offset, original offset) pairs."""

    file: str
    raw: bytes
    text: str
    encoded: bytes
    jumps: tuple[tuple[int, int], ...]
    bad_bytes: tuple[int, ...]
    bom: bool

    @classmethod
    def decode(cls, file: str, raw: bytes) -> SourceText:
        """Decode any bytes; never raises. Undecodable bytes become one placeholder each and are listed in `bad_bytes`."""
        bom = raw.startswith(BOM)
        body = raw[len(BOM) :] if bom else raw
        shift = len(BOM) if bom else 0
        try:
            text = body.decode("utf-8")
            return cls(file, raw, text, body, ((0, shift),), (), bom)
        except UnicodeDecodeError:
            return _decode_broken(file, raw, body, shift, bom)

    def origin(self, offset: int) -> int:
        """Original byte offset of an offset into `encoded`."""
        if len(self.jumps) == 1:
            return offset + self.jumps[0][1]
        here, there = self.jumps[bisect_right(self.jumps, (offset, len(self.raw) + 1)) - 1]
        return min(there + (offset - here), len(self.raw))

    def jumps_within(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """Where the map goes on behind undecodable bytes in `[start, end)` of `encoded`, counted from `start` on both sides."""
        first = bisect_right(self.jumps, (start, len(self.raw) + 1))
        last = bisect_right(self.jumps, (end, len(self.raw) + 1))
        origin = self.origin(start) if first < last else 0
        return tuple((here - start, there - origin) for here, there in self.jumps[first:last])

    def span(self, start: int, end: int) -> Span:
        """Span of the original bytes for the range `[start, end)` of `encoded`."""
        return Span(self.file, self.origin(start), self.origin(end))

    def slice(self, span: Span) -> str:
        """Text that a span of this file shows, undecodable bytes as placeholders."""
        return readable(self.raw[span.start : span.end])

    @cached_property
    def lines(self) -> LineIndex:
        """Line and column of original offsets."""
        return LineIndex(self.raw)

    @cached_property
    def points(self) -> PointIndex:
        """Code points of `text` and bytes of `encoded`."""
        return PointIndex(self.text, self.encoded)


def _decode_broken(file: str, raw: bytes, body: bytes, shift: int, bom: bool) -> SourceText:
    bad: list[int] = []

    def mark(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        bad.extend(range(error.start, error.end))
        return PLACEHOLDER * (error.end - error.start), error.end

    codecs.register_error("skvm.mark", mark)
    text = body.decode("utf-8", "skvm.mark")
    grown = len(PLACEHOLDER.encode()) - 1
    jumps = [(0, shift)] + [(index + 1 + grown * nth, shift + index + 1) for nth, index in enumerate(bad, 1)]
    return SourceText(file, raw, text, text.encode("utf-8"), tuple(jumps), tuple(shift + i for i in bad), bom)


class LineIndex:
    """Byte offsets to positions. Lines end at LF, CRLF and CR."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        starts = [0, *accumulate(map(len, raw.splitlines(keepends=True)))]  # bytes break only at LF, CR, CRLF, unlike str
        if raw and not raw.endswith((b"\n", b"\r")):
            starts.pop()
        self.starts = starts

    def line(self, offset: int) -> int:
        """1-based line of an offset."""
        return bisect_right(self.starts, offset)

    def position(self, offset: int) -> Position:
        """Line and column of an offset; columns count code points. Inside a code point it is where that one begins."""
        line = self.line(offset)
        start = self.starts[line - 1]
        head = self._raw[start : self._whole(start, offset)]
        if start == 0 and head.startswith(BOM):
            head = head[len(BOM) :]
        return Position(line, len(readable(head)) + 1)

    def _whole(self, start: int, offset: int) -> int:
        """Begin of the code point that `offset` lies inside of, else `offset`."""
        for begin in range(max(start, offset - 3), offset):
            shown = self._raw[begin : offset + 3].decode("utf-8", "ignore")[:1].encode()
            if begin + len(shown) > offset and self._raw.startswith(shown, begin):
                return begin
        return offset

    def line_span(self, line: int) -> tuple[int, int]:
        """Byte range of a 1-based line, line end included."""
        end = self.starts[line] if line < len(self.starts) else len(self._raw)
        return self.starts[line - 1], end

    def last_line(self, start: int, end: int) -> int:
        """1-based line of the last byte of `[start, end)` that is not a line end."""
        while end > start + 1 and self._raw[end - 1] in b"\r\n":
            end -= 1
        return self.line(max(start, end - 1))


class PointIndex:
    """Positions of a text counted in code points and in bytes of its UTF-8 form, each found from the nearest mark before it."""

    STEP = 1024
    """Code points from mark to mark."""

    def __init__(self, text: str, encoded: bytes) -> None:
        self._text, self._encoded = text, encoded
        sizes = (len(text[at : at + self.STEP].encode("utf-8")) for at in range(0, len(text), self.STEP))
        self._marks = [0, *accumulate(sizes)]

    def byte(self, point: int) -> int:
        """Byte of a code point."""
        point = min(point, len(self._text))
        nth = point // self.STEP
        return self._marks[nth] + len(self._text[nth * self.STEP : point].encode("utf-8"))

    def point(self, byte: int) -> int:
        """Code points that begin before a byte."""
        nth = bisect_right(self._marks, byte) - 1
        return min(len(self._text), nth * self.STEP + len(self._encoded[self._marks[nth] : byte].translate(None, _TRAILING)))
