"""Programs made by hand: numbered steps with acts, the text rendered so that every span is real."""

from __future__ import annotations

from dataclasses import dataclass, field

from skvm.capability import Cell, Level, Profile, Target
from skvm.compile import CompileRequest, compile_program
from skvm.ir import (
    Act,
    ActType,
    Constraint,
    Control,
    ControlKind,
    EffectClass,
    Force,
    Leaf,
    LeafKind,
    Need,
    NeedKind,
    Origin,
    Program,
    Scene,
    SceneType,
    Scope,
    Skill,
    SkillKind,
    Slot,
    Step,
    StepEncoding,
)
from skvm.plan import Artifact, BatchNode, TaskNode
from skvm.source import SkillSource, Span, digest_text, skill_from_bytes

READ = {"type": ActType.READ, "scope": Scope.LOCAL_FS, "effect": EffectClass.PURE}


@dataclass
class Draft:
    """One step to be: its text, acts as keyword dictionaries, controls as (kind, keywords)."""

    text: str
    acts: list[dict] = field(default_factory=list)
    controls: list[tuple[ControlKind, dict]] = field(default_factory=list)
    scene: int = 1


def reading(*places: str) -> dict:
    """An act that reads named files."""
    return {**READ, "reads": places}


def command(text: str, reads: tuple[str, ...] = (), writes: tuple[str, ...] = (), unknown: bool = False) -> dict:
    """An act that is a literal command."""
    return {
        "type": ActType.CALL_TOOL,
        "scope": Scope.LOCAL_FS,
        "effect": EffectClass.IDEMPOTENT,
        "origin": Origin.INLINE,
        "command": text,
        "reads": reads,
        "writes": writes,
        "unknown": unknown,
    }


def program(
    drafts: list[Draft],
    *,
    inputs: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
    needs: tuple[tuple[NeedKind, str], ...] = (),
    procedure: bool = True,
) -> tuple[Program, SkillSource]:
    """A program and the source it was cut from."""
    text = "---\nname: made\ndescription: made by hand\n---\n\n# Made\n\n"
    rows: list[tuple[int, int]] = []
    for number, draft in enumerate(drafts, 1):
        start = len(text.encode())
        text += f"{number}. {draft.text}\n"
        rows.append((start, len(text.encode()) - 1))
    rule_spans = []
    for rule in rules:
        start = len(text.encode())
        text += f"- {rule}\n"
        rule_spans.append((start + 2, len(text.encode()) - 1))
    tail_start = len(text.encode())
    text += "Needs: " + ", ".join([*inputs, *(name for _, name in needs)]) + "\n"
    tail = Span("SKILL.md", tail_start, len(text.encode()) - 1)
    source = skill_from_bytes(text.encode(), "made")
    steps, acts, controls = [], [], []
    counts: dict[int, int] = {}
    for (start, end), draft in zip(rows, drafts, strict=True):
        span = Span("SKILL.md", start, end)
        counts[draft.scene] = counts.get(draft.scene, 0) + 1
        id = f"S{draft.scene}.s{counts[draft.scene]}"
        shown = source.main.slice(span)
        steps.append(
            Step(
                id=id,
                span=span,
                scene=f"S{draft.scene}",
                key=digest_text(f"{shown}\0{len(steps)}"),
                title=draft.text.split("\n")[0][:60],
                text=shown,
                encoding=StepEncoding.ORDERED_ITEM,
            )
        )
        for row in draft.acts:
            base = {"type": ActType.INFER, "scope": Scope.MEMORY}
            acts.append(Act(**{**base, **row}, id=f"A{len(acts) + 1}", span=span, step=id))
        for kind, row in draft.controls:
            controls.append(Control(**{"owner": id, "span": span, **row}, id=f"C{len(controls) + 1}", kind=kind))
    scenes = tuple(
        Scene(id=f"S{n}", span=_cover([s.span for s in steps if s.scene == f"S{n}"]), title=f"Scene {n}", type=SceneType.ACT)
        for n in sorted(counts)
    )
    made = Program(
        source=source.digest,
        main="SKILL.md",
        skill=Skill(name="made", description="made by hand", kind=SkillKind.PROCEDURAL, has_procedure=procedure),
        scenes=scenes,
        steps=tuple(steps),
        acts=tuple(acts),
        controls=tuple(controls),
        constraints=tuple(
            Constraint(id=f"R{i}", span=Span("SKILL.md", a, b), force=Force.MUST_NOT, text=rule)
            for i, ((a, b), rule) in enumerate(zip(rule_spans, rules, strict=True), 1)
        ),
        needs=tuple(Need(id=f"N{i}", span=tail, kind=k, name=n) for i, (k, n) in enumerate(needs, 1)),
        leaves=(Leaf(kind=LeafKind.FRONT_MATTER, span=Span("SKILL.md", 0, text.index("# Made"))),),
        slots=tuple(Slot(id=f"I{i}", span=tail, name=n, direction="in", pattern=n) for i, n in enumerate(inputs, 1)),
    )
    return made, source


def _cover(spans: list[Span]) -> Span:
    out = spans[0]
    for span in spans[1:]:
        out = out.join(span)
    return out


def profile(levels: dict[str, tuple[int, int, int]], name: str = "made", n: int = 30) -> Profile:
    """A synthetic profile from passes of `n` at L1, L2, L3."""
    cells = {
        p: Cell(level=Level.of(sum(v >= 0.8 * n for v in row)), counts={Level.of(i + 1): (v, n) for i, v in enumerate(row)})
        for p, row in levels.items()
    }
    return Profile(name=name, model=f"sim/{name}", harness="builtin", synthetic=True, cells=cells)


def compiled(made: tuple[Program, SkillSource], *, target: str = "any/model", known: Profile | None = None, **more) -> Artifact:
    """The artifact of a program for a target."""
    return compile_program(*made, CompileRequest(Target(model=target), known, "", **more))


def step_pairs(artifact: Artifact) -> list[tuple[str, str]]:
    """The plan's edges seen through its batches and sub-tasks: pairs of what stands in them or beside them."""
    plan = artifact.plan

    def ends(id: str, side: str) -> list[str]:
        node = plan.node(id)
        if not isinstance(node, BatchNode | TaskNode):
            return [id]
        inside = [n.id for n in plan.children(id)]
        met = {e.after if side == "first" else e.before for e in plan.edges if e.before in inside and e.after in inside}
        return [end for n in inside if n not in met for end in ends(n, side)]

    return [(one, two) for e in plan.edges for one in ends(e.before, "last") for two in ends(e.after, "first")]


def ordered(artifact: Artifact) -> set[tuple[str, str]]:
    """Pairs of leaves that the plan orders: by a way of edges between the two, or between the blocks they lie in."""
    nodes = {n.id: n for n in artifact.plan.nodes}
    after: dict[str, set[str]] = {id: set() for id in nodes}
    for edge in reversed(artifact.plan.edges):
        after[edge.before].add(edge.after)
    for id in reversed(list(nodes)):  # edges run forward in a block, so the later ones are known
        after[id] |= {far for near in after[id] for far in after[near]}

    def upwards(id: str) -> list[str]:
        parent = nodes[id].parent
        return [id, *(upwards(parent) if parent is not None else [])]

    around = {n.parent for n in artifact.plan.nodes}
    leaves = [id for id in nodes if id not in around]
    return {(a, b) for a in leaves for b in leaves if any(two in after[one] for one in upwards(a) for two in upwards(b))}
