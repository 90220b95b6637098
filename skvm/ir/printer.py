"""The program as indented text: one line a node, with its line in the source. What `skvm ir` and `--print-after` show."""

from __future__ import annotations

from collections.abc import Iterator

from skvm.ir.nodes import Act, Control, Program, Scene, Step
from skvm.source import SourceText, Span


def program_text(program: Program, main: SourceText) -> str:
    """Readable form of a program; `main` gives line numbers."""
    return "\n".join(_lines(program, main)) + "\n"


def _lines(program: Program, main: SourceText) -> Iterator[str]:
    skill = program.skill
    yield f"skill {skill.name!r} {skill.kind} procedure={'yes' if skill.has_procedure else 'no'} {program.digest[:19]}"
    for trigger in program.triggers:
        yield f"  trigger {trigger.polarity} {_at(main, trigger.span)} {_cut(trigger.text)}"
    for scene in program.scenes:
        yield from _scene(program, scene, main)
    for constraint in program.constraints:
        yield f"  constraint {constraint.force} {_at(main, constraint.span)} {_cut(constraint.text)}"
    for unit in program.knowledge:
        yield f"  knowledge {unit.id} {_at(main, unit.span)} {_cut(unit.title)}"
    for need in program.needs:
        yield f"  need {need.kind} {need.name}{need.version} {_at(main, need.span)}"


def _scene(program: Program, scene: Scene, main: SourceText) -> Iterator[str]:
    yield f"  scene {scene.id} {scene.type} {_at(main, scene.span)} {_cut(scene.title)}"
    for control in program.controls_of(scene.id):
        yield f"    {_control(control)}"
    for step in program.steps:
        if step.scene == scene.id:
            yield from _step(program, step, main)


def _step(program: Program, step: Step, main: SourceText) -> Iterator[str]:
    yield f"    step {step.id} {step.encoding} {_at(main, step.span)} {_cut(step.title)}"
    for control in program.controls_of(step.id):
        yield f"      {_control(control)}"
    for act in program.acts_of(step.id):
        yield f"      {_act(act)}"


def _control(control: Control) -> str:
    fields = ("condition", "bound", "domain", "until", "target", "group", "arm")
    parts = [f"{name}={getattr(control, name)!r}" for name in fields if getattr(control, name) is not None]
    if control.members:
        parts.append(f"members={','.join(control.members)}")
    return " ".join([f"control {control.kind}", *parts])


def _act(act: Act) -> str:
    parts = [f"act {act.type} {act.scope} {act.effect}"]
    parts += [f"reads={','.join(act.reads)}"] if act.reads else []
    parts += [f"writes={','.join(act.writes)}"] if act.writes else []
    parts += ["unknown"] if act.unknown else []
    parts += [f"command={_cut(act.command)!r}"] if act.command else []
    return " ".join(parts)


def _at(main: SourceText, span: Span) -> str:
    if span.file != main.file:
        return span.file
    return f"{main.lines.line(span.start)}-{main.lines.last_line(span.start, span.end)}"


def _cut(text: str, width: int = 80) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: width - 1] + "…"
