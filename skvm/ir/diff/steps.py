"""Differences of steps and of the control that governs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from skvm.ir.diff.match import Matching, match_scenes, match_steps, moved, normal
from skvm.ir.diff.model import Change, ChangeClass
from skvm.ir.nodes import Control, Program, Step
from skvm.ir.ssl.words import between
from skvm.ir.vocabulary import ControlKind

_CUT = 70


def step_changes(old: Program, new: Program) -> Iterator[Change]:
    """All differences of steps, their order and their control."""
    found = match_steps(old, new)
    scenes = match_scenes(old, new, found)
    for i in found.old:
        yield Change(ChangeClass.STEP_REMOVED, f"step removed: {_short(old.steps[i])}", old=old.steps[i].span)
    for j in found.new:
        yield Change(ChangeClass.STEP_ADDED, f"step added: {_short(new.steps[j])}", new=new.steps[j].span)
    yield from _order(old, new, found, scenes)
    controls = _Controls(old, new, found, scenes)
    for i, j in found.pairs:
        yield from _wording(old, new, old.steps[i], new.steps[j])
        yield from controls.pair(old.steps[i].id, new.steps[j].id)
    for one, two in sorted(scenes.items()):
        yield from controls.pair(one, two)
    yield from controls.gates()


def _short(step: Step) -> str:
    title = " ".join((step.title or step.text).split())
    return title if len(title) <= _CUT else title[: _CUT - 1].rstrip() + "…"


def _order(old: Program, new: Program, found: Matching, scenes: dict[str, str]) -> Iterator[Change]:
    out_of_line = set(moved(found.pairs))
    for i, j in found.pairs:
        one, two = old.steps[i], new.steps[j]
        elsewhere = scenes.get(one.scene) != two.scene
        if elsewhere or (i, j) in out_of_line:
            where = f"into {new.scene_by_id[two.scene].title!r}" if elsewhere else f"from place {i + 1} to {j + 1}"
            yield Change(ChangeClass.STEP_REORDERED, f"step moved {where}: {_short(two)}", one.span, two.span)


def _wording(old: Program, new: Program, one: Step, two: Step) -> Iterator[Change]:
    """A step counts as reworded for what is left of it when its conditions and bounds, reported apart, are taken out."""
    if _without_control(old, one) != _without_control(new, two):
        yield Change(ChangeClass.STEP_REWORDED, f"step reworded: {_short(one)} -> {_short(two)}", one.span, two.span)


def _without_control(program: Program, step: Step) -> str:
    text = normal(step.text)
    for control in program.controls_of(step.id):
        for words in (control.condition, control.until, control.domain):
            if words:
                text = text.replace(normal(words), "\0", 1)
        if control.bound is not None:
            text = text.replace(str(control.bound), "\0", 1)
    return text


class _Controls:
    """Compares the control of paired owners; gates are held back to the end, because a gate may move to another step."""

    def __init__(self, old: Program, new: Program, found: Matching, scenes: dict[str, str]) -> None:
        self.old, self.new = old, new
        self.to_new = {old.steps[i].id: new.steps[j].id for i, j in found.pairs} | scenes
        paired = {new.steps[j].id for _, j in found.pairs} | set(scenes.values())
        self.lost = [c for c in _gates(old, old.controls) if c.owner not in self.to_new]
        self.made = [c for c in _gates(new, new.controls) if c.owner not in paired]

    def pair(self, old_owner: str, new_owner: str) -> Iterator[Change]:
        """Differences of two owners that stand for each other."""
        one, two = self.old.controls_of(old_owner), self.new.controls_of(new_owner)
        for kind in ControlKind:
            before, after = [c for c in one if c.kind is kind], [c for c in two if c.kind is kind]
            if kind is ControlKind.GATE:
                before, after = self._hold(_gates(self.old, before), _gates(self.new, after))
            left_before, left_after = self._unequal(before, after)
            for index in range(max(len(left_before), len(left_after))):
                yield from self._one(left_before[index : index + 1], left_after[index : index + 1])

    def _hold(self, before: list[Control], after: list[Control]) -> tuple[list[Control], list[Control]]:
        """Gates that have a partner on the other side; those that have none wait for `gates`."""
        n = min(len(before), len(after))
        self.lost += before[n:]
        self.made += after[n:]
        return before[:n], after[:n]

    def _unequal(self, before: list[Control], after: list[Control]) -> tuple[list[Control], list[Control]]:
        rest = list(after)
        left = []
        for control in before:
            same = next((c for c in rest if self._facts(c, False) == self._facts(control, True)), None)
            if same is None:
                left.append(control)
            else:
                rest.remove(same)
        return left, rest

    def _facts(self, control: Control, old: bool) -> tuple[object, ...]:
        target = control.target
        if old and target is not None:
            target = self.to_new.get(target, target)
        members = tuple(self.to_new.get(m, m) for m in control.members) if old else control.members
        return (_words(control), control.bound, target, tuple(sorted(members)))

    def _one(self, before: list[Control], after: list[Control]) -> Iterator[Change]:
        """One control that changed, came or went."""
        if not (before and after):
            only = (before or after)[0]
            verb = "removed" if before else "added"
            conditional = only.kind is ControlKind.BRANCH
            kind = ChangeClass.CONDITION_CHANGED if conditional else ChangeClass.CONTROL_CHANGED
            old, new = (only.span, None) if before else (None, only.span)
            yield Change(kind, f"{_name(only)} {verb}{_said(only)}", old, new)
            return
        one, two = before[0], after[0]
        if one.bound != two.bound:
            text = f"bound of the {two.kind.value} changed: {_bound(one)} -> {_bound(two)}"
            yield Change(ChangeClass.BOUND_CHANGED, text, one.span, two.span)
        if _words(one) != _words(two):
            text = f"condition of the {two.kind.value} changed: {_quoted(one)} -> {_quoted(two)}"
            yield Change(ChangeClass.CONDITION_CHANGED, text, one.span, two.span)
        if self._facts(one, True)[2:] != self._facts(two, False)[2:]:
            yield Change(ChangeClass.CONTROL_CHANGED, f"the {two.kind.value} goes elsewhere{_said(two)}", one.span, two.span)

    def gates(self) -> Iterator[Change]:
        """Gates that are gone, and new ones; a gate with the same words on another step has only moved."""
        lost = list(self.lost)
        for gate in self.made:
            same = next((g for g in lost if _words(g) == _words(gate)), None)
            if same is not None and any(_words(gate)):
                lost.remove(same)
            else:
                yield Change(ChangeClass.GATE_ADDED, f"gate added{_shown(self.new, gate)}", new=gate.span)
        for gate in lost:
            yield Change(ChangeClass.GATE_REMOVED, f"gate removed{_shown(self.old, gate)}", old=gate.span)


def _gates(program: Program, controls: Iterable[Control]) -> list[Control]:
    """Gates, each once: "ask for approval before going on" names one gate twice in one sentence."""
    out: list[Control] = []
    last: Control | None = None
    for control in controls:
        if control.kind is ControlKind.GATE:
            if last is None or not _same_sentence(program, last, control):
                out.append(control)
            last = control
    return out


def _same_sentence(program: Program, one: Control, two: Control) -> bool:
    step = program.step_by_id.get(one.owner)
    return step is not None and one.owner == two.owner and not any(c in between(one, two, step) for c in ".!?\n")


def _shown(program: Program, control: Control) -> str:
    """Words of a gate, or of the step that holds it."""
    step = program.step_by_id.get(control.owner)
    return _said(control) or (f": {_short(step)}" if step is not None else "")


def _words(control: Control) -> tuple[str, ...]:
    return tuple(normal(w or "") for w in (control.condition, control.until, control.domain))


def _name(control: Control) -> str:
    return "condition" if control.kind is ControlKind.BRANCH else control.kind.value


def _said(control: Control) -> str:
    words = " ".join(w for w in _words(control) if w) or (control.target or "")
    return f": {words[:_CUT]}" if words else ""


def _quoted(control: Control) -> str:
    return repr(" ".join(w for w in _words(control) if w))


def _bound(control: Control) -> str:
    return str(control.bound) if control.bound is not None else "none"
