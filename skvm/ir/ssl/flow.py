"""Graph facts of a well-formed record: successors, reachability, cycles, definite assignment, flags.

Definite assignment is the forward must-analysis of compilers (Kildall 1973): a variable counts at a step when every path from
the entry of the skill to that step binds it. Sets are bit masks, the meet is `&`, iteration goes to the greatest fixpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skvm.ir.ssl.schema import (
    ENDS,
    ENVIRONMENT_DEPENDENCY,
    FEATURES,
    RESERVED,
    SECRET_WORDS,
    SENSITIVE_SCOPES,
    SUCCESS,
    YIELD_FAIL,
    YIELD_SUCCESS,
    YIELDS,
    Record,
    variable_named,
)

Graph = dict[str, tuple[str, ...]]


def scene_graph(record: Record) -> Graph:
    """Scene to the targets of its rules, terminals included."""
    return {s["scene_id"]: _targets(s["next_scene_rules"]) for s in record["scenes"]}


def step_graph(record: Record) -> Graph:
    """Step to the targets of its rules, terminals included."""
    return {s["logic_step_id"]: _targets(s["next_step_rules"]) for s in record["logic_steps"]}


def _targets(rules: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r["target"] for r in rules))


def reachable(graph: Graph, start: Iterable[str]) -> set[str]:
    """All names that can be reached from `start`, itself included."""
    seen: set[str] = set()
    stack = list(start)
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack.extend(graph.get(name, ()))
    return seen


def leading_to(graph: Graph, ends: frozenset[str]) -> set[str]:
    """All names from which one of `ends` can be reached."""
    back: dict[str, list[str]] = {}
    for name, targets in graph.items():
        for target in targets:
            back.setdefault(target, []).append(name)
    return reachable({k: tuple(v) for k, v in back.items()}, ends)


def has_cycle(graph: Graph) -> bool:
    """Is there a way back to a name already left? Iterative depth-first search with colours."""
    state: dict[str, int] = {}
    for root in graph:
        stack = [(root, iter(graph[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[name] = 2
                stack.pop()
            elif state.get(target) == 1:
                return True
            elif target not in state and target in graph:
                state[target] = 1
                stack.append((target, iter(graph[target])))
    return False


def features(record: Record) -> dict[str, bool]:
    """The four flags as the record itself shows them.

    A branch is a rule list with two targets, a loop a way back among scenes or steps, a tool call an act CALL_TOOL; sensitive
    is a scope of credentials or user data, or an environment variable that is named like a secret.
    """
    scenes, steps = scene_graph(record), step_graph(record)
    secret = any(
        d["type"] == ENVIRONMENT_DEPENDENCY and any(w in d["value"].upper() for w in SECRET_WORDS)
        for d in record["skill"]["dependencies"]
    )
    values = (
        any(len(t) > 1 for t in (*scenes.values(), *steps.values())),
        has_cycle(scenes) or has_cycle(steps),
        any(s["act_type"] == "CALL_TOOL" for s in record["logic_steps"]),
        secret or any(s["resource_scope"] in SENSITIVE_SCOPES for s in record["logic_steps"]),
    )
    return dict(zip(FEATURES, values, strict=True))


def whole_graph(record: Record) -> Graph:
    """Steps of all scenes in one graph: a yield leads to the entries of the scenes that its scene may go to."""
    entries = {s["scene_id"]: s["entry_logic_step_id"] for s in record["scenes"]}
    graph: Graph = {}
    owner = {step: scene["scene_id"] for scene in record["scenes"] for step in scene["contained_logic_steps"]}
    leaving = {s["scene_id"]: _leaving(s["next_scene_rules"], entries) for s in record["scenes"]}
    for step in record["logic_steps"]:
        name = step["logic_step_id"]
        out: list[str] = []
        for target in _targets(step["next_step_rules"]):
            out.extend(leaving.get(owner.get(name, ""), {}).get(target, ()) if target in YIELDS else (target,))
        graph[name] = tuple(dict.fromkeys(out))
    return graph


def _leaving(rules: Iterable[Mapping[str, str]], entries: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    kept = [(r["condition"], entries[r["target"]]) for r in rules if r["target"] not in ENDS and r["target"] in entries]
    return {YIELD_SUCCESS: tuple(t for _, t in kept), YIELD_FAIL: tuple(t for c, t in kept if c != SUCCESS)}


@dataclass(frozen=True)
class Bound:
    """Variables that are bound at one place: a bit mask over all variables of the record."""

    mask: int
    places: Mapping[str, int]

    def __contains__(self, name: object) -> bool:
        place = self.places.get(name) if isinstance(name, str) else None
        return place is not None and self.mask >> place & 1 == 1


def definite(record: Record) -> dict[str, Bound]:
    """Variables bound on every path before each step; steps that are never reached have none."""
    given = {variable_named(i["name"]) for i in record["skill"]["expected_inputs"]}
    made = {s["logic_step_id"]: s["output_binding"] for s in record["logic_steps"]}
    names = sorted(given | {v for v in made.values() if v is not None})
    places = {name: i for i, name in enumerate(names)}
    graph = whole_graph(record)
    entry = {s["scene_id"]: s["entry_logic_step_id"] for s in record["scenes"]}[record["skill"]["entry_scene_id"]]
    known: dict[str, int] = {entry: sum(1 << places[v] for v in given)}
    work = [entry]
    while work:
        name = work.pop()
        binding = made.get(name)
        out = known[name] | (1 << places[binding] if binding is not None else 0)
        for target in graph.get(name, ()):
            met = known[target] & out if target in known else out
            if known.get(target) != met:
                known[target] = met
                work.append(target)
    return {s: Bound(known.get(s, 0), places) for s in made}


def conditions_into(record: Record, group: str, rules: str) -> dict[str, list[str]]:
    """Target to the conditions of all rules that lead to it, in the order of the record."""
    table: dict[str, list[str]] = {}
    for row in record[group]:
        for rule in row[rules]:
            table.setdefault(rule["target"], []).append(rule["condition"])
    return table


def sole_condition(conditions: list[str]) -> list[str]:
    """The one condition under which something is entered, where there is only one way in and it has words."""
    return conditions if len(conditions) == 1 and conditions[0] not in RESERVED else []
