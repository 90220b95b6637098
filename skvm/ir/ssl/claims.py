"""Problems of the graph: what the paper claims of every record and its validator does not check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from skvm.ir.ssl import flow
from skvm.ir.ssl.schema import ALWAYS, CATCH_ALL, ENDS, VARIABLE, YIELDS, Record, variable_of
from skvm.ir.ssl.shape import Problem, reference_problems, shape_problems


def validate_ssl(record: object) -> list[Problem]:
    """All problems of a record; an empty list when it holds whatever is implemented or claimed. Never raises.

    Three stages, each only when the one before found nothing: shape, references, graph and data flow.
    """
    found = list(shape_problems(record))
    if found or not isinstance(record, dict):
        return found
    found = list(reference_problems(record))
    if any(p.published or p.rule in ("unique-id", "reserved-id", "scene-target") for p in found):
        return found
    return [*found, *_claims(record)]


def _claims(record: Record) -> Iterator[Problem]:
    yield from _owners(record)
    yield from _rules(record)
    yield from _confined(record)
    yield from _reach(record)
    yield from _flags(record)
    yield from _variables(record)


def _owners(record: Record) -> Iterator[Problem]:
    owners: dict[str, list[str]] = {s["logic_step_id"]: [] for s in record["logic_steps"]}
    for scene in record["scenes"]:
        for name in scene["contained_logic_steps"]:
            owners[name].append(scene["scene_id"])
    for name, scenes in owners.items():
        if len(scenes) != 1:
            words = "belongs to no scene" if not scenes else f"belongs to {' and '.join(scenes)}"
            yield Problem("one-owner", "scenes", f"the step {name!r} {words}")


def _all_rules(record: Record) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for index, scene in enumerate(record["scenes"]):
        yield f"scenes[{index}].next_scene_rules", scene["next_scene_rules"]
    for index, step in enumerate(record["logic_steps"]):
        yield f"logic_steps[{index}].next_step_rules", step["next_step_rules"]


def _rules(record: Record) -> Iterator[Problem]:
    """Rules are deterministic (no condition twice, nothing beside `always`) and cover every outcome."""
    for path, rules in _all_rules(record):
        conditions = [r["condition"].strip() for r in rules]
        if len(set(conditions)) < len(conditions):
            yield Problem("deterministic", path, "two rules have the same condition")
        if ALWAYS in conditions and len(conditions) > 1:
            yield Problem("deterministic", path, "a rule beside one that always holds")
        if "" in conditions:
            yield Problem("deterministic", path, "a rule without a condition")
        if not CATCH_ALL & set(conditions):
            yield Problem("covered", path, "no rule for the remaining outcomes")


def _confined(record: Record) -> Iterator[Problem]:
    steps = {s["logic_step_id"]: s for s in record["logic_steps"]}
    for scene in record["scenes"]:
        inside = {*scene["contained_logic_steps"], *YIELDS}
        for name in scene["contained_logic_steps"]:
            for rule in steps[name]["next_step_rules"]:
                if rule["target"] not in inside:
                    where = f"scene {scene['scene_id']!r}"
                    yield Problem("confined", where, f"a rule of {name!r} leads to {rule['target']!r} outside the scene")


def _reach(record: Record) -> Iterator[Problem]:
    scenes, steps = flow.scene_graph(record), flow.step_graph(record)
    seen = flow.reachable(scenes, [record["skill"]["entry_scene_id"]])
    ending = flow.leading_to(scenes, ENDS)
    yielding = flow.leading_to(steps, YIELDS)
    for scene in record["scenes"]:
        name = scene["scene_id"]
        if name not in seen:
            yield Problem("reachable", f"scene {name!r}", "cannot be reached from the entry of the skill")
        if name not in ending:
            yield Problem("terminates", f"scene {name!r}", "no way to an END_* terminal")
        inside = flow.reachable(steps, [scene["entry_logic_step_id"]])
        for step in scene["contained_logic_steps"]:
            if step not in inside:
                yield Problem("reachable", f"step {step!r}", "cannot be reached from the entry of its scene")
            if step not in yielding:
                yield Problem("terminates", f"step {step!r}", "no way to a YIELD_* terminal")


def _flags(record: Record) -> Iterator[Problem]:
    stated = record["skill"]["control_flow_features"]
    for name, value in flow.features(record).items():
        if stated[name] != value:
            yield Problem("features", f"skill.control_flow_features.{name}", f"says {stated[name]}, the record shows {value}")


def _variables(record: Record) -> Iterator[Problem]:
    known = flow.definite(record)
    rows = {s["logic_step_id"]: s for s in record["logic_steps"]}
    for name, step in rows.items():
        yield from _step_variables(name, step, known[name])
    for scene in record["scenes"]:
        yield from _scene_variables(scene, rows, known[scene["entry_logic_step_id"]])


def _step_variables(name: str, step: dict[str, Any], known: flow.Bound) -> Iterator[Problem]:
    binding = step["output_binding"]
    if binding is not None and VARIABLE.fullmatch(binding) is None:
        yield Problem("variable", f"step {name!r}.output_binding", f"{binding!r} is not a $ variable")
    for used in _used((*step["input_args"], *step["preconditions"])):
        if used not in known:
            yield Problem("bound-before-use", f"step {name!r}", f"{used} is not bound on every way here")
    for used in _used((*step["effects"], *(r["condition"] for r in step["next_step_rules"]))):
        if used not in known and used != binding:
            yield Problem("bound-before-use", f"step {name!r}", f"{used} is not bound on every way here")


def _scene_variables(scene: dict[str, Any], rows: dict[str, Any], known: flow.Bound) -> Iterator[Problem]:
    where = f"scene {scene['scene_id']!r}"
    made = {rows[n]["output_binding"] for n in scene["contained_logic_steps"]}
    for name in scene["input"]:
        if name not in known:
            yield Problem("bound-before-use", where, f"its input {name} is not bound on every way to it")
    for name in scene["output"]:
        if name not in made:
            yield Problem("backed-output", where, f"its output {name} is bound by none of its steps")
    for used in _used(scene["entry_conditions"]):
        if used not in known:
            yield Problem("bound-before-use", where, f"{used} is not bound on every way to it")
    atoms = (*scene["exit_conditions"], *(r["condition"] for r in scene["next_scene_rules"]))
    for used in _used(atoms):
        if used not in known and used not in made:
            yield Problem("bound-before-use", where, f"{used} is bound neither before the scene nor in it")


def _used(atoms: Iterable[str]) -> list[str]:
    """Variables that predicate atoms are about, each once."""
    return list(dict.fromkeys(v for v in map(variable_of, atoms) if v is not None))
