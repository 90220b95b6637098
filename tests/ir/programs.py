"""Random programs: any scenes, steps, controls, acts, needs and slots, with spans that lie where a text shows them."""

from hypothesis import strategies as st

from skvm.ir import (
    Act,
    ActType,
    Constraint,
    Control,
    ControlKind,
    Force,
    Need,
    NeedKind,
    Polarity,
    Program,
    Scene,
    SceneType,
    Scope,
    Skill,
    SkillKind,
    Slot,
    Step,
    StepEncoding,
    Trigger,
)
from skvm.source import Span, digest_text

FILE = "SKILL.md"
WORDS = [
    "Read",
    "the",
    "file",
    "if",
    "it",
    "fails",
    "otherwise",
    "default",
    "always",
    "success",
    "stop.",
    "größer",
    "$x == true",
    "-",
]
PLACES = [
    "data.csv",
    "out/report.md",
    "out/",
    "*.csv",
    "a.b",
    "a_b",
    "a-b",
    "$OUT",
    "$data_csv",
    "user:",
    "1.txt",
    "été",
    "./x y",
]
CONDITIONS = [
    None,
    "it fails",
    "default",
    "always",
    "success",
    "$x == true",
    "!$y",
    "otherwise",
    " ",
    "a\nb",
    "the file is empty",
]


def texts(least=1, most=8):
    return st.lists(st.sampled_from(WORDS), min_size=least, max_size=most).map(" ".join)


@st.composite
def programs(draw, fewest=1):
    scenes = draw(st.integers(1, 4))
    count = draw(st.integers(fewest, 7))
    lines, at = [], 0
    scene_rows = [
        Scene(
            id=f"S{n}",
            span=Span(FILE, 0, 0),
            title=draw(texts(0, 3)),
            type=draw(st.sampled_from(list(SceneType))),
            parent=f"S{draw(st.integers(1, n - 1))}" if n > 1 and draw(st.booleans()) else None,
        )
        for n in range(1, scenes + 1)
    ]
    owners = draw(st.lists(st.integers(1, scenes), min_size=count, max_size=count))
    if draw(st.booleans()):
        owners.sort()
    step_rows = []
    for n, owner in enumerate(owners, 1):
        text = draw(texts())
        size = len(text.encode())
        step_rows.append(
            Step(
                id=f"S{owner}.s{n}", span=Span(FILE, at, at + size), scene=f"S{owner}", key=digest_text(f"{n}{text}"),
                title=text, text=text, encoding=StepEncoding.ORDERED_ITEM,
            )
        )  # fmt: skip
        lines.append(text)
        at += size + 1
    whole = Span(FILE, 0, at)
    scene_rows = [s.model_copy(update={"span": whole}) for s in scene_rows]
    names = [s.id for s in step_rows] + [s.id for s in scene_rows]
    return Program(
        source=digest_text("\n".join(lines)),
        main=FILE,
        skill=Skill(
            name=draw(texts(0, 2)),
            goal=draw(texts(0, 4)),
            kind=SkillKind.PROCEDURAL,
            intents=tuple(draw(st.lists(texts(), max_size=2))),
            tags=tuple(draw(st.lists(texts(1, 1), max_size=3))),
            allowed_tools=tuple(draw(st.lists(st.sampled_from(["Read", "Bash(git:*)"]), max_size=2))),
            has_procedure=True,
        ),
        scenes=tuple(scene_rows),
        steps=tuple(step_rows),
        controls=tuple(draw(controls(step_rows, scene_rows, names))),
        acts=tuple(draw(acts(step_rows))),
        constraints=(Constraint(id="C1", span=whole, force=Force.MUST_NOT, text="never"),) if draw(st.booleans()) else (),
        triggers=tuple(draw(triggers(whole))),
        needs=tuple(draw(needs(whole))),
        slots=tuple(draw(slots(whole, names[0]))),
    )


@st.composite
def controls(draw, steps, scenes, names):
    out = []
    for n in range(1, draw(st.integers(0, 8)) + 1):
        owner = draw(st.sampled_from([*steps, *steps, *scenes]))
        start = draw(st.integers(owner.span.start, owner.span.end))
        end = draw(st.integers(start, owner.span.end))
        kind = draw(st.sampled_from(list(ControlKind)))
        grouped = kind is ControlKind.BRANCH and draw(st.booleans())
        out.append(
            Control(
                id=f"F{n}", span=Span(FILE, start, end), kind=kind, owner=owner.id,
                condition=draw(st.sampled_from(CONDITIONS)),
                until=draw(st.sampled_from(CONDITIONS)) if kind in (ControlKind.LOOP, ControlKind.GATE) else None,
                bound=draw(st.sampled_from([None, 1, 3])),
                domain=draw(st.sampled_from([None, "each file"])) if kind is ControlKind.LOOP else None,
                target=draw(st.sampled_from([None, "nowhere", *names])),
                group=draw(st.sampled_from(["G1", "G2"])) if grouped else None,
                arm=draw(st.integers(0, 2)) if grouped else None,
            )
        )  # fmt: skip
    return out


@st.composite
def acts(draw, steps):
    out = []
    for step in steps:
        for _ in range(draw(st.integers(0, 3))):
            start = draw(st.integers(step.span.start, step.span.end))
            out.append(
                Act(
                    id=f"A{len(out) + 1}", span=Span(FILE, start, step.span.end), step=step.id,
                    type=draw(st.sampled_from(list(ActType))), scope=draw(st.sampled_from(list(Scope))),
                    object=draw(st.sampled_from(["", "rows"])), instrument=draw(st.sampled_from([None, "", "text"])),
                    target=draw(st.sampled_from([None, "", "x"])),
                    reads=tuple(draw(st.lists(st.sampled_from(PLACES), max_size=3))),
                    writes=tuple(draw(st.lists(st.sampled_from(PLACES), max_size=2))),
                    command=draw(st.sampled_from([None, "rm -rf x", "python a.py"])),
                )
            )  # fmt: skip
    return out


@st.composite
def triggers(draw, span):
    return [
        Trigger(id=f"T{n}", span=span, polarity=draw(st.sampled_from(list(Polarity))), text=draw(texts()))
        for n in range(draw(st.integers(0, 3)))
    ]


@st.composite
def needs(draw, span):
    names = st.sampled_from(["git", "API_TOKEN", "pypdf", "a b"])
    return [
        Need(id=f"N{n}", span=span, kind=draw(st.sampled_from(list(NeedKind))), name=draw(names))
        for n in range(draw(st.integers(0, 4)))
    ]


@st.composite
def slots(draw, span, step):
    return [
        Slot(
            id=f"V{n}", span=span, name=draw(st.sampled_from(["file", "data csv", "x", "$y"])),
            direction=draw(st.sampled_from(["in", "out"])), type=draw(st.sampled_from(["", "str"])),
            pattern=draw(st.sampled_from([None, "data.csv"])), step=draw(st.sampled_from([None, step])),
        )
        for n in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
