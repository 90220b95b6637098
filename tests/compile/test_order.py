from __future__ import annotations

import itertools

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.compile import analyse
from skvm.compile.passes.reduce import reduce_edges
from skvm.ir import ActType, ControlKind, Hazard, Scope, conflict
from skvm.plan import Artifact, BatchNode, BranchNode, Edge, GateNode, LoopNode, MapNode, StepNode, TaskNode

from .build import Draft, command, compiled, ordered, program, reading, step_pairs

PLACES = ["a.md", "b.md", "c.md", "out/x.json", "out/y.json", "out/", "*.md"]
TEXTS = [
    "Do it.",
    "Use the result.",
    "Look at `a.md`.",
    "Then go on.",
    "Repeat.",
    "Write it with one sentence that names the winner.",
]


CONTROLS = {
    "": lambda draw, index: [],
    "branch": lambda draw, index: [
        (ControlKind.BRANCH, {"condition": "if so", "group": draw(st.sampled_from(["g", "h"])), "arm": index})
    ],
    "gate": lambda draw, index: [(ControlKind.GATE, {"condition": "the user approves"})],
    "loop": lambda draw, index: [(ControlKind.LOOP, {"until": "tests pass", "bound": draw(st.sampled_from([None, 2]))})],
    "map": lambda draw, index: [(ControlKind.LOOP, {"domain": "CSV file in `data/`"})],
    "jump": lambda draw, index: [(ControlKind.JUMP, {"target": f"S1.s{draw(st.integers(1, 12))}", "condition": "it fails"})],
    "recover": lambda draw, index: [(ControlKind.RECOVER, {"target": f"S1.s{draw(st.integers(1, 12))}"})],
    "optional": lambda draw, index: [(ControlKind.OPTIONAL, {})],
    "delegate": lambda draw, index: [(ControlKind.DELEGATE, {"target": "other-skill"})],
}
ACTS = {
    "command": lambda index, reads, writes: command(f"tool {index}", reads, writes),
    "read": lambda index, reads, writes: reading(*(reads or ("a.md",))),
    "ask": lambda index, reads, writes: {"type": ActType.REQUEST, "scope": Scope.USER_DATA},
    "unknown": lambda index, reads, writes: command(f"other {index}", unknown=True),
    "write": lambda index, reads, writes: {"type": ActType.WRITE, "scope": Scope.LOCAL_FS, "writes": writes},
    "derive": lambda index, reads, writes: {"type": ActType.WRITE, "scope": Scope.LOCAL_FS, "reads": reads, "writes": writes},
    "think": lambda index, reads, writes: {"type": ActType.INFER},
}
PLACE_LISTS = st.lists(st.sampled_from(PLACES), max_size=2).map(tuple)


@st.composite
def drafts(draw: st.DrawFn) -> list[Draft]:
    """Steps with known and unknown effects, in branches, gates and loops."""
    out = []
    for index in range(draw(st.integers(1, 9))):
        kinds = draw(st.lists(st.sampled_from(sorted(ACTS)), max_size=2))
        acts = [ACTS[k](index, draw(PLACE_LISTS), draw(PLACE_LISTS)) for k in kinds]
        controls = CONTROLS[draw(st.sampled_from(["", "", "", *CONTROLS]))](draw, index)
        out.append(Draft(draw(st.sampled_from(TEXTS)), acts, controls))
    return out


def graph(artifact: Artifact) -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_nodes_from(n.id for n in artifact.plan.nodes)
    made.add_edges_from((e.before, e.after) for e in artifact.plan.edges)
    return made


@settings(max_examples=150, deadline=None)
@given(drafts())
def test_order_laws(steps: list[Draft]) -> None:
    artifact = compiled(program(steps))
    made = graph(artifact)
    assert nx.is_directed_acyclic_graph(made)
    assert set(nx.transitive_reduction(made).edges) == set(made.edges)
    closure = nx.transitive_closure(made)
    nodes = {n.id: n for n in artifact.plan.nodes}
    waits = ordered(artifact)
    for edge in artifact.plan.edges:
        assert nodes[edge.before].parent == nodes[edge.after].parent
        assert edge.hazard in Hazard
    for one, two in itertools.combinations(artifact.plan.nodes, 2):
        if not isinstance(one, StepNode) or not isinstance(two, StepNode):
            continue
        if isinstance(nodes.get(one.parent or ""), BatchNode | TaskNode) or isinstance(
            nodes.get(two.parent or ""), BatchNode | TaskNode
        ):
            assert conflict(one.effects, two.effects) is None or {(one.id, two.id), (two.id, one.id)} & waits
        if one.parent != two.parent:
            continue
        exclusive = isinstance(nodes.get(one.parent or ""), BranchNode) and one.arm != two.arm
        if exclusive:
            assert not closure.has_edge(one.id, two.id) and not closure.has_edge(two.id, one.id)
        elif conflict(one.effects, two.effects) is not None:
            assert closure.has_edge(one.id, two.id)
    for group in artifact.plan.parallel:
        for one, two in itertools.combinations(group, 2):
            assert not closure.has_edge(one, two) and not closure.has_edge(two, one)


