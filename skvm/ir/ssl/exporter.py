"""Program to SSL record: exactly the published JSON, only what the source shows, the same for the same program."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from skvm.ir.nodes import Act, Control, Program, Slot, Step
from skvm.ir.ssl import flow
from skvm.ir.ssl.schema import (
    DEFAULT,
    END_FAIL,
    END_SUCCESS,
    ENVIRONMENT_DEPENDENCY,
    RESERVED,
    SUCCESS,
    YIELD_FAIL,
    YIELD_SUCCESS,
    Record,
    flat,
    variable_named,
    variable_of,
)
from skvm.ir.ssl.sidecar import sidecar_of
from skvm.ir.ssl.tree import RULE_GROUP, Names, Part, TreeBuilder, parts_of
from skvm.ir.ssl.wiring import Leaf, entry_of, leaves_of, wire
from skvm.ir.ssl.words import plain
from skvm.ir.vocabulary import ActType, ControlKind, NeedKind, Polarity, SceneType, Scope

DEPENDENCY_TYPES = {
    NeedKind.BIN: "executable",
    NeedKind.PIP: "python_package",
    NeedKind.NPM: "npm_package",
    NeedKind.APT: "apt_package",
    NeedKind.ENV: ENVIRONMENT_DEPENDENCY,
    NeedKind.HOST: "network_host",
    NeedKind.FILE: "file",
    NeedKind.SKILL: "skill",
}
PERMISSION = "permission"


class NotExpressible(ValueError):
    """The program has no procedure, and a record without scenes and steps is not a record."""


@dataclass(frozen=True)
class SslExport:
    """`record`: the published JSON. `sidecar`: what SSL has no place for, with the span of every node of the record."""

    record: Record
    sidecar: dict[str, Any]


def export_ssl(program: Program, edges: Iterable[tuple[str, str]] = ()) -> SslExport:
    """The record of a program. `edges`: (step before, step after) pairs of the plan; without them the text's order holds.

    Raises NotExpressible for a program without a procedure. The record has no problem under `validate_ssl`.
    """
    if not program.steps or not program.skill.has_procedure:
        raise NotExpressible("the skill lists no procedure; SSL has no record without scenes and steps")
    pairs = tuple(dict.fromkeys(edges))
    names = Names((*program.step_by_id, *program.scene_by_id))
    parts = parts_of(ordered_steps(program, pairs), program, names)
    builder = TreeBuilder(program, parts, names)
    builder.build()
    record = _Writer(program, parts).record()
    return SslExport(record, sidecar_of(program, parts, pairs, builder.expressed))


def ordered_steps(program: Program, edges: tuple[tuple[str, str], ...]) -> list[Step]:
    """Steps in the first linear order, by the text, that keeps all edges (Kahn 1962); a circle falls back to the text."""
    index = {s.id: i for i, s in enumerate(program.steps)}
    after: dict[int, set[int]] = {}
    waits = dict.fromkeys(range(len(program.steps)), 0)
    for one, two in {(index[a], index[b]) for a, b in edges if a in index and b in index and a != b}:
        after.setdefault(one, set()).add(two)
        waits[two] += 1
    ready = [i for i, n in waits.items() if n == 0]  # in order, so a heap already
    out: list[int] = []
    while ready:
        at = heappop(ready)
        out.append(at)
        for following in after.get(at, ()):
            waits[following] -= 1
            if waits[following] == 0:
                heappush(ready, following)
    order = out if len(out) == len(index) else range(len(index))
    return [program.steps[i] for i in order]


class _Writer:
    """Writes one record."""

    def __init__(self, program: Program, parts: list[Part]) -> None:
        self.program = program
        self.parts = parts
        self._variables: dict[str, str] = {}
        self._taken: set[str] = set()

    def record(self) -> Record:
        """The whole record: first what stands in the program, then what follows from it."""
        skill = self._skill()
        scenes: list[dict[str, Any]] = []
        steps: list[dict[str, Any]] = []
        for at, part in enumerate(self.parts):
            wire(part.items, YIELD_SUCCESS)
            leaves = leaves_of(part.items)
            steps += [self._step(leaf) for leaf in leaves]
            scenes.append(self._scene(part, leaves, self.parts[at + 1].id if at + 1 < len(self.parts) else END_SUCCESS))
        record: Record = {"skill": skill, "scenes": scenes, "logic_steps": steps}
        self._conditions(record)
        self._data(record)
        skill["control_flow_features"] = flow.features(record)
        return record

    # scheduling

    def _skill(self) -> dict[str, Any]:
        program, skill = self.program, self.program.skill
        uses = [t.text for t in program.triggers if t.polarity is Polarity.USE]
        words = [w.upper() for w in re.findall(r"[A-Za-z0-9]+", skill.name)]
        return {
            "skill_id": "_".join(["SKILL", *words]),
            "skill_name": flat(skill.name),
            "skill_goal": flat(skill.goal or skill.description),
            "intent_signature": _unique(flat(t) for t in (*skill.intents, *uses)),
            "tags": _unique(flat(t) for t in skill.tags),
            "top_pattern": "_AND_".join(_unique(_type(p) for p in self.parts)),
            "expected_inputs": [_slot(s) for s in _slots(program, "in")],
            "expected_outputs": [_slot(s) for s in _slots(program, "out")],
            "dependencies": _dependencies(program),
            "control_flow_features": {},
            "entry_scene_id": self.parts[0].id,
            "subscenes": [p.id for p in self.parts],
        }

    # structure

    def _scene(self, part: Part, leaves: list[Leaf], following: str) -> dict[str, Any]:
        title = flat(part.scene.title)
        return {
            "scene_id": part.id,
            "scene_name": title,
            "scene_type": _type(part),
            "scene_goal": title,
            "input": [],
            "output": [],
            "entry_conditions": [],
            "exit_conditions": [],
            "entry_logic_step_id": entry_of(part.items),
            "contained_logic_steps": [leaf.id for leaf in leaves],
            "next_scene_rules": _rules(self._leaving(part, leaves, following)),
        }

    def _leaving(self, part: Part, leaves: list[Leaf], following: str) -> list[tuple[str, str]]:
        given = [c for c in self.program.controls_of(part.scene.id) if c.group == RULE_GROUP]
        if given:
            return _given_rules(given, following)
        rules = list(part.jumps.items())
        if any(target == YIELD_FAIL for leaf in leaves for _, target in leaf.rules):
            return [*rules, (SUCCESS, following), (DEFAULT, END_FAIL)]
        return [*rules, (DEFAULT, following)]

    # logic

    def _step(self, leaf: Leaf) -> dict[str, Any]:
        act = leaf.act
        kind, scope = _kind(leaf)
        made = _first_variable(act.writes if act is not None else ())
        return {
            "logic_step_id": leaf.id,
            "act_type": kind.value,
            "actor": "skill",
            "object": _object(leaf),
            "instrument": _instrument(act),
            "input_args": list(act.reads) if act is not None else [],
            "output_binding": self._variable(made) if made is not None else None,
            "preconditions": [],
            "effects": [],
            "resource_scope": scope.value,
            "resource_target": _target(act),
            "next_step_rules": _rules(leaf.rules),
        }

    def _variable(self, place: str) -> str:
        """The variable of a place; two places never share one."""
        if place not in self._variables:
            wanted = name = variable_named(place)
            n = 1
            while name in self._taken:
                n += 1
                name = f"{wanted}_{n}"
            self._taken.add(name)
            self._variables[place] = name
        return self._variables[place]

    # what follows from the rules

    def _conditions(self, record: Record) -> None:
        into_scene = flow.conditions_into(record, "scenes", "next_scene_rules")
        into_step = flow.conditions_into(record, "logic_steps", "next_step_rules")
        entries = {s["entry_logic_step_id"] for s in record["scenes"]}
        for step in record["logic_steps"]:
            name = step["logic_step_id"]
            step["preconditions"] = [] if name in entries else flow.sole_condition(into_step.get(name, []))
        rules = {s["logic_step_id"]: s["next_step_rules"] for s in record["logic_steps"]}
        for scene in record["scenes"]:
            name = scene["scene_id"]
            first = name == record["skill"]["entry_scene_id"]
            scene["entry_conditions"] = [] if first else flow.sole_condition(into_scene.get(name, []))
            leaving = [r for s in scene["contained_logic_steps"] for r in rules[s] if r["target"] == YIELD_SUCCESS]
            scene["exit_conditions"] = _unique(r["condition"] for r in leaving if r["condition"] not in RESERVED)

    def _data(self, record: Record) -> None:
        """Arguments: a variable where every path binds it first, else the literal; then what scenes take and give."""
        inputs = {s.pattern: variable_named(flat(s.name)) for s in _slots(self.program, "in") if s.pattern}
        known = flow.definite(record)
        for step in record["logic_steps"]:
            bound = known[step["logic_step_id"]]
            step["input_args"] = _unique(self._argument(place, bound, inputs) for place in step["input_args"])
            if step["output_binding"] is not None:
                step["effects"] = [f"{step['output_binding'][1:]}_written"]
        rows = {s["logic_step_id"]: s for s in record["logic_steps"]}
        for scene in record["scenes"]:
            inside = [rows[name] for name in scene["contained_logic_steps"]]
            made = _unique(s["output_binding"] for s in inside if s["output_binding"] is not None)
            entry = known[scene["entry_logic_step_id"]]
            used = _unique(a for s in inside for a in s["input_args"] if variable_of(a) == a)
            scene["input"] = [v for v in used if v in entry]
            scene["output"] = made

    def _argument(self, place: str, bound: flow.Bound, inputs: dict[str, str]) -> str:
        for name in (self._variables.get(place), inputs.get(place), place):
            if name is not None and name in bound:
                return name
        literal = flat(place)
        return re.sub(r"^(!?)\$([A-Za-z_][A-Za-z0-9_]*)", r"\1${\2}", literal) if variable_of(literal) else literal


def _given_rules(controls: list[Control], following: str) -> list[tuple[str, str]]:
    rules = [(c.condition or DEFAULT, c.target or following) for c in controls]
    return rules if any(c in (DEFAULT, "always") for c, _ in rules) else [*rules, (DEFAULT, following)]


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(v for v in values if v))


def _type(part: Part) -> str:
    kind = part.scene.type
    return SceneType.ACT.value if kind is SceneType.UNKNOWN else kind.value


def _slots(program: Program, direction: str) -> list[Slot]:
    found = {flat(s.name): s for s in reversed(program.slots) if s.step is None and s.direction == direction}
    return [s for s in program.slots if found.get(flat(s.name)) is s]


def _slot(slot: Slot) -> dict[str, str]:
    return {"name": flat(slot.name), "type": flat(slot.type)}


def _dependencies(program: Program) -> list[dict[str, str]]:
    rows = [(PERMISSION, tool) for tool in program.skill.allowed_tools]
    rows += [(DEPENDENCY_TYPES[n.kind], n.name) for n in program.needs]
    return [{"type": kind, "value": value} for kind, value in dict.fromkeys((k, flat(v)) for k, v in rows)]


def _rules(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"condition": condition, "target": target} for condition, target in pairs]


def _kind(leaf: Leaf) -> tuple[ActType, Scope]:
    """Act and scope; a step that states no act is the lightest one, a condition is a selection, a gate a request."""
    if leaf.act is not None:
        return leaf.act.type, leaf.act.scope
    if leaf.control is not None:
        return (ActType.REQUEST if leaf.control.kind is ControlKind.GATE else ActType.SELECT), Scope.MEMORY
    return (ActType.TERMINATE, Scope.MEMORY) if leaf.stops else (ActType.INFER, Scope.OTHER)


def _object(leaf: Leaf) -> str:
    if leaf.control is not None:
        rules = [c for c, _ in leaf.rules if c not in RESERVED]
        return flat(leaf.control.condition or leaf.control.until or "") or (plain(rules[0]) if rules else "")
    return flat((leaf.act.object if leaf.act is not None else "") or leaf.step.title)


def _instrument(act: Act | None) -> str | None:
    if act is None:
        return None
    return flat(act.instrument or act.command or "") or None


def _target(act: Act | None) -> str:
    if act is None:
        return ""
    return flat(act.target or next(iter((*act.writes, *act.reads)), ""))


def _first_variable(places: Iterable[str]) -> str | None:
    """The first place that names one thing: no pattern, folder or thing with a scheme."""
    return next((p for p in places if p and not p.endswith("/") and not any(c in p for c in "*?[:")), None)
