"""Finding all cues in one pass over the words of a text.

A pattern is tried only where a word begins as one of its alternatives does, or is the word that one begins with, which is some
thirty times faster than searching the text once per pattern. The beginnings are read off the patterns themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import accumulate, compress, islice
from typing import NamedTuple

HEAD = 6
"""Characters of a word that are looked up, which leaves few words where a pattern is tried in vain."""

KEPT = 20_000
"""Words whose patterns are remembered."""

MASK = "\0"
"""What stands for text that is not looked at; no pattern matches across it."""

_BOUNDS = (
    (r"\S+", rf"[^\s{MASK}]{{1,80}}"),
    (r"\S*", rf"[^\s{MASK}]{{0,80}}"),
    (r"\s+", r"\s{1,8}"),
    (r"\s*", r"\s{0,8}"),
    (r"\w+", r"\w{1,40}"),
    (r"\w*", r"\w{0,40}"),
)

_WORD = re.compile(r"(\w+)")
_LITERAL = re.compile(r"[a-z0-9]+")
_ENDS_WORD = re.compile(r"(?:[ &/:'-]|\\\.|\\s\+|\[- \])(?![?*])")
"""Pieces of a pattern behind a literal that no character of a word can match, so that the word ends there."""


_Tried = tuple[tuple[str, Callable[[str, int], re.Match[str] | None]], ...]
_Find = Callable[[str], _Tried]


class _Known(dict[str, _Tried]):
    """Patterns that may match at a word. Kept for the first words seen: most texts share them."""

    def __init__(self, find: _Find) -> None:
        self._find = find

    def __missing__(self, word: str) -> _Tried:
        tried = self._find(word)
        if len(self) < KEPT:
            self[word] = tried
        return tried


class Head(NamedTuple):
    """What a match begins with: a whole word, or the first characters (at most `HEAD`) of one."""

    text: str
    whole: bool


class Hit(NamedTuple):
    """Where a cue stands (characters of the text) and its words, in lower case."""

    start: int
    end: int
    text: str


class Scanner:
    """All patterns of a table at once. Patterns are lower case and every alternative begins with a literal word character."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._compiled = {name: re.compile(rf"\b(?:{bounded(pattern)})\b") for name, pattern in patterns.items()}
        self._by_head: dict[Head, list[str]] = {}
        self._by_word = _Known(self._look_up)
        for name, pattern in patterns.items():
            for head in sorted(heads(pattern)):
                self._by_head.setdefault(head, []).append(name)

    def _look_up(self, word: str) -> _Tried:
        begins = [Head(word[:length], False) for length in range(1, min(HEAD, len(word)) + 1)]
        names = [name for head in (*begins, Head(word, True)) for name in self._by_head.get(head, ())]
        return tuple((name, self._compiled[name].match) for name in dict.fromkeys(names))

    def hits(self, text: str) -> dict[str, list[Hit]]:
        """Matches by pattern name, in text order, those of one pattern without overlap; `text` must be lower case."""
        found: dict[str, list[Hit]] = {name: [] for name in self._compiled}
        pieces = _WORD.split(text)  # what is between words and the words, in turns: no match object for each word
        starts = islice(accumulate(map(len, pieces)), 0, None, 2)
        by_word = list(map(self._by_word.__getitem__, pieces[1::2]))
        for at, tried in compress(zip(starts, by_word, strict=False), by_word):
            for name, match_at in tried:
                row = found[name]
                if row and at < row[-1].end:
                    continue
                match = match_at(text, at)
                if match is not None:
                    row.append(Hit(at, match.end(), match[0]))
        return found


def bounded(pattern: str) -> str:
    """The pattern with every open repetition limited, so that no text makes it slow, and closed to masked text."""
    for loose, tight in _BOUNDS:
        pattern = pattern.replace(loose, tight)
    return pattern


def heads(pattern: str, behind: str = "") -> set[Head]:
    """What the first word of everything that a pattern can match begins with or is; `behind`: what follows the pattern.

    Raises ValueError when an alternative does not begin with a literal.
    """
    out: set[Head] = set()
    for part in alternatives(pattern):
        out |= _heads_of(part, behind)
    return out


def _heads_of(part: str, behind: str) -> set[Head]:
    if part.startswith("(?:"):
        end = _closing(part)
        rest = part[end + 1 :]
        optional = rest[:1] in ("?", "*")
        inner = heads(part[3:end], rest.lstrip("?*") + behind)
        return inner | _heads_of(rest.lstrip("?*"), behind) if optional else inner
    literal = _LITERAL.match(part)
    if literal is None:
        raise ValueError(f"does not begin with a literal: {part!r}")
    word = literal[0]
    follows = part[literal.end() :] + behind
    if follows[:1] in ("?", "*"):
        word, follows = word[:-1], "?"
    if not word:
        raise ValueError(f"begins with an optional character: {part!r}")
    whole = not follows or _ENDS_WORD.match(follows) is not None
    return {Head(word, True) if whole else Head(word[:HEAD], False)}


def alternatives(pattern: str) -> list[str]:
    """Top-level alternatives of a pattern."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(pattern):
        if at and pattern[at - 1] == "\\":
            continue
        depth += (char in "([") - (char in ")]")
        if char == "|" and depth == 0:
            parts.append(pattern[start:at])
            start = at + 1
    return [*parts, pattern[start:]]


def _closing(part: str) -> int:
    depth = 0
    for at, char in enumerate(part):
        if at and part[at - 1] == "\\":
            continue
        depth += (char in "([") - (char in ")]")
        if depth == 0:
            return at
    raise ValueError(f"not closed: {part!r}")