@settings(max_examples=60, deadline=None)
@given(drafts())
def test_gates_hold_back_everything_after_them(steps: list[Draft]) -> None:
    artifact = compiled(program(steps))
    closure = nx.transitive_closure(graph(artifact))
    order = {n.id: i for i, n in enumerate(artifact.plan.nodes)}
    for gate in artifact.plan.nodes:
        if isinstance(gate, GateNode):
            for node in artifact.plan.nodes:
                if node.parent == gate.parent and node.arm == gate.arm and order[node.id] > order[gate.id]:
                    assert closure.has_edge(gate.id, node.id)


@settings(max_examples=60, deadline=None)
@given(drafts())
def test_step_edges_agree_with_the_plan(steps: list[Draft]) -> None:
    made = program(steps)
    found = analyse(*made)
    order = {s.id: i for i, s in enumerate(made[0].steps)}
    assert all(order[e.before] < order[e.after] for e in found.edges)
    flat = nx.DiGraph((e.before, e.after) for e in found.edges)
    assert not found.edges or set(nx.transitive_reduction(flat).edges) == set(flat.edges)


@settings(max_examples=200, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda p: p[0] < p[1]), max_size=40))
def test_reduction_is_the_one_of_networkx(pairs: set[tuple[int, int]]) -> None:
    edges = tuple(Edge(before=f"n{a}", after=f"n{b}", hazard=Hazard.DECLARED_ORDER) for a, b in sorted(pairs))
    kept = {(e.before, e.after) for e in reduce_edges(edges, {f"n{i}": i for i in range(13)})}
    assert kept == set(nx.transitive_reduction(nx.DiGraph([(e.before, e.after) for e in edges])).edges)


def _arms(artifact: Artifact, step: str) -> dict[str, int | None]:
    """Branches around a step, each with the arm it lies in."""
    nodes = {n.id: n for n in artifact.plan.nodes}
    node = nodes.get(step)
    found: dict[str, int | None] = {}
    while node is not None and node.parent is not None:
        if isinstance(nodes[node.parent], BranchNode):
            found[node.parent] = node.arm
        node = nodes[node.parent]
    return found


@settings(max_examples=200, deadline=None)
@given(drafts())
def test_steps_without_order_are_known_and_disjoint(steps: list[Draft]) -> None:
    made = program(steps)
    found, artifact = analyse(*made), compiled(made)
    flat = nx.DiGraph([(e.before, e.after) for e in found.edges])
    flat.add_nodes_from(s.id for s in made[0].steps)
    closure = nx.transitive_closure(flat)
    for one, two in itertools.combinations(made[0].steps, 2):
        here, there = _arms(artifact, one.id), _arms(artifact, two.id)
        if any(here[b] != there[b] for b in here.keys() & there.keys()) or closure.has_edge(one.id, two.id):
            continue
        for step in (one, two):
            assert found.step_effects[step.id].closed, f"{step.id} may use anything and has no edge"
        assert conflict(found.effects[one.id], found.effects[two.id]) is None


def test_writing_from_no_named_source_waits_for_all_before_it() -> None:
    writing = {"type": ActType.WRITE, "scope": Scope.LOCAL_FS, "writes": ("b.md",)}
    drawn = Draft("Write `b.md` with one sentence that names the winner.", [writing])
    artifact = compiled(program([Draft("Read `a.md`.", [reading("a.md")]), drawn]))
    assert [(e.before, e.after) for e in artifact.plan.edges] == [("S1.s1", "S1.s2")]
    sourced = Draft("Write `b.md` from `c.md`.", [{**writing, "reads": ("c.md",)}])
    assert not compiled(program([Draft("Read `a.md`.", [reading("a.md")]), sourced])).plan.edges


def test_disjoint_named_reads_are_independent_and_a_join_waits_for_both() -> None:
    artifact = compiled(
        program(
            [
                Draft("Read `a.md`.", [reading("a.md")]),
                Draft("Read `b.md`.", [reading("b.md")]),
                Draft("Compare the two results.", [{"type": ActType.COMPARE}]),
            ]
        )
    )
    assert step_pairs(artifact) == [("S1.s1", "S1.s3"), ("S1.s2", "S1.s3")]
    assert artifact.plan.parallel == (("S1.s1", "S1.s2"),)


def test_what_to_look_for_is_looked_for_in_what_was_shown() -> None:
    look = Draft("Look for:\n   - `b.md`, the overview", [reading("b.md")])
    assert step_pairs(compiled(program([Draft("List `a.md`.", [reading("a.md")]), look]))) == [("S1.s1", "S1.s2")]


def test_the_number_of_a_step_is_no_sentence() -> None:
    """`2. Then read it`: the opening word leans back, whatever stands before it."""
    for words in ("Then read `b.md`.", "Also read `b.md`.", "**Next** read `b.md`."):
        artifact = compiled(program([Draft("Read `a.md`.", [reading("a.md")]), Draft(words, [reading("b.md")])]))
        assert step_pairs(artifact) == [("S1.s1", "S1.s2")], words


