"""Problems of a record by itself: keys, types, vocabularies, ids and references. Any JSON value may come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from skvm.ir.ssl.schema import (
    ACT_TYPES,
    ENDS,
    FEATURES,
    FLAGS,
    NULL_STR,
    PAIR_KEYS,
    PAIRS,
    RULES,
    SCENE_FIELDS,
    SCENE_TYPES,
    SCOPES,
    SKILL_FIELDS,
    STEP_FIELDS,
    STR,
    STRS,
    TERMINALS,
    YIELDS,
)

TOP = ("skill", "scenes", "logic_steps")


@dataclass(frozen=True)
class Problem:
    """One broken rule. `published`: the published validator implements it; otherwise the paper only claims it."""

    rule: str
    path: str
    message: str
    published: bool = False


def shape_problems(record: object) -> Iterator[Problem]:
    """Problems of keys and types; when there are any, nothing else can be said about the record."""
    if not isinstance(record, dict) or set(record) != set(TOP):
        yield Problem("top-keys", "", "a record has exactly the keys skill, scenes and logic_steps", True)
        return
    yield from _row(record["skill"], SKILL_FIELDS, "skill")
    for group, fields in (("scenes", SCENE_FIELDS), ("logic_steps", STEP_FIELDS)):
        rows = record[group]
        if not isinstance(rows, list) or not rows:
            yield Problem("not-empty", group, f"{group} is a list with at least one entry", True)
            continue
        for index, row in enumerate(rows):
            yield from _row(row, fields, f"{group}[{index}]")


def _row(row: object, fields: dict[str, str], path: str) -> Iterator[Problem]:
    if not isinstance(row, dict):
        yield Problem("type", path, "an object is expected")
        return
    for name in row.keys() - fields.keys():
        yield Problem("unknown-field", f"{path}.{name}"[:200], "not a field of the schema")
    for name, kind in fields.items():
        if name not in row:
            yield Problem("missing-field", f"{path}.{name}", "a field of the schema is missing")
        else:
            wrong = _wrong(row[name], kind, name)
            if wrong:
                yield Problem("type", f"{path}.{name}", wrong)


def _wrong(value: object, kind: str, name: str) -> str:
    """What is wrong with a value of a kind; empty when it is fine."""
    if kind == NULL_STR and value is None:
        return ""
    if kind in (STR, NULL_STR):
        return "" if _text(value) else "a string is expected"
    if kind == FLAGS:
        fine = isinstance(value, dict) and set(value) == set(FEATURES) and all(isinstance(v, bool) for v in value.values())
        return "" if fine else "an object of the four flags is expected"
    if not isinstance(value, list):
        return "a list is expected"
    if kind == STRS:
        return "" if all(_text(v) for v in value) else "a list of strings is expected"
    keys = PAIR_KEYS[name] if kind == PAIRS else ("condition", "target")
    if not all(isinstance(v, dict) and set(v) == set(keys) and all(_text(x) for x in v.values()) for v in value):
        return f"a list of objects with the strings {' and '.join(keys)} is expected"
    return "at least one rule is expected" if kind == RULES and not value else ""


def _text(value: object) -> bool:
    """A string that can be written as UTF-8."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def reference_problems(record: dict[str, Any]) -> Iterator[Problem]:
    """Problems of vocabularies, ids and references of a record whose shape is right."""
    scenes = [s["scene_id"] for s in record["scenes"]]
    steps = [s["logic_step_id"] for s in record["logic_steps"]]
    yield from _ids(scenes, steps)
    yield from _skill(record["skill"], set(scenes))
    for index, scene in enumerate(record["scenes"]):
        yield from _scene(scene, f"scenes[{index}]", set(scenes), set(steps))
    for index, step in enumerate(record["logic_steps"]):
        yield from _step(step, f"logic_steps[{index}]", set(steps))


def _ids(scenes: list[str], steps: list[str]) -> Iterator[Problem]:
    for group, names in (("scenes", scenes), ("logic_steps", steps)):
        for name in sorted(n for n, times in Counter(names).items() if times > 1):
            yield Problem("unique-id", group, f"the id {name!r} is used twice", True)
    for name in sorted(set(scenes) & set(steps)):
        yield Problem("unique-id", "", f"the id {name!r} is used for a scene and a step")
    for name in sorted({*scenes, *steps} & {*TERMINALS, ""}):
        yield Problem("reserved-id", "", f"{name!r} cannot be an id")


def _skill(skill: dict[str, Any], scenes: set[str]) -> Iterator[Problem]:
    if skill["entry_scene_id"] not in scenes:
        yield Problem("entry-scene", "skill.entry_scene_id", "no such scene", True)
    for name in skill["subscenes"]:
        if name not in scenes:
            yield Problem("subscene", "skill.subscenes", f"no scene {name!r}", True)
    listed = skill["subscenes"]
    if len(set(listed)) < len(listed):
        yield Problem("subscene-twice", "skill.subscenes", "a scene is listed twice")
    for name in sorted(scenes - set(listed)):
        yield Problem("subscenes-complete", "skill.subscenes", f"the scene {name!r} is not listed")
    if not skill["skill_id"]:
        yield Problem("empty-field", "skill.skill_id", "must not be empty")


def _scene(scene: dict[str, Any], path: str, scenes: set[str], steps: set[str]) -> Iterator[Problem]:
    if scene["scene_type"] not in SCENE_TYPES:
        yield Problem("scene-type", f"{path}.scene_type", f"{scene['scene_type']!r} is not one of the seven types", True)
    inside = scene["contained_logic_steps"]
    if scene["entry_logic_step_id"] not in inside:
        yield Problem("entry-step", f"{path}.entry_logic_step_id", "the entry is not a contained step", True)
    for name in inside:
        if name not in steps:
            yield Problem("contained-step", f"{path}.contained_logic_steps", f"no step {name!r}", True)
    for rule in scene["next_scene_rules"]:
        target = rule["target"]
        if target not in scenes and target not in ENDS:
            known = target in steps
            words = "is a step, not a scene" if known else "is no scene and no END_*"
            yield Problem("scene-target", f"{path}.next_scene_rules", f"{target!r} {words}", not known)


def _step(step: dict[str, Any], path: str, steps: set[str]) -> Iterator[Problem]:
    if step["act_type"] not in ACT_TYPES:
        yield Problem("act-type", f"{path}.act_type", f"{step['act_type']!r} is not one of the twelve acts", True)
    if step["resource_scope"] not in SCOPES:
        yield Problem("scope", f"{path}.resource_scope", f"{step['resource_scope']!r} is not one of the eight scopes", True)
    for rule in step["next_step_rules"]:
        if rule["target"] not in steps and rule["target"] not in YIELDS:
            yield Problem("step-target", f"{path}.next_step_rules", f"{rule['target']!r} is no step and no YIELD_*", True)
