"""SSL record to program. The record is written out as a text of its own, so that every node has a span (law 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from skvm.ir.nodes import Act, Control, Leaf, Need, Program, Scene, Skill, Slot, Step
from skvm.ir.ssl.claims import validate_ssl
from skvm.ir.ssl.exporter import DEPENDENCY_TYPES, PERMISSION, export_ssl
from skvm.ir.ssl.schema import (
    ALWAYS,
    DEFAULT,
    END_SUCCESS,
    FEATURES,
    NULL_STR,
    SCENE_FIELDS,
    SKILL_FIELDS,
    STEP_FIELDS,
    STR,
    TERMINALS,
    YIELD_SUCCESS,
    Record,
)
from skvm.ir.ssl.shape import Problem
from skvm.ir.ssl.tree import RULE_GROUP
from skvm.ir.vocabulary import (
    ActType,
    ControlKind,
    EffectClass,
    LeafKind,
    SceneType,
    Scope,
    SkillKind,
    StepEncoding,
)
from skvm.source import SkillSource, Span, digest_text, skill_from_bytes

FILE = "record.ssl.txt"
NEED_KINDS = {name: kind for kind, name in DEPENDENCY_TYPES.items()}

_EFFECTS = dict.fromkeys(ActType, EffectClass.PURE) | {
    ActType.WRITE: EffectClass.IDEMPOTENT,
    ActType.UPDATE_STATE: EffectClass.EFFECTFUL,
    ActType.CALL_TOOL: EffectClass.EFFECTFUL,
    ActType.TRANSFER: EffectClass.EFFECTFUL,
}


class InvalidRecord(ValueError):
    """The record breaks a rule that the published validator implements; `problems` lists them."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        super().__init__(f"not an SSL record: {first.path or 'the top'}: {first.message}")
        self.problems = problems


@dataclass(frozen=True)
class SslImport:
    """`source` is the text written out of the record; `lost`: places of the record that the program has no node for."""

    program: Program
    source: SkillSource
    lost: tuple[str, ...]


def import_ssl(record: Record) -> SslImport:
    """The program of a record; raises InvalidRecord for what the published validator rejects or no node can hold.

    What only the claims forbid (unreachable steps, flags that disagree) is read all the same. Exporting the program gives the
    record back, but for the places in `lost`.
    """
    complete = _completed(record)
    problems = [p for p in validate_ssl(complete) if p.published or p.rule in ("type", "unique-id", "reserved-id")]
    if problems:
        raise InvalidRecord(problems)
    reader = _Reader(complete)
    program, source = reader.read()
    return SslImport(program, source, tuple(_differences(complete, export_ssl(program).record, "")))


def _completed(record: object) -> Any:
    """The record with fields that the published validator does not ask for, empty where they are missing."""
    if not isinstance(record, dict) or set(record) != {"skill", "scenes", "logic_steps"}:
        return record
    out = {"skill": _filled(record["skill"], SKILL_FIELDS)}
    for group, fields in (("scenes", SCENE_FIELDS), ("logic_steps", STEP_FIELDS)):
        rows = record[group]
        out[group] = [_filled(row, fields) for row in rows] if isinstance(rows, list) else rows
    return out


def _filled(row: object, fields: dict[str, str]) -> Any:
    if not isinstance(row, dict):
        return row
    empty: dict[str, Any] = {STR: "", NULL_STR: None}
    made = {name: row.get(name, empty.get(kind, [])) for name, kind in fields.items() if name != "control_flow_features"}
    if "control_flow_features" in fields:
        stated = row.get("control_flow_features")
        flags = stated if isinstance(stated, dict) else {}
        made["control_flow_features"] = {name: flags.get(name, False) is True for name in FEATURES}
    if not made.get("skill_id", "x"):
        made["skill_id"] = "SKILL"
    for rules, end in (("next_scene_rules", END_SUCCESS), ("next_step_rules", YIELD_SUCCESS)):
        if made.get(rules) == []:
            made[rules] = [{"condition": DEFAULT, "target": end}]
    return made