def test_known_commands_wait_only_for_what_they_touch() -> None:
    artifact = compiled(
        program(
            [
                Draft("Run `sort a.csv -o one.csv`", [command("sort a.csv -o one.csv", ("a.csv",), ("one.csv",))]),
                Draft("Run `sort b.csv -o two.csv`", [command("sort b.csv -o two.csv", ("b.csv",), ("two.csv",))]),
                Draft("Run `wc one.csv`", [command("wc one.csv", ("one.csv",))]),
            ],
            inputs=("a.csv", "b.csv"),
        )
    )
    assert [(e.before, e.after, e.hazard) for e in artifact.plan.edges] == [("S1.s1", "S1.s3", Hazard.READ_AFTER_WRITE)]
    assert artifact.plan.edges[0].detail == "one.csv"


def test_words_that_lean_back_keep_the_order() -> None:
    artifact = compiled(
        program([Draft("Read `a.md`.", [reading("a.md")]), Draft("Read `b.md` for its results.", [reading("b.md")])])
    )
    assert [e.hazard for e in artifact.plan.edges] == [Hazard.VALUE]


def test_unknown_effects_keep_the_order_of_the_text() -> None:
    artifact = compiled(program([Draft("Do one thing."), Draft("Do another.")]))
    assert [(e.hazard, e.detail) for e in artifact.plan.edges] == [(Hazard.DECLARED_ORDER, "as the author ordered them")]


def said(first: dict, second: dict) -> Artifact:
    third = Draft("Run 1 and 2 in parallel.", [], [(ControlKind.PARALLEL, {"members": ("S1.s1", "S1.s2")})])
    return compiled(program([Draft("One.", [first]), Draft("Two.", [second]), third]))


def test_the_author_may_say_that_steps_are_parallel() -> None:
    artifact = said(command("one", unknown=True), command("two", unknown=True))
    assert ("S1.s1", "S1.s2") not in ordered(artifact)


def test_a_placeholder_alone_names_no_file_that_both_could_touch() -> None:
    artifact = said(command("one", unknown=True, reads=("*",)), command("two", unknown=True, reads=("*",)))
    assert ("S1.s1", "S1.s2") not in ordered(artifact)
    named = said(command("one", unknown=True, reads=("a.md",)), command("two", unknown=True, reads=("a.md",)))
    assert ("S1.s1", "S1.s2") in ordered(named)


def test_but_not_when_they_touch_the_same_named_file() -> None:
    artifact = said(command("one", writes=("x.md",)), command("two", writes=("x.md",)))
    assert ("S1.s1", "S1.s2") in {(e.before, e.after) for e in artifact.plan.edges}
    assert "SKV503" in {d.code for d in artifact.diagnostics}


def test_jumps_backwards_become_bounded_loops() -> None:
    artifact = compiled(
        program(
            [
                Draft("Build."),
                Draft(
                    "Test. If it fails go back to step 1.",
                    [],
                    [(ControlKind.JUMP, {"target": "S1.s1", "condition": "it fails"})],
                ),
                Draft("Ship."),
            ]
        )
    )
    loop = artifact.plan.nodes[0]
    assert isinstance(loop, LoopNode) and loop.bound == 3 and not loop.bound_stated and loop.until == "not: it fails"
    assert [n.id for n in artifact.plan.nodes if n.parent == loop.id] == ["S1.s1", "S1.s2"]
    assert "SKV502" in {d.code for d in artifact.diagnostics}


def test_cyclic_and_dangling_references_do_no_harm() -> None:
    jumps = [
        (ControlKind.JUMP, {"target": "S1.s1"}),
        (ControlKind.JUMP, {"target": "S1.s2"}),
        (ControlKind.JUMP, {"target": "S9.s9"}),
    ]
    made = [Draft("One.", [], [jumps[1]]), Draft("Two.", [], [jumps[0]]), Draft("Three.", [], [jumps[2]])]
    made[0].controls.append((ControlKind.RECOVER, {"target": "S1.s3"}))
    made[2].controls.append((ControlKind.RECOVER, {"target": "S1.s3"}))
    assert compiled(program(made)).plan.nodes


def test_parallel_maps_need_proof_or_the_author() -> None:
    loop = (ControlKind.LOOP, {"domain": "CSV file in `data/`"})
    apart = command("python t.py {file}", ("data/*.csv",), ("out/{file}.json",))
    both = command("python t.py {file}", ("data/*.csv",), ("out/all.json",))
    for act, parallel in ((apart, True), (both, False)):
        node = compiled(program([Draft("Run `python t.py {file}`", [act], [loop])])).plan.nodes[0]
        assert isinstance(node, MapNode) and node.over == "data/*.csv" and node.parallel is parallel
    spoken = [loop, (ControlKind.PARALLEL, {})]
    node = compiled(program([Draft("Handle each.", [], spoken)])).plan.nodes[0]
    assert isinstance(node, MapNode) and node.parallel
