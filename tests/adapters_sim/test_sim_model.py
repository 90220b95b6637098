"""The simulated model: right without faults, stateless, independent of order and names, honest about what it is."""

from __future__ import annotations

import json
import random

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simkit import FINISH, TOOLS, Scripted, Words, converse, needs, profile, request, said, sim, tag, talk, work, world

from skvm.adapters.simulation.faults import (
    UNMEASURED,
    Fault,
    Mutation,
    break_json,
    chance,
    draw_faults,
    mutations_of,
    wrong_call,
)
from skvm.adapters.simulation.model import NO_SOLUTION, SimModel
from skvm.adapters.simulation.oracle import Call, CommandOracle
from skvm.capability import Cell, Level, Profile, load_catalog, load_profile
from skvm.capability.estimate import beta_interval, probability
from skvm.diag import TargetError
from skvm.ports import Message, ModelClient, ModelReply, RequestTag, ToolCall, ToolSpec
from skvm.source import data_path

ALL = tuple(p.id for p in load_catalog().primitives)
SURE = profile(2000, 2000, ALL)
FEEBLE = Profile(name="f", model="sim/f", harness="builtin", cells=dict.fromkeys(ALL, Cell(offered=False)))


def finish_of(replies: list[ModelReply]) -> dict[str, object]:
    name, args = said(replies)[-1][-1]
    assert name == "finish"
    return json.loads(args)


def test_without_faults_it_does_the_step_over_several_turns() -> None:
    replies = talk(sim(SURE), tag())
    assert [[name for name, _ in turn] for turn in said(replies)] == [
        ["read_file", "read_file"],
        ["execute_command"],
        ["write_file"],
        ["finish"],
    ]
    assert finish_of(replies) == {"values": {"total": 9}, "summary": "The total is 9.", "status": "done"}
    assert all(r.simulated and r.cost is None and r.usage.prompt > 0 and r.usage.completion > 0 for r in replies)
    assert isinstance(sim(SURE), ModelClient)


def test_tokens_are_those_of_the_counter() -> None:
    reply = talk(sim(SURE), tag())[0]
    words = Words().count
    asked = request(tag())
    tools = sum(words(t.name) + words(t.description) + words(json.dumps(t.parameters)) for t in asked.tools)
    assert reply.usage.prompt == sum(words(m.content) for m in asked.messages) + tools
    assert reply.usage.completion == sum(words(c.name) + words(c.arguments) for c in reply.calls)


def test_calls_made_before_are_not_made_again() -> None:
    made = [
        ToolCall(id="p0", name="read_file", arguments='{"path":"a.txt"}'),
        ToolCall(id="p1", name="read_file", arguments='{ "path": "b.txt" }'),
        ToolCall(id="p2", name="execute_command", arguments='{"command": "python add.py 4 5 --out 9"}'),
    ]
    history = (
        Message(role="assistant", calls=tuple(made)),
        *(Message(role="tool", content=world(c.name, c.arguments), call_id=c.id) for c in made),
    )
    spoken = sim(SURE).say(request(tag(), history))
    assert [name for name, _ in spoken.calls] == ["write_file"]


def test_no_oracle_gives_the_marked_placeholder() -> None:
    for oracle in (None, CommandOracle(), Scripted(lambda query: None)):
        model = SimModel(SURE, oracle, Words(), latency_scale=0.0)
        args = finish_of(talk(model, tag()))
        assert args["status"] == "cannot"
        assert str(args["reason"]).startswith(NO_SOLUTION)


def test_a_stated_command_is_run_as_stated() -> None:
    model = SimModel(SURE, CommandOracle(), Words(), latency_scale=0.0)
    replies = talk(model, tag(command="python add.py 1 2"))
    assert said(replies)[0] == [("execute_command", '{"command": "python add.py 1 2"}')]
    assert finish_of(replies)["status"] == "done"
    for open_value in ("python add.py <a> 2", "python add.py {first}", "cat $FILE", "cp path/to/x y", "run ..."):
        assert finish_of(talk(model, tag(command=open_value)))["status"] == "cannot"


def test_choices_use_the_offered_enumeration() -> None:
    choose = ToolSpec(
        name="choose",
        description="which",
        parameters={"type": "object", "properties": {"arm": {"type": "string", "enum": ["a", "b", "none"]}}},
    )
    oracle = Scripted(work, lambda query: query.options[1])
    asked = request(tag(question="branch", requires=()), tools=(choose,))
    assert sim(SURE, oracle=oracle).say(asked).calls == (("choose", '{"arm": "b"}'),)
    wrong = request(tag(question="branch", requires=needs("reason.logic")), tools=(choose,))
    assert sim(FEEBLE, oracle=oracle).say(wrong).calls == (("choose", '{"arm": "none"}'),)


