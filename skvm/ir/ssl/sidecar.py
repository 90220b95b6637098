"""What SSL has no place for, beside the record and never in it, and the span of every node of the record."""

from __future__ import annotations

from typing import Any

from skvm.ir.nodes import Control, Node, Program
from skvm.ir.ssl.tree import Part
from skvm.ir.ssl.wiring import Leaf, leaves_of
from skvm.ir.vocabulary import Polarity, SceneType
from skvm.source import Span

SIDECAR_SCHEMA = "skvm.ssl.sidecar/1"


def sidecar_of(program: Program, parts: list[Part], edges: tuple[tuple[str, str], ...], expressed: set[str]) -> dict[str, Any]:
    """JSON of all that was left out: constraints, refusals, order reasons, types outside the vocabulary, unexpressed control.

    `nodes`: per id of the record the node of the program it stands for and the bytes that show it.
    """
    shown = {s.id: s for s in program.scenes}
    used = {p.scene.id for p in parts}
    return {
        "schema": SIDECAR_SCHEMA,
        "program": program.digest,
        "source": program.source,
        "skill": {"kind": program.skill.kind.value, "description": program.skill.description, "license": program.skill.license},
        "scene_types": {p.id: p.scene.type.value for p in parts if p.scene.type is SceneType.UNKNOWN},
        "scene_parents": {p.id: p.scene.parent for p in parts if p.scene.parent is not None},
        "scenes_without_steps": [_row(s) for s in shown.values() if s.id not in used],
        "nodes": _nodes(parts),
        "order": [list(pair) for pair in edges],
        "controls": [_control(c, expressed) for c in program.controls],
        "constraints": [_row(c) for c in program.constraints],
        "refusals": [_row(t) for t in program.triggers if t.polarity is Polarity.DO_NOT_USE],
        "knowledge": [_row(k) for k in program.knowledge],
        "needs": [_row(n) for n in program.needs],
        "slots": [_row(s) for s in program.slots if s.step is not None],
    }


def _nodes(parts: list[Part]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for part in parts:
        out[part.id] = {"node": part.scene.id, "span": _span(part.scene.span)}
        for leaf in leaves_of(part.items):
            node = leaf.act or leaf.control or leaf.step
            row: dict[str, Any] = {"node": node.id, "step": leaf.step.id, "span": _span(node.span)}
            out[leaf.id] = row | _act(leaf)
    return out


def _act(leaf: Leaf) -> dict[str, Any]:
    if leaf.act is None:
        return {} if leaf.control is not None else {"act": None}
    act = leaf.act
    more: dict[str, Any] = {"effect": act.effect.value, "origin": act.origin.value}
    if len(act.writes) > 1:
        more["writes"] = list(act.writes)
    if act.unknown:
        more["unknown"] = True
    return more


def _control(control: Control, expressed: set[str]) -> dict[str, Any]:
    return {**_row(control), "in_record": control.id in expressed}


def _row(node: Node) -> dict[str, Any]:
    data = node.model_dump(mode="json", exclude_defaults=True, exclude={"span"})
    return {**data, "span": _span(node.span)}


def _span(span: Span) -> list[Any]:
    return [span.file, span.start, span.end]
