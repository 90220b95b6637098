"""Plans of older schemas in the words of this one: a chain of small steps, each from one version to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Body = dict[str, Any]


def _nodes_without(body: Body, kind: str, name: str) -> Body:
    """Nodes of a kind lose a field."""
    plan = body.get("plan")
    if not isinstance(plan, dict) or not isinstance(plan.get("nodes"), list):
        return body
    nodes = plan["nodes"]
    made = [{k: v for k, v in n.items() if k != name} if isinstance(n, dict) and n.get("kind") == kind else n for n in nodes]
    return {**body, "plan": {**plan, "nodes": made}}


def _without_chunk(body: Body) -> Body:
    """1 to 2: how many items a map hands over at once is no longer part of the plan."""
    return _nodes_without(body, "map", "chunk")


def _with_parts(body: Body) -> Body:
    """2 to 3: the digest is made of digests of the parts, which sealing fills in."""
    return {**body, "parts": {}}


def _with_edits(body: Body) -> Body:
    """3 to 4: what was edited because of measured gaps stands beside the plan; before, help was all there was of it."""
    return {**body, "edits": [], "originals": []}


def _with_skills(body: Body) -> Body:
    """4 to 5: plans of other skills are kept beside the plan that hands over to them; before, a model did such a step."""
    return {**body, "skills": []}


def _with_purposes(body: Body) -> Body:
    """5 to 6: ways of one purpose stand beside the requirements; items and calls never share a conversation."""
    return {**_nodes_without(_without_chunk(body), "batch", "joint"), "purposes": []}


def _without_joint(body: Body) -> Body:
    """6 to 7: a map and a batch may say how many pieces share a conversation; before, each had its own, which is still what
    a node without such a rule means."""
    return body


UPGRADES: dict[int, Callable[[Body], Body]] = {
    1: _without_chunk,
    2: _with_parts,
    3: _with_edits,
    4: _with_skills,
    5: _with_purposes,
    6: _without_joint,
}
"""Version to what makes the next one of it. A step never changes: a golden plan of each version holds it."""

SCHEMA = 1 + len(UPGRADES)
"""The version that is written. Raised whenever a plan of the one before would be read otherwise or refused."""


def upgrade(body: Body, version: int) -> Body:
    """A body of a known older version as one of `SCHEMA`, with the plans inside it; what is not understood is left for the
    validation to name."""
    for step in range(version, SCHEMA):
        body = UPGRADES[step](body)
    if isinstance(body.get("skills"), list):
        body = {**body, "skills": [_upgraded(row) for row in body["skills"]]}
    return {**body, "schema": SCHEMA}


def _upgraded(row: Any) -> Any:
    version = row.get("schema") if isinstance(row, dict) else None
    return upgrade(row, version) if isinstance(version, int) and 1 <= version <= SCHEMA else row