def test_without_finish_the_end_is_text() -> None:
    asked = request(tag(), tools=TOOLS)
    spoken = sim(SURE, oracle=Scripted(lambda query: None)).say(asked)
    assert spoken.calls == () and spoken.text.startswith(NO_SOLUTION)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.text(max_size=8), st.text(max_size=8), st.integers(0, 3), st.randoms(use_true_random=False))
def test_behaviour_depends_on_content_only(seed: int, key: str, scope: str, attempt: int, shuffle: random.Random) -> None:
    """Same seed, same behaviour: whatever the order of requests, their number, and the names of run, step and folder."""
    half = profile(15, 30, ALL)
    tags = [
        tag(
            key=key + str(i),
            scope=scope,
            attempt=attempt,
            requires=needs("tool.call.format", "reason.arithmetic", "follow.format"),
        )
        for i in range(4)
    ]
    expected = [said(talk(sim(half, seed), t)) for t in tags]
    renamed = [t.model_copy(update={"run": "other", "step": "S9.s9", "workdir": "/elsewhere"}) for t in tags]
    order = list(range(len(tags)))
    shuffle.shuffle(order)
    shared = sim(half, seed)
    found = {i: said(talk(shared, renamed[i])) for i in order}
    assert [found[i] for i in range(len(tags))] == expected


def test_concurrency_changes_nothing() -> None:
    half = profile(15, 30, ALL)
    tags = [tag(key=f"k{i}", requires=needs("tool.call.format", "follow.procedure", "reason.logic")) for i in range(40)]
    alone = {t.key: said(talk(sim(half, 7), t)) for t in tags}

    async def together() -> dict[str, object]:
        model, found = sim(half, 7), {}

        async def one(t: RequestTag) -> None:
            await anyio.sleep(random.random() / 1000)
            found[t.key] = said(await converse(model, t))

        async with anyio.create_task_group() as group:
            for t in tags:
                group.start_soon(one, t)
        return found

    assert anyio.run(together) == alone


def primitive_of(mutation: Mutation) -> str:
    return next(p for p in ALL if mutations_of(p) == (mutation,))


def test_every_primitive_of_the_catalogue_has_mutations_that_fit() -> None:
    assert {m for p in ALL for m in mutations_of(p)} == set(Mutation)
    assert mutations_of("tool.call.format") == (Mutation.MALFORMED_ARGUMENTS,)
    assert mutations_of("follow.procedure") == (Mutation.SKIPPED_STEP,)
    assert mutations_of("reason.arithmetic") == (Mutation.WRONG_VALUE,)
    assert mutations_of("follow.format") == (Mutation.FORMAT_BROKEN,)


@pytest.mark.parametrize("mutation", list(Mutation))
def test_every_mutation_occurs_and_shows(mutation: Mutation) -> None:
    """Over seeds each mutation is drawn for some primitive, and its conversation differs from the right one as named."""
    right = said(talk(sim(SURE), tag()))
    primitive = next(p for p in ALL if mutation in mutations_of(p))
    seen = [
        said(talk(sim(FEEBLE, seed), t))
        for seed in range(24)
        for t in [tag(requires=needs(primitive))]
        if draw_faults(FEEBLE, seed, t)[0].mutation is mutation
    ]
    assert seen
    for turns in seen:
        assert turns != right
        first, last = turns[0][0], turns[-1][-1]
        match mutation:
            case Mutation.MALFORMED_ARGUMENTS:
                assert first[0] == "read_file" and "error" in world(*first)
            case Mutation.WRONG_TOOL:
                assert first[0] not in {t.name for t in (*TOOLS, FINISH)}
            case Mutation.SKIPPED_STEP:
                assert len(turns) == 1 and '"status": "done"' in last[1]
            case Mutation.GIVES_UP:
                assert len(turns) == 1 and '"status": "cannot"' in last[1] and NO_SOLUTION not in last[1]
            case Mutation.WRONG_VALUE:
                assert last[0] == "finish" and turns[0] == right[0]
            case Mutation.FORMAT_BROKEN:
                assert last[0] == "text" and turns[:-1] == right[:-1]


def test_broken_calls_are_sometimes_repaired_and_sometimes_not() -> None:
    ends = set()
    for seed in range(30):
        replies = talk(sim(FEEBLE, seed), tag(requires=needs("tool.call.format")))
        ends.add(json.loads(said(replies)[-1][-1][1])["status"])
        assert len(replies) <= 8
    assert ends == {"done", "cannot"}


