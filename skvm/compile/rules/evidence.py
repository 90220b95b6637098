"""Evidence: one pass over the text of a skill for all cues, and the program's nodes by step, so that rules only count."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from skvm.compile.rules.cues import SCANNER
from skvm.compile.rules.inside import Inside
from skvm.compile.rules.scan import MASK, Hit
from skvm.ir import Act, ActType, Block, BlockRole, Constraint, Control, ControlKind, LeafKind, Need, NeedKind, Program, Step
from skvm.source import SkillSource, Span

_PLACEHOLDER = re.compile(r"<[A-Za-z][\w ./-]*>")
"""Placeholders in commands, lest their brackets be taken for redirections."""


_WORDS = re.compile(r"[a-z]+")
_DOCUMENT = re.compile(r"\.(?:md|mdx|txt|json|ya?ml|csv|html?|pdf|rst)$", re.IGNORECASE)


class Fence(NamedTuple):
    """A code fence with its content."""

    block: Block
    language: str
    body: str

    @property
    def lines(self) -> int:
        """Lines that are not blank."""
        return sum(1 for line in self.body.splitlines() if line.strip())


Where = Step | None
"""A step, or None for the whole skill."""


class Evidence:
    """Looks at one program; everything is computed once and asked for by step (None: anywhere)."""

    def __init__(self, program: Program, source: SkillSource, lowered: frozenset[str] = frozenset()) -> None:
        """`lowered`: ids of controls that the plan carries out, so that no step needs to."""
        self.program = program
        self.source = source
        self.lowered = lowered
        self.text = source.main.text
        self._exact = self.text.isascii() and not source.main.bom
        self._hits_in: dict[str, dict[str, list[Hit]]] = {}
        self._commands_in: dict[str | None, list[tuple[str, Span]]] = {}

    def char(self, offset: int) -> int:
        """Character position of an original byte offset."""
        if self._exact:
            return offset
        main = self.source.main
        here, there = main.jumps[max(0, bisect_right(main.jumps, offset, key=lambda jump: jump[1]) - 1)]
        return main.points.point(max(0, here + offset - there))

    def span(self, hit: Hit) -> Span:
        """Original bytes of a hit."""
        if self._exact:
            return self.source.main.span(hit.start, hit.end)
        points = self.source.main.points
        return self.source.main.span(points.byte(hit.start), points.byte(hit.end))

    @cached_property
    def prose(self) -> str:
        """The text with front matter and fences blanked, positions kept."""
        spans = [b.span for b in self.program.blocks]
        spans += [leaf.span for leaf in self.program.leaves if leaf.kind is LeafKind.FRONT_MATTER]
        parts, at = [], 0
        for first, last in sorted((self.char(s.start), self.char(s.end)) for s in spans):
            parts += [self.text[at : max(at, first)], MASK * (max(at, last) - max(at, first))]
            at = max(at, last)
        return "".join([*parts, self.text[at:]])

    @cached_property
    def _hits(self) -> dict[str, list[Hit]]:
        lower = self.prose.lower()
        if len(lower) != len(self.prose):  # a few capitals become two characters
            lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in self.prose)
        return SCANNER.hits(lower)

    @cached_property
    def _in_order(self) -> tuple[list[tuple[str, Hit]], list[int]]:
        """Hits of all cues by where they begin, those of one cue in their order, and their beginnings."""
        rows = sorted(((name, hit) for name, found in self._hits.items() for hit in found), key=lambda row: row[1].start)
        return rows, [hit.start for _, hit in rows]

    def hits(self, name: str, where: Where) -> list[Hit]:
        """Places of a cue in prose."""
        if where is None:
            return self._hits[name]
        inside = self._hits_in.get(where.id)
        if inside is None:  # rules ask for some forty cues of a step, which has hits of two or three
            rows, starts = self._in_order
            inside = self._hits_in[where.id] = {}
            first, last = self.char(where.span.start), self.char(where.span.end)
            for cue, hit in rows[bisect_left(starts, first) : bisect_left(starts, last)]:
                inside.setdefault(cue, []).append(hit)
        return inside.get(name, [])

    @cached_property
    def _fences(self) -> tuple[Fence, ...]:
        return tuple(Fence(b, b.language.lower(), self.source.main.slice(b.body)) for b in self.program.blocks)

    def fences(self, where: Where, *languages: str) -> list[Fence]:
        """Fences, all or those of some languages."""
        found: Iterable[Fence] = self._fences if where is None else self._fences_in.of(where)
        return [f for f in found if not languages or f.language in languages]

    @cached_property
    def _fences_in(self) -> Inside[Fence]:
        return Inside([(f.block.span, f.block.step, f) for f in self._fences])

    def commands(self, where: Where) -> list[Act]:
        """Acts that carry a literal command."""
        return [a for a in self.acts(where) if a.command]

    def acts(self, where: Where, *types: ActType) -> list[Act]:
        """Acts, all or of some types."""
        found = self.program.acts if where is None else self.program.acts_of(where.id)
        return [a for a in found if not types or a.type in types]

    def controls(self, where: Where, *kinds: ControlKind) -> list[Control]:
        """Controls, all or of some kinds."""
        found: Iterable[Control] = self.program.controls
        if where is not None:
            found = (c for c in self.program.controls_of(where.id) if c.id not in self.lowered)
        return [c for c in found if not kinds or c.kind in kinds]

    def needs(self, where: Where, *kinds: NeedKind) -> list[Need]:
        """Needs of some kinds."""
        found = self.program.needs if where is None else self.program.needs_of(where.id)
        return [n for n in found if n.kind in kinds]

    def constraints(self, where: Where) -> list[Constraint]:
        """Rules on behaviour: all of them, or those that stand in or belong to a step."""
        if where is None:
            return list(self.program.constraints)
        return self._constraints_in.of(where)

    @cached_property
    def _constraints_in(self) -> Inside[Constraint]:
        return Inside([(c.span, c.owner, c) for c in self.program.constraints])

    @cached_property
    def size(self) -> float:
        """Thousands of bytes of the main file, at least one."""
        return max(1.0, len(self.source.main.raw) / 1000)

    def named_after(self, words: frozenset[str]) -> list[Span]:
        """Where the skill's name stands, if one of its words is among these."""
        skill = self.program.skill
        span = skill.spans.get("name")
        return [span] if span is not None and words.intersection(_WORDS.findall(skill.name.lower())) else []

    def documents(self) -> list[Need]:
        """Needs of reference files of text or data, scripts and folders left out."""
        return [n for n in self.needs(None, NeedKind.FILE) if _DOCUMENT.search(n.name)]

    def command_text(self, where: Where) -> list[tuple[str, Span]]:
        """(text, span) of commands: shell fences and literal inline commands."""
        key = where.id if where is not None else None
        if key not in self._commands_in:
            self._commands_in[key] = self._command_text(where)
        return self._commands_in[key]

    def _command_text(self, where: Where) -> list[tuple[str, Span]]:
        shell = ("bash", "sh", "shell", "zsh", "console", "powershell", "cmd")
        out = [
            (f.body, f.block.span)
            for f in self.fences(where)
            if f.language in shell or (f.block.role is BlockRole.COMMAND and not f.language)
        ]
        seen = sorted(out, key=lambda row: row[1].start)
        starts = [span.start for _, span in seen]
        for act in self.commands(where):  # fences do not overlap, so only the last one that begins before it can hold it
            at = bisect_right(starts, act.span.start) - 1
            if at < 0 or not seen[at][1].contains(act.span):
                out.append((act.command or "", act.span))
        return [(_PLACEHOLDER.sub("x", text), span) for text, span in out]


def matches(pattern: re.Pattern[str], rows: Iterable[tuple[str, Span]]) -> list[Span]:
    """Spans of the rows in whose text a pattern occurs."""
    return [span for text, span in rows if pattern.search(text)]
