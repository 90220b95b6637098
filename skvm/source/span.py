"""A span: where in the original bytes something is shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True, init=False)
class Span:
    """Half-open byte range `[start, end)` of the original file `file` (path relative to the skill folder)."""

    file: str
    start: int
    end: int

    def __init__(self, file: str, start: int, end: int) -> None:
        _set_file(self, file)
        _set_start(self, start)
        _set_end(self, end)
        if start < 0 or end < start:
            self.__post_init__()

    def __post_init__(self) -> None:  # for readers of stored spans too, which do not call __init__
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


# A skill has a thousand spans. The slots' own setters take half the time of the `object.__setattr__` of a frozen dataclass.
_set_file, _set_start, _set_end = (vars(Span)[name].__set__ for name in ("file", "start", "end"))
