"""Patterns that are tried only on texts that contain a word which every match contains.

Searching a sentence for a list of phrases costs some ten times as much as looking whether one of their words is in it, and
most sentences hold none. The words are read off the pattern. Where one is there, the text in lower case is searched, which
takes a third of what ignoring case takes. What is never needed is never compiled.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cached_property

_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9,]+\}|[^\\\[]", re.DOTALL)
_GROUP = re.compile(r"\?(?:-?[ims]+)?:")
_OPTIONAL = ("?", "*", "{")
_SPECIAL = frozenset(".^$*+?{}()|")
_UPPER = re.compile(r"(?<!\\)[A-Z]")


_FOLDED = ("ı", "ſ", "İ")
"""Letters that stand for others where case is ignored, and not in lower case."""


def _folds(text: str) -> bool:
    return not text.isascii() and any(map(text.__contains__, _FOLDED))


class Guarded:
    """A pattern that ignores case with the words of which every match contains at least one.

    The text of a match may be in lower case: where it stands is what counts.
    """

    def __init__(self, pattern: str) -> None:
        needed = words_needed(pattern)
        self.words = tuple(sorted(w for w in needed if not any(other in w for other in needed if other != w)))
        self._pattern = pattern
        self._lower = "(?-i:" not in pattern and not _UPPER.search(pattern)

    @cached_property
    def _any_case(self) -> re.Pattern[str]:
        return re.compile(self._pattern, re.IGNORECASE)

    @cached_property
    def _lower_case(self) -> re.Pattern[str]:
        return re.compile(self._pattern)

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        """The first match, where that of `re.Pattern.search` is."""
        if _folds(text):
            return self._any_case.search(text, start, end)
        lower = text.lower()
        if not any(map(lower.__contains__, self.words)):
            return None
        return self._lower_case.search(lower, start, end) if self._lower else self._any_case.search(text, start, end)

    def count(self, text: str) -> int:
        """How many matches there are, none overlapping another."""
        if _folds(text) or not self._lower:
            return sum(1 for _ in self._any_case.finditer(text))
        lower = text.lower()
        return sum(1 for _ in self._lower_case.finditer(lower)) if any(map(lower.__contains__, self.words)) else 0

    def match(self, text: str) -> re.Match[str] | None:
        """The match at the beginning, if there is one."""
        return self._any_case.match(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches, one after the other."""
        return self._any_case.finditer(text)


def words_needed(pattern: str) -> frozenset[str]:
    """Lower-case words of which every match of a pattern contains one: per alternative the longest that it shows.

    Raises ValueError where an alternative shows nothing that a match must contain.
    """
    out: set[str] = set()
    for alternative in _alternatives(_PIECE.findall(pattern)):
        words, groups = _parts(alternative)
        choices = [frozenset([word]) for word in words] + [needed for group in groups if (needed := _of_group(group))]
        if not choices:
            raise ValueError(f"no word that every match contains: {''.join(alternative)!r}")
        out |= max(choices, key=lambda found: (min(map(len, found)), -len(found)))
    return frozenset(out)


def _of_group(group: list[str]) -> frozenset[str]:
    try:
        return words_needed("".join(group))
    except ValueError:
        return frozenset()


def _alternatives(pieces: list[str]) -> list[list[str]]:
    out: list[list[str]] = [[]]
    depth = 0
    for piece in pieces:
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and depth == 0:
            out.append([])
        else:
            out[-1].append(piece)
    return out


def _parts(pieces: list[str]) -> tuple[list[str], list[list[str]]]:
    """Runs of characters that a match must contain, and the groups in it that are neither optional nor look around."""
    words: list[str] = [""]
    groups: list[list[str]] = []
    at = 0
    while at < len(pieces):
        piece, end = pieces[at], at
        if piece == "(":
            end = _closing(pieces, at)
        optional = end + 1 < len(pieces) and pieces[end + 1][0] in _OPTIONAL
        if piece == "(":
            opening = _GROUP.match("".join(pieces[at + 1 : at + 6]))
            if opening is not None and not optional:
                groups.append(pieces[at + 1 + opening.end() : end])
        literal = _literal(piece)
        if literal and not optional:
            words[-1] += literal
        else:
            words.append("")
        at = end + 1
    return [word for word in words if word.strip()], groups


def _literal(piece: str) -> str:
    """The character that a piece stands for, in lower case; empty for what may be several."""
    if len(piece) == 1:
        return "" if piece in _SPECIAL else piece.lower()
    return piece[1] if piece[0] == "\\" and not piece[1].isalnum() else ""


def _closing(pieces: list[str], at: int) -> int:
    depth = 0
    for here in range(at, len(pieces)):
        depth += (pieces[here] == "(") - (pieces[here] == ")")
        if depth == 0:
            return here
    raise ValueError(f"not closed: {''.join(pieces)!r}")
