"""Inputs and outputs: of steps by the places and placeholders their acts name, of the skill by its sections and what is left.

A placeholder stands for a value the caller gives: `<input.csv>`, `{file}`, `INPUT_FILE`, `$1`, `$ARGUMENTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from skvm.ir import Act, Slot
from skvm.parse.draft import CODE, ITEM, LIST, ROW, Block, Draft, Role
from skvm.parse.logic.places import is_path
from skvm.source import SourceText, Span

_PLACEHOLDER = re.compile(
    r"(?a)<([A-Za-z][\w ./-]{0,60})>|\{\{?\s*([A-Za-z_][\w.-]{0,60})\s*\}\}?|\$(ARGUMENTS|[1-9])\b"
    r"|\$\{input:([A-Za-z_]\w*)[^}]*\}|(?<![\w/.$-])((?:INPUT|OUTPUT)(?:_[A-Z]+)?)(?![\w=])"
)
_EDITOR = re.compile(rb"\$\{input:([A-Za-z_]\w*)[^}\n]*\}")
_OUT_FLAG = re.compile(r"(?a)(?:^|\s)(?:-o|--out\w*|--dest\w*|>)[ =]*$")
_OPEN = re.compile(r"(?a)<[^<>]*>|\{\{?[^{}]*\}\}?|\[[A-Za-z][^\[\]]*\]|\$\{?\w+\}?")


class Slots:
    """Collects the slots of one skill."""

    def __init__(self, draft: Draft, main: SourceText) -> None:
        self.draft = draft
        self.main = main
        self._out: dict[tuple[str, str, str | None], Slot] = {}

    def collect(self, acts: Iterable[Act]) -> tuple[Slot, ...]:
        """All slots in text order."""
        written: set[str] = set()
        for act in acts:
            for place in act.reads:
                self._place(place, "in", act)
                if place not in written and ":" not in place:
                    self._add(place, "in", act.span, None, pattern_of(place))
            for place in act.writes:
                self._place(place, "out", act)
                written.add(place)
            if act.command is not None:
                self._command(act)
        self._editor()
        for section in self.draft.sections:
            if section.role in (Role.INPUTS, Role.OUTPUTS):
                for index in section.blocks:
                    self._section(self.draft.blocks[index], "in" if section.role is Role.INPUTS else "out")
        for place in sorted(place for place in written if ":" not in place):
            source = next(
                s for (name, way, step), s in self._out.items() if name == place and way == "out" and step is not None
            )
            self._add(place, "out", source.span, None, pattern_of(place))
        found = sorted(self._out.values(), key=lambda s: (s.span.start, s.span.end, s.direction, s.name, s.step or ""))
        return tuple(slot.with_id(f"P{n}") for n, slot in enumerate(found, 1))

    def _editor(self) -> None:
        """Variables that an editor asks its user for, wherever they stand."""
        for match in _EDITOR.finditer(self.main.raw) if b"${input:" in self.main.raw else ():
            name = match.group(1).decode("ascii")
            self._add(name, "in", self.draft.span(match.start(), match.end()), None, None)

    def _place(self, place: str, direction: str, act: Act) -> None:
        if ":" not in place:
            self._add(place, direction, act.span, act.step, pattern_of(place))

    def _command(self, act: Act) -> None:
        """Placeholders of a command that are no place of it."""
        text = act.command or ""
        for match in _PLACEHOLDER.finditer(text):
            name = next(g for g in match.groups() if g is not None)
            if any(match.group() in place for place in (*act.reads, *act.writes)):
                continue
            direction = "out" if _OUT_FLAG.search(text[: match.start()]) or name.startswith("OUTPUT") else "in"
            self._add(name, direction, act.span, act.step, pattern_of(match.group()))
            if direction == "in":
                self._add(name, direction, act.span, None, pattern_of(match.group()))

    def _section(self, block: Block, direction: str) -> None:
        """Items of a section on inputs or outputs: their code, bold label, or first words."""
        blocks = [self.draft.blocks[i] for i in block.children] if block.kind is LIST else [block]
        for item in blocks:
            named = _name_of(item)
            if named is not None:
                name, start, end = named
                self._add(name, direction, self.draft.span(start, end), None, pattern_of(name))

    def _add(self, name: str, direction: str, span: Span, step: str | None, pattern: str | None) -> None:
        key = (name, direction, step)
        if key not in self._out:
            self._out[key] = Slot.made(
                id="",
                span=span,
                name=name,
                direction=direction,
                type="file" if pattern is not None else "value",
                pattern=pattern,
                step=step,
            )


def pattern_of(place: str) -> str | None:
    """Path or glob of a place that is a file: open parts become `*`; None when nothing of it is fixed."""
    inner = place[1:-1] if place[:1] + place[-1:] in ("<>", "{}") else None
    if inner is not None and is_path(inner):
        return "*" + inner[inner.rfind(".") :] if "." in inner else None
    glob = re.sub(r"\*{2,}", "*", _OPEN.sub("*", place))
    return glob if glob.strip("*/.") and ":" not in glob and (is_path(glob) or "/" in glob) else None


def _name_of(block: Block) -> tuple[str, int, int] | None:
    """Name at the head of an item with its bytes: inline code, bold label, or a row's first cell."""
    if block.kind is ROW:
        cell = block.cells[0] if block.cells and not block.header else None
        return (cell.text, cell.start, cell.end) if cell is not None and cell.text else None
    if block.kind is not ITEM:
        return None
    for run in block.runs[:3]:
        if run.text and (run.kind is CODE or run.strong):
            name = run.text.strip(" :")
            at = run.text.find(name) if name else -1
            begin = run.at + at
            return (name, block.byte_at(begin), block.byte_behind(begin + len(name))) if at >= 0 else None
    return None
