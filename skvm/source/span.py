"""A span: where in the original bytes something is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open byte range `[start, end)` of the original file `file` (path relative to the skill folder)."""

    file: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.start < 0 or self.end < self.start:
            raise ValueError(f"not a span: {self.file}[{self.start}:{self.end}]")

    def __len__(self) -> int:
        return self.end - self.start

    def contains(self, other: Span) -> bool:
        """True when `other` lies wholly inside this span of the same file."""
        return self.file == other.file and self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """True when the two spans share at least one byte."""
        return self.file == other.file and self.start < other.end and other.start < self.end

    def join(self, other: Span) -> Span:
        """The smallest span that holds both; raises ValueError across files."""
        if self.file != other.file:
            raise ValueError(f"spans of two files cannot be joined: {self.file}, {other.file}")
        return Span(self.file, min(self.start, other.start), max(self.end, other.end))
