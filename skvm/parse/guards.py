"""Patterns that are tried only on texts that contain a word which every match contains.

Searching a sentence for a list of phrases costs some ten times as much as looking whether one of their words is in it, and
most sentences hold none. The words are read off the pattern.
"""

from __future__ import annotations

import re
import sys

_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9,]+\}|[^\\\[]", re.DOTALL)
_GROUP = re.compile(r"\?(?:-?[ims]+)?:")
_OPTIONAL = ("?", "*", "{")
_SPECIAL = frozenset(".^$*+?{}()|")


class Guarded:
    """A pattern that ignores case with the words of which every match contains at least one."""

    __slots__ = ("_findall", "_search", "finditer", "match", "words")

    def __init__(self, pattern: str) -> None:
        compiled = re.compile(pattern, re.IGNORECASE)
        self._search, self._findall = compiled.search, compiled.findall
        self.match, self.finditer = compiled.match, compiled.finditer
        needed = words_needed(pattern)
        self.words = tuple(sorted(w for w in needed if not any(other in w for other in needed if other != w)))

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        """The first match, as that of `re.Pattern.search`."""
        return self._search(text, start, end) if any(map(text.lower().__contains__, self.words)) else None

    def findall(self, text: str) -> list[str]:
        """All matches, as `re.Pattern.findall` lists them for a pattern without capturing groups."""
        return self._findall(text) if any(map(text.lower().__contains__, self.words)) else []


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