@dataclass
class _Text:
    """A text that grows, with the byte span of each piece."""

    parts: list[str] = field(default_factory=list)
    size: int = 0
    leaves: list[Leaf] = field(default_factory=list)

    def put(self, text: str) -> Span:
        """Append a piece; its span."""
        start = self.size
        self.parts.append(text)
        self.size += len(text.encode())
        return Span(FILE, start, self.size)

    def leaf(self, kind: LeafKind, start: int, owner: str | None = None) -> None:
        """Everything from `start` on belongs to one leaf."""
        if self.size > start:
            self.leaves.append(Leaf(kind=kind, span=Span(FILE, start, self.size), owner=owner))


class _Reader:
    """Writes the text of one record and collects the nodes that it shows."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.text = _Text()
        self.scenes: list[Scene] = []
        self.steps: list[Step] = []
        self.acts: list[Act] = []
        self.controls: list[Control] = []
        self.needs: list[Need] = []
        self.slots: list[Slot] = []
        self.spans: dict[str, Span] = {}
        self.rows = {s["logic_step_id"]: s for s in record["logic_steps"]}

    def read(self) -> tuple[Program, SkillSource]:
        """Program and text."""
        skill = self._skill()
        for scene in self._ordered():
            self._scene(scene)
        source = skill_from_bytes("".join(self.text.parts).encode(), skill.name or "record", FILE)
        program = Program(
            source=source.digest,
            main=FILE,
            skill=skill,
            scenes=tuple(self.scenes),
            steps=tuple(self.steps),
            controls=tuple(self.controls),
            acts=tuple(self.acts),
            needs=tuple(self.needs),
            slots=tuple(self.slots),
            leaves=tuple(self.text.leaves),
        )
        return program, source

    def _ordered(self) -> list[dict[str, Any]]:
        """The entry scene first, all others as the record lists them."""
        entry = self.record["skill"]["entry_scene_id"]
        return sorted(self.record["scenes"], key=lambda s: s["scene_id"] != entry)

    def _named(self, label: str, value: str) -> Span:
        self.text.put(f"{label}: ")
        span = self.text.put(value)
        self.text.put("\n")
        return span

    def _skill(self) -> Skill:
        data = self.record["skill"]
        self.spans["name"] = self._named("skill", data["skill_name"])
        self.spans["goal"] = self._named("goal", data["skill_goal"])
        self._list("intents", data["intent_signature"])
        self._list("tags", data["tags"])
        tools: list[str] = []
        for index, row in enumerate(data["dependencies"], 1):
            span = self._named(row["type"], row["value"])
            kind = NEED_KINDS.get(row["type"])
            if row["type"] == PERMISSION:
                tools.append(row["value"])
                self.spans["allowed_tools"] = self.spans.get("allowed_tools", span).join(span)
            elif kind is not None:
                self.needs.append(Need(id=f"N:{index}", span=span, kind=kind, name=row["value"], declared=True))
        for direction, key in (("in", "expected_inputs"), ("out", "expected_outputs")):
            for index, row in enumerate(data[key], 1):
                span = self._named(f"{direction}put", f"{row['name']} {row['type']}")
                slot = Slot(id=f"V:{direction}{index}", span=span, name=row["name"], direction=direction, type=row["type"])
                self.slots.append(slot)
        self.text.leaf(LeafKind.FRONT_MATTER, 0)
        return Skill(
            name=data["skill_name"],
            kind=SkillKind.PROCEDURAL,
            goal=data["skill_goal"],
            intents=tuple(data["intent_signature"]),
            tags=tuple(data["tags"]),
            allowed_tools=tuple(tools),
            has_procedure=True,
            spans=self.spans,
        )

    def _list(self, name: str, values: list[str]) -> None:
        for value in values:
            span = self._named(name, value)
            self.spans[name] = self.spans.get(name, span).join(span)

    def _scene(self, data: dict[str, Any]) -> None:
        start = self.text.size
        name = data["scene_id"]
        title = data["scene_name"] or data["scene_goal"]
        self.text.put(f"\nscene {name} {data['scene_type']}: {title}\n")
        self.controls += self._rules(name, data["next_scene_rules"], self._following(data), scene=True)
        self.text.leaf(LeafKind.HEADING, start, name)
        inside = [n for n in dict.fromkeys(data["contained_logic_steps"]) if n not in {s.id for s in self.steps}]
        inside.sort(key=lambda n: n != data["entry_logic_step_id"])
        for index, step in enumerate(inside):
            self._step(name, self.rows[step], inside[index + 1] if index + 1 < len(inside) else YIELD_SUCCESS)
        span = Span(FILE, start, self.text.size)
        self.scenes.append(Scene(id=name, span=span, title=title, type=SceneType(data["scene_type"])))

    def _following(self, data: dict[str, Any]) -> str:
        names = [s["scene_id"] for s in self._ordered()]
        at = names.index(data["scene_id"]) + 1
        return names[at] if at < len(names) else END_SUCCESS

    def _step(self, scene: str, data: dict[str, Any], following: str) -> None:
        start, first = self.text.size, len(self.text.parts)
        name = data["logic_step_id"]
        lines = [
            f"step {name}: {data['object']}",
            f"act: {data['act_type']} {data['resource_scope']} {data['resource_target']}".rstrip(),
            *([f"with: {data['instrument']}"] if data["instrument"] is not None else []),
            *(f"takes: {value}" for value in data["input_args"]),
            *([f"gives: {data['output_binding']}"] if data["output_binding"] is not None else []),
        ]
        shown = self.text.put("\n".join(lines) + "\n")
        self.acts.append(
            Act(
                id=f"A:{name}",
                span=shown,
                step=name,
                type=ActType(data["act_type"]),
                scope=Scope(data["resource_scope"]),
                object=data["object"],
                instrument=data["instrument"],
                target=data["resource_target"] or None,
                reads=tuple(data["input_args"]),
                writes=(data["output_binding"],) if data["output_binding"] is not None else (),
                effect=_EFFECTS[ActType(data["act_type"])],
            )
        )
        self.controls += self._rules(name, data["next_step_rules"], following, scene=False)
        text = "".join(self.text.parts[first:])
        key = digest_text(f"ssl\0{scene}\0{name}\0{text}")
        span = Span(FILE, start, self.text.size)
        step = Step(
            id=name, span=span, scene=scene, key=key, title=data["object"], text=text, encoding=StepEncoding.PSEUDO_CODE
        )
        self.steps.append(step)
        self.text.leaf(LeafKind.STEP, start, name)

    def _rules(self, owner: str, rules: list[dict[str, str]], following: str, *, scene: bool) -> list[Control]:
        """Controls for all rules but the one that only goes on to what follows."""
        implied = DEFAULT if scene or len(rules) > 1 else ALWAYS
        pairs = [(r["condition"], r["target"]) for r in rules]
        if pairs and pairs[-1] == (implied, following):
            pairs.pop()
        out = []
        for index, (condition, target) in enumerate(pairs, 1):
            span = self.text.put(f"if {condition} -> {target}\n")
            leaves = target in TERMINALS or (not scene and target not in self.rows)
            kind = ControlKind.TERMINATE if leaves else ControlKind.JUMP
            made = Control(
                id=f"F:{owner}:{index}",
                span=span,
                kind=kind,
                owner=owner,
                condition=condition,
                target=target,
                group=RULE_GROUP,
                arm=index,
            )
            out.append(made)
        return out


def _differences(one: Any, two: Any, path: str) -> Iterator[str]:
    """JSON paths at which two values differ; lists of rows with ids are compared by id."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted(one.keys() | two.keys()):
            yield from _differences(one.get(key), two.get(key), f"{path}.{key}" if path else key)
    elif path in ("scenes", "logic_steps"):
        key = "scene_id" if path == "scenes" else "logic_step_id"
        rows = {row[key]: row for row in two}
        for row in one:
            yield from _differences(row, rows.get(row[key]), f"{path}[{row[key]}]")
        if [r[key] for r in one] != [r[key] for r in two]:
            yield f"{path} (order)"
    elif one != two:
        yield path
