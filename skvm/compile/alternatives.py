"""Alternatives: sections of which any one reaches the same purpose, read off headings and off sentences that say so.

Three forms are taken. Siblings that are counted ("Method A", "Method B"; "Option 1", "Option 2" where a title says which one
is preferred). A sibling that calls itself the alternative or the fallback of the one before it. A sentence that names another
section for when something is not there ("If `x` is not available, follow "By hand""). A list of stages is never taken, and
whatever hints at an order, at a combination or at different results speaks against: precision before recall.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from skvm.compile.sections import Heading, Sections, stems
from skvm.ir import Program
from skvm.source import SkillSource, Span

_COUNTED = re.compile(
    r"\W*(?P<word>option|method|approach|alternative|way)\s+#?(?P<mark>\d{1,2}|[A-H]|one|two|three|four)\b"
    r"\W*(?P<rest>\S.*)",
    re.IGNORECASE,
)
_SAME = frozenset({"method", "approach", "alternative", "way"})
"""Words that say by themselves that the sections lead to one end; an option may be an end of its own."""

_PREFERRED = re.compile(r"\b(?:recommended|preferred|default|primary|easiest|simplest|best)\b", re.IGNORECASE)
_SECOND = re.compile(
    r"\b(?:alternative(?:ly)?|fall-?back|legacy|last resort|without|no \w+ needed|(?:is |are )?not (?:available|installed)|"
    r"unavailable)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\W*(?:alternative(?:ly)?|fall-?back)\b\s*(?:\w+\s*)?[:(\u2014\u2013-]|.*\((?:[^)]*\b)?(?:alternative|fall-?back)\b",
    re.IGNORECASE,
)
"""Titles that call their section the alternative of another one."""

_STAGES = re.compile(
    r"\b(?:then|next|after(?:wards)?|finally|first|before|step|phase|stage|continue\w*|combin\w*|both|all)\b", re.IGNORECASE
)
_AROUND = re.compile(
    r"\b(?:patterns?|examples?|templates?|formats?|lengths?|sizes?|outputs?|proposals?|recommendations?|trade-?offs?|"
    r"best practices|anti-?patterns?|strateg\w+|techniques?|layers?|types?|scenarios?|use cases?|decisions?|"
    r"alternatives considered)\b",
    re.IGNORECASE,
)
"""Titles over sections that are not ways of doing one thing."""
_TOGETHER = re.compile(
    r"\b(?:in (?:this |the following )?(?:order|sequence)|one after (?:the other|another)|each of (?:these|the following)|"
    r"all (?:of )?(?:these|the following|the)|combine\w*|together|in addition|both|then)\b",
    re.IGNORECASE,
)
"""Words between the heading over the sections and the first of them by which more than one is followed."""
_AFTER = re.compile(
    r"\b(?:after|once|following|in addition to|on top of|combined? with|continu\w+ (?:from|with)|results? (?:of|from)|"
    r"output (?:of|from))\s+(?:the\s+)?(?:option|method|approach|alternative|way)\s*#?(?:\d|[A-H]\b|above)",
    re.IGNORECASE,
)
_BLANK = re.compile(r"[\W_]*(?:[\[{<]|\w+\]|name\b|title\b|description\b|xxx)", re.IGNORECASE)
"""A title that is still to be filled in."""

_MISSING = re.compile(
    r"\b(?:if|when|where|in case)\b[^.;:\n]{2,80}?\b(?:(?:is|are)(?: not|n't) (?:available|installed|connected|configured|"
    r"supported|accessible)|(?:is|are) (?:unavailable|missing|unsupported)|(?:cannot|can't) be used)\b[^.;:\n]{0,30}?[,:]\s*"
    r"(?:then\s+)?(?:use|see|follow|go to|fall back (?:to|on)|switch to|do)\b(?P<rest>[^\n.;]{3,120})",
    re.IGNORECASE,
)
_MAY_MISS = (
    *(f"{no} {ready}" for no in ("not", "n't") for ready in ("avail", "instal", "connect", "config", "support", "access")),
    *(f"{verb} {gone}" for verb in ("is", "are") for gone in ("unavail", "missing", "unsupp")),
    *("cannot be used", "can't be used"),
)
"""Every such sentence holds one of these, four texts of five none."""

_LINK = re.compile(r"\]\(#([\w%-]+)\)")
_QUOTED = re.compile(
    r"[\"\u201c*'](?P<name>[^\"\u201d*'\n]{3,60})[\"\u201d*']|\bsection\s+(?P<after>[A-Z][\w ]{2,40})|"
    r"\b(?P<before>[A-Z][\w ]{2,40}?)\s+section\b"
)
_CASE = re.compile(
    r"\b(?:if|when|where|for|only|unless|in case|requires?|needs?|legacy|deprecated|last resort|discouraged|not recommended)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:(?:use|choose|pick|do|take|prefer) (?:this|it|when|if|for)|when to use|only (?:if|when|for|works?)|"
    r"if (?:you|the|your)|(?:best|good|ideal|suitable|intended) (?:for|when|if))\b",
    re.IGNORECASE,
)
"""Words of a title, and of the beginning of a section, that say for which case the section is, or that it is a bad choice."""

OPENING = 240
"""Bytes of a section that count as its beginning."""

MOST = 8
"""Paths of one purpose; more are a catalogue."""


class Told(NamedTuple):
    """One way as it stands in the text; `limited`: it says for which case it is."""

    title: str
    span: Span
    limited: bool = False


class Choice(NamedTuple):
    """Ways of one purpose. `first`: the one the author prefers. `because`: the headings or the sentence that say so."""

    about: str
    ways: tuple[Told, ...]
    first: int
    because: tuple[Span, ...]


@dataclass(frozen=True)
class Alternatives:
    """Reads the alternatives of one program; those that overlap an earlier one are left out."""

    program: Program
    source: SkillSource
    sections: Sections

    @cached_property
    def found(self) -> tuple[Choice, ...]:
        """All choices in text order."""
        rows = [*self._siblings(), *self._sentences()]
        kept: list[Choice] = []
        for row in rows:
            if not any(one.span.overlaps(two.span) for other in kept for one in row.ways for two in other.ways):
                kept.append(row)
        return tuple(sorted(kept, key=lambda row: row.ways[0].span.start))

    def _siblings(self) -> Iterator[Choice]:
        groups: dict[tuple[int | None, int], list[Heading]] = {}
        for heading in self.sections.headings:
            groups.setdefault((heading.parent, heading.level), []).append(heading)
        for (parent, _), members in groups.items():
            over = self.sections.headings[parent] if parent is not None else None
            title = over.title if over is not None and over.level > 1 else ""
            if _AROUND.search(title):
                continue
            counted = list(self._counted(title, over, members))
            yield from counted
            if not counted:
                yield from self._asides(title, members)

    def _counted(self, title: str, over: Heading | None, members: list[Heading]) -> Iterator[Choice]:
        """Runs of siblings that are counted from the first mark on."""
        run: list[tuple[Heading, re.Match[str]]] = []
        for heading in [*members, None]:
            match = _COUNTED.match(heading.title) if heading is not None else None
            if heading is not None and match is not None and _follows(run, match):
                run.append((heading, match))
                continue
            if self._is_choice(over, run):
                word = run[0][1]["word"].lower()
                yield self._choice(title or f"one {word} of {len(run)}", [h for h, _ in run])
            run = [(heading, match)] if heading is not None and match is not None and _first(match) else []

    def _is_choice(self, over: Heading | None, run: Sequence[tuple[Heading, re.Match[str]]]) -> bool:
        if not 2 <= len(run) <= MOST:
            return False
        rests = [match["rest"] for _, match in run]
        if any(_BLANK.match(rest) or _STAGES.search(rest) for rest in rests):
            return False
        ranked = any(_PREFERRED.search(rest) or _SECOND.search(rest) for rest in rests)
        if run[0][1]["word"].lower() not in _SAME and not ranked:
            return False
        start = over.span.end if over is not None else run[0][0].span.start
        between = self._text(start, run[0][0].span.start)
        bodies = (self._text(h.span.end, h.end) for h, _ in run[1:])
        return not _TOGETHER.search(between[-400:]) and not any(_AFTER.search(body) for body in bodies)

    def _asides(self, title: str, members: list[Heading]) -> Iterator[Choice]:
        """A section that calls itself the alternative, with the one before it: they share a word, or the first is preferred."""
        for first, second in pairwise(members):
            if not _ASIDE.match(second.title) or _ASIDE.match(first.title) or _BLANK.match(first.title):
                continue
            shared = stems(_ASIDE.sub("", second.title) or second.title) & stems(first.title)
            if (shared or _PREFERRED.search(first.title)) and not _STAGES.search(second.title):
                yield self._choice(title or first.title, [first, second])

    def _choice(self, about: str, members: list[Heading]) -> Choice:
        first = next((i for i, h in enumerate(members) if _PREFERRED.search(h.title) and not _SECOND.search(h.title)), 0)
        ways = tuple(Told(h.title, _whole(h), self._limited(h)) for h in members)
        return Choice(about, ways, first, tuple(h.span for h in members))

    def _limited(self, heading: Heading) -> bool:
        opening = self._text(heading.span.end, min(heading.end, heading.span.end + OPENING))
        return _CASE.search(heading.title) is not None or _WHEN.search(opening) is not None

    def _sentences(self) -> Iterator[Choice]:
        """The section that a sentence stands in, and the one it names for when something is not there."""
        text = self.source.main.text
        if not any(map(text.lower().__contains__, _MAY_MISS)):
            return
        for match in _MISSING.finditer(text):
            span = self.source.main.span(match.start(), match.end())
            here, there = self._around(span), self._named(match["rest"])
            if here is None or there is None or here.level == 1 or _whole(here).overlaps(_whole(there)):
                continue
            if any(block.span.contains(span) for block in self.program.blocks):
                continue
            ways = (Told(here.title, _whole(here)), Told(there.title, _whole(there)))
            yield Choice(here.title, ways, 0, (span,))

    def _around(self, span: Span) -> Heading | None:
        inside = [h for h in self.sections.headings if h.span.start <= span.start < h.end]
        return max(inside, key=lambda h: h.level, default=None)

    def _named(self, words: str) -> Heading | None:
        """The one heading that words point at, by link or by its whole title."""
        link = _LINK.search(words)
        names = {link[1].lower()} if link is not None else set()
        if not names:
            names = {_slug(name) for m in _QUOTED.finditer(words) for name in m.groups() if name}
        found = [h for h in self.sections.headings if _slug(h.title) in names]
        return found[0] if len(found) == 1 else None

    def _text(self, first: int, end: int) -> str:
        return self.source.main.slice(Span(self.program.main, first, max(first, end)))


def _whole(heading: Heading) -> Span:
    return Span(heading.span.file, heading.span.start, heading.end)


_PLACES = {"one": 1, "two": 2, "three": 3, "four": 4}


def _place(match: re.Match[str]) -> int:
    mark = match["mark"].lower()
    return int(mark) if mark.isdigit() else _PLACES.get(mark, ord(mark[0]) - ord("a") + 1)


def _first(match: re.Match[str]) -> bool:
    return _place(match) == 1


def _follows(run: Sequence[tuple[Heading, re.Match[str]]], match: re.Match[str]) -> bool:
    if not run:
        return False
    last = run[-1][1]
    return last["word"].lower() == match["word"].lower() and _place(match) == _place(last) + 1


def _slug(title: str) -> str:
    """As renderers make anchors: lower case, blanks to hyphens, other marks gone."""
    return re.sub(r"[^\w-]", "", re.sub(r"\s+", "-", title.strip().lower()))