@pytest.mark.parametrize("passed", [3, 15, 27])
def test_success_frequency_agrees_with_the_profile(passed: int) -> None:
    """2,000 draws: the frequency lies in the profile's own interval, and within four standard errors of its mean."""
    weak = profile(passed, 30, ("tool.exec",))
    n = 2000
    good = sum(not draw_faults(weak, 0, tag(key=f"k{i}")) for i in range(n)) / n
    estimate = probability(weak.cells["tool.exec"], Level.L1)
    assert estimate is not None
    low, high = beta_interval(passed, 30)
    assert low <= good <= high
    assert abs(good - estimate.mean) < 4 * (estimate.mean * (1 - estimate.mean) / n) ** 0.5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 30), st.sampled_from([Level.L1, Level.L2, Level.L3]))
def test_chance_is_the_estimate(passed: int, level: Level) -> None:
    one = profile(passed, 30)
    estimate = probability(one.cells["tool.exec"], level)
    assert estimate is not None and chance(one, "tool.exec", level) == estimate.mean
    assert chance(one, "tool.exec", Level.L0) == 1.0
    assert chance(one, "gen.regex", level) == UNMEASURED
    denied = Profile(name="t", model="m", harness="h", cells={"tool.browser": Cell(offered=False)})
    assert chance(denied, "tool.browser", level) == 0.0


def test_the_strong_profile_fails_less_than_the_weak_one() -> None:
    strong, weak = (load_profile(data_path("profiles") / "sim" / f"{name}.json") for name in ("strong", "weak"))
    requires = needs("tool.exec", "follow.procedure", "reason.arithmetic", level=Level.L2)
    tags = [tag(key=f"k{i}", requires=requires) for i in range(400)]
    assert sum(bool(draw_faults(strong, 0, t)) for t in tags) < sum(bool(draw_faults(weak, 0, t)) for t in tags) / 2


def test_latency_is_the_profiles_and_scaled() -> None:
    timed = SURE.model_copy(update={"latency": {"first": 0.02, "token": 0.001}})
    model = SimModel(timed, Scripted(work), Words(), latency_scale=0.5)
    reply = talk(model, tag())[0]
    assert reply.seconds == pytest.approx(0.5 * (0.02 + 0.001 * reply.usage.completion))


def test_limits_of_the_request_hold() -> None:
    asked = request(tag())
    cut = anyio.run(sim(SURE).complete, asked.model_copy(update={"max_tokens": 1}))
    assert cut.finish == "length" and not cut.calls and cut.usage.completion == 1
    slow = SimModel(SURE.model_copy(update={"latency": {"first": 60.0}}), Scripted(work), Words(), latency_scale=1.0)
    with pytest.raises(TargetError) as caught:
        anyio.run(slow.complete, asked.model_copy(update={"timeout": 0.01}))
    assert caught.value.kind == "timeout" and caught.value.exit_code == 3


@given(st.text(max_size=60), st.integers(0, 50))
def test_wrong_forms_are_wrong(text: str, salt: int) -> None:
    fault = Fault("tool.exec", Mutation.WRONG_VALUE, str(salt))
    arguments = json.dumps({"command": text})
    with pytest.raises(ValueError):
        json.loads(break_json(arguments, fault))
    changed = wrong_call(Call("write_file", {"path": "a", "content": text}), fault)
    assert changed is not None and (changed.args["content"] != text or not text)
    if text.strip() and text.isprintable():
        command = wrong_call(Call("execute_command", {"command": text}), fault)
        assert command is not None and command.args["command"] != text
    assert wrong_call(Call("read_file", {"path": text}), fault) is None


def test_a_whole_skill_has_as_many_occasions_to_fail_as_its_steps() -> None:
    half = profile(15, 30, ALL)
    several = needs("tool.exec", "tool.exec", "tool.exec", "follow.procedure")
    count = {
        question: sum(len(draw_faults(half, 0, tag(key=f"k{i}", question=question, requires=several))) for i in range(500))
        for question in ("step", "raw")
    }
    assert count["step"] == pytest.approx(500 * 2 / 2, rel=0.15) and count["raw"] == pytest.approx(500 * 4 / 2, rel=0.15)
    assert [f.primitive for f in draw_faults(FEEBLE, 0, tag(requires=several))] == ["follow.procedure", "tool.exec"]


def test_attempt_and_scope_draw_anew() -> None:
    half = profile(15, 30)
    outcomes = {
        bool(draw_faults(half, 0, tag(attempt=attempt, scope=scope))) for attempt in range(8) for scope in ("", "0", "1", "2")
    }
    assert outcomes == {True, False}
