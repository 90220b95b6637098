"""Pairs what stands in both programs: by key, by text, by likeness. The same pairs for the same programs, in any run.

Likeness is the Dice coefficient of the multisets of words (Dice 1945); what kept its order is the longest increasing
subsequence of the pairs (patience sorting, Fredman 1975).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

from skvm.ir.nodes import Program, Step

T = TypeVar("T")
Pair = tuple[int, int]

ALIKE = 0.5
"""Likeness from which two texts of one scene count as one reworded step."""

ALIKE_ELSEWHERE = 0.75
"""The same across scenes, where a chance pair is likelier."""

MAX_PAIRS = 250_000
"""Where there are more candidate pairs than this, only those that share a rare word are compared."""

RARE = 8
"""A word is rare when at most so many texts of the new side hold it."""

_MARKER = re.compile(
    r"^[ \t]*(?:#{1,6}\s+|[-*+]\s+(?:\[[ xX]\]\s+)?|(?:(?i:step|phase|stage)\s+)?\d+[a-z]?(?:\.\d+)*[.):]\s*)+"
)
_MARKS = re.compile(
    r"`+([^`\n]*)`+|\*\*|__|(?<![\w*])\*(?=\S)([^*`\n]+)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_`\n]+)(?<=\S)_(?!\w)"
)
_WORD = re.compile(r"[A-Za-z0-9_./:$-]+|[^\x00-\x7f]")


def normal(text: str) -> str:
    """Text without layout: list markers, numbers of the author, emphasis, code marks and runs of space. Stars in code stay."""
    plain = _MARKS.sub(lambda m: next((inner for inner in m.groups() if inner is not None), ""), text).replace("`", "")
    lines = (_MARKER.sub("", line) for line in plain.splitlines())
    return " ".join(" ".join(lines).split())


def likeness(one: Counter[str], two: Counter[str]) -> float:
    """Dice coefficient of two multisets of words, 0 to 1."""
    total = one.total() + two.total()
    return 2 * (one & two).total() / total if total else 1.0


def words(text: str) -> Counter[str]:
    """Words of a text in lower-case ASCII."""
    return Counter(w.lower() if w.isascii() else w for w in _WORD.findall(normal(text)))


class Matching:
    """Growing one-to-one pairs between two sequences."""

    def __init__(self, old: Sequence[T], new: Sequence[T]) -> None:
        self._old, self._new = dict.fromkeys(range(len(old))), dict.fromkeys(range(len(new)))
        self.pairs: list[Pair] = []

    @property
    def old(self) -> list[int]:
        """Places of the old side that have no partner, in order."""
        return list(self._old)

    @property
    def new(self) -> list[int]:
        """Places of the new side that have no partner, in order."""
        return list(self._new)

    def by(self, old_key: Callable[[int], Hashable], new_key: Callable[[int], Hashable]) -> None:
        """Pair what has the same key, first with first."""
        table: dict[Hashable, deque[int]] = {}
        for j in self._new:
            table.setdefault(new_key(j), deque()).append(j)
        for i in self.old:
            found = table.get(old_key(i))
            if found:
                self._take(i, found.popleft())

    def like(
        self,
        old_words: Sequence[Counter[str]],
        new_words: Sequence[Counter[str]],
        least: float,
        may: Callable[[int, int], bool] = lambda _i, _j: True,
    ) -> None:
        """Pair the most alike first, down to `least`; `may(i, j)` says which pairs are looked at."""
        scored = [
            (-score, abs(i - j), i, j)
            for i, j in self._candidates(old_words, new_words)
            if may(i, j) and (score := likeness(old_words[i], new_words[j])) >= least
        ]
        for _, _, i, j in sorted(scored):
            if i in self._old and j in self._new:
                self._take(i, j)

    def _candidates(self, old_words: Sequence[Counter[str]], new_words: Sequence[Counter[str]]) -> Iterator[Pair]:
        """All pairs, or, where they are too many, those that share a rare word."""
        if len(self._old) * len(self._new) <= MAX_PAIRS:
            yield from ((i, j) for i in self._old for j in self._new)
            return
        holders: dict[str, list[int]] = {}
        for j in self._new:
            for word in new_words[j]:
                holders.setdefault(word, []).append(j)
        for i in self._old:
            near = {j for word in old_words[i] if len(found := holders.get(word, ())) <= RARE for j in found}
            yield from ((i, j) for j in sorted(near))

    def _take(self, i: int, j: int) -> None:
        del self._old[i], self._new[j]
        self.pairs.append((i, j))


def match_steps(old: Program, new: Program) -> Matching:
    """Pairs of steps. A step that only moved is a pair; one that was reworded too is a pair where it is alike enough."""
    one, two = old.steps, new.steps
    found = Matching(one, two)
    found.by(lambda i: one[i].key, lambda j: two[j].key)
    old_texts, new_texts = [normal(s.text) for s in one], [normal(s.text) for s in two]
    old_titles, new_titles = _titles(old, one), _titles(new, two)
    found.by(lambda i: (old_titles[i], old_texts[i]), lambda j: (new_titles[j], new_texts[j]))
    found.by(lambda i: old_texts[i], lambda j: new_texts[j])
    old_words, new_words = [words(s.text) for s in one], [words(s.text) for s in two]
    scenes = match_scenes(old, new, found)
    found.like(old_words, new_words, ALIKE, lambda i, j: scenes.get(one[i].scene) == two[j].scene)
    found.like(old_words, new_words, ALIKE_ELSEWHERE)
    found.pairs.sort()
    return found


def _titles(program: Program, steps: Sequence[Step]) -> list[str]:
    table = {s.id: normal(s.title) for s in program.scenes}
    return [table.get(s.scene, "") for s in steps]


def match_scenes(old: Program, new: Program, steps: Matching) -> dict[str, str]:
    """Old scene to new scene: by title, then by most shared steps, then by place among those that are left."""
    one, two = old.scenes, new.scenes
    found = Matching(one, two)
    found.by(lambda i: normal(one[i].title), lambda j: normal(two[j].title))
    out = {one[i].id: two[j].id for i, j in found.pairs}
    shared = Counter((old.steps[i].scene, new.steps[j].scene) for i, j in steps.pairs)
    left_old, left_new = [one[i].id for i in found.old], [two[j].id for j in found.new]
    for (a, b), _ in sorted(shared.items(), key=lambda kv: (-kv[1], kv[0])):
        if a in left_old and b in left_new:
            out[a] = b
            left_old.remove(a)
            left_new.remove(b)
    return out | dict(zip(left_old, left_new, strict=False))


def moved(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs, sorted by the old side, that are not part of the longest run that kept its order."""
    ends: list[int] = []
    at: list[int] = []
    back: list[int] = []
    for index, (_, j) in enumerate(pairs):
        place = bisect_left(ends, j)
        if place == len(ends):
            ends.append(j)
            at.append(index)
        else:
            ends[place], at[place] = j, index
        back.append(at[place - 1] if place else -1)
    kept: set[int] = set()
    last = at[-1] if at else -1
    while last >= 0:
        kept.add(last)
        last = back[last]
    return [pair for index, pair in enumerate(pairs) if index not in kept]
