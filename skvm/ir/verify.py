"""The verifier: what must hold of every program, checked before and after whatever changes one."""

from __future__ import annotations

from collections.abc import Iterator

from skvm.diag import CODES, Diagnostic
from skvm.ir.nodes import Node, Program
from skvm.source import SkillSource, Span

CODE = "SKV301"


def verify(program: Program, source: SkillSource) -> tuple[Diagnostic, ...]:
    """Broken rules of a program as diagnostics; empty when it is sound.

    Ids are unique, parents and owners exist, spans lie in their file and in their parent, leaves partition the main file,
    step texts and named things are what their spans show, step keys are unique.
    """
    return (
        *_unique_ids(program),
        *_owners(program),
        *_spans(program, source),
        *_nesting(program),
        *_partition(program, source),
        *_texts(program, source),
        *_keys(program),
    )


def _broken(span: Span, message: str) -> Diagnostic:
    return Diagnostic(CODE, CODES[CODE].severity, message, span)


def nodes_of(program: Program) -> Iterator[Node]:
    """Every node with an id."""
    for group in (
        program.scenes, program.steps, program.blocks, program.controls, program.acts, program.constraints,
        program.knowledge, program.triggers, program.needs, program.slots,
    ):  # fmt: skip
        yield from group


def _unique_ids(program: Program) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for node in nodes_of(program):
        if node.id in seen:
            yield _broken(node.span, f"the id {node.id} is used twice")
        seen.add(node.id)


def _owners(program: Program) -> Iterator[Diagnostic]:
    scenes, steps = set(program.scene_by_id), set(program.step_by_id)
    known = scenes | steps
    knowledge = {k.id for k in program.knowledge}
    links: list[tuple[Node, str | None, set[str], str]] = []
    links += [(s, s.parent, scenes, "parent scene") for s in program.scenes]
    links += [(s, s.scene, scenes, "scene") for s in program.steps]
    links += [(s, s.parent, steps, "parent step") for s in program.steps]
    links += [(b, b.step, steps, "step") for b in program.blocks]
    links += [(b, b.knowledge, knowledge, "knowledge unit") for b in program.blocks]
    links += [(c, c.owner, known, "owner") for c in program.controls]
    links += [(c, m, steps, "member") for c in program.controls for m in c.members]
    links += [(a, a.step, steps, "step") for a in program.acts]
    links += [(c, c.owner, known, "owner") for c in program.constraints]
    links += [(k, s, steps, "step") for k in program.knowledge for s in k.steps]
    links += [(n, n.step, steps, "step") for n in program.needs]
    links += [(s, s.step, steps, "step") for s in program.slots]
    for node, target, table, role in links:
        if target is not None and target not in table:
            yield _broken(node.span, f"{node.id}: its {role} {target} does not exist")
    for control in program.controls:
        if control.kind.value == "jump" and control.target is not None and control.target not in known:
            yield _broken(control.span, f"{control.id}: the jump target {control.target} does not exist")


def _spans(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    sizes = {file.path: file.size for file in source.files}
    sizes[program.main] = len(source.main.raw)
    for node in nodes_of(program):
        size = sizes.get(node.span.file)
        if size is None:
            yield _broken(node.span, f"{node.id}: {node.span.file} is not a file of the skill")
        elif node.span.end > size:
            yield _broken(node.span, f"{node.id}: its span ends behind the end of {node.span.file}")


def _nesting(program: Program) -> Iterator[Diagnostic]:
    scenes, steps = program.scene_by_id, program.step_by_id
    for step in program.steps:
        scene = scenes.get(step.scene)
        if scene is not None and not scene.span.contains(step.span):
            yield _broken(step.span, f"{step.id} lies outside its scene {scene.id}")
    for block in program.blocks:
        owner = steps.get(block.step or "")
        if owner is not None and block.span.file == owner.span.file and not owner.span.contains(block.span):
            yield _broken(block.span, f"{block.id} lies outside its step {owner.id}")
        if not block.span.contains(block.body):
            yield _broken(block.span, f"the body of {block.id} lies outside its fence")


def _partition(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    at = 0
    for leaf in program.leaves:
        if leaf.span.file != program.main or leaf.span.start != at:
            yield _broken(leaf.span, f"leaves do not meet at byte {at}")
            return
        at = leaf.span.end
    if at != len(source.main.raw):
        yield _broken(
            Span(program.main, min(at, len(source.main.raw)), len(source.main.raw)), "the last bytes belong to no leaf"
        )


def _texts(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    main = source.main
    for step in program.steps:
        if step.span.file == main.file and main.slice(step.span) != step.text:
            yield _broken(step.span, f"the text of {step.id} is not what its span shows")
    for need in program.needs:
        shown = need.literal or need.name
        if need.span.file == main.file and shown not in main.slice(need.span):
            yield _broken(need.span, f"{need.id}: {shown!r} does not occur in its span")


def _keys(program: Program) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for step in program.steps:
        if step.key in seen:
            yield _broken(step.span, f"{step.id} and {seen[step.key]} have the same key")
        seen[step.key] = step.id
