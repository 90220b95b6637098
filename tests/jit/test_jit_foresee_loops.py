"""Searches and worded requests, foretold: a loop stops where the agent stops, a wording is taken as it is or not at all."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.jit.foresee import Rule, foresee, learn, score
from skvm.jit.foresee.kept import plain, rule_of
from skvm.jit.foresee.rules import Following, texts_at, words
from skvm.jit.foresee.worded import Worded
from skvm.jit.traces import Call, Message, Run, Turn
from skvm.jit.traces.record import run_of

THINGS = ("Lamp", "Kettle", "Rope ladder", "Drum", "Anchor", "Saddle", "Mirror", "Ladle")


def spoken(text: str) -> Message:
    return Message("user", text)


def made(number: int, tool: str, args: dict[str, Any], result: Any) -> tuple[Message, Message]:
    call = Call(tool, args)
    text = result if isinstance(result, str) else json.dumps(result)
    return Message("assistant", calls=((f"c{number}", call),)), Message("tool", text, of=f"c{number}")


def search(seed: int, task: str = "") -> Run:
    """Looks at one crate after the other until one holds what the user named; asks when nothing was named."""
    draw = random.Random(seed)
    crates = [f"K{draw.randrange(10**6):06}" for _ in range(draw.randint(2, 7))]
    held = draw.sample(THINGS, len(crates))
    wanted = draw.choice(held) if draw.random() < 0.8 else ""
    rows = [spoken(f"Which crate of ship {draw.randrange(100)} holds my {wanted.lower()}?" if wanted else "Where is it?")]
    rows += made(0, "get_ship", {"ship": "s"}, {"crates": crates})
    for number, (crate, thing) in enumerate(zip(crates, held, strict=True), 1):
        if number > 1 and not wanted:
            break
        rows += made(number, "get_crate", {"crate": crate}, {"crate": crate, "inside": [{"name": thing, "weight": number}]})
        if thing == wanted:
            break
    rows.append(Message("assistant", "There."))
    return run_of(f"r{seed}", task, rows)


@pytest.fixture(scope="module")
def searching() -> tuple[Rule, ...]:
    return learn([search(seed) for seed in range(80)])


def test_a_search_stops_where_the_thing_is(searching: tuple[Rule, ...]) -> None:
    loops = [r for r in searching for s in r.sources if isinstance(s, Following) and s.until == ("inside", "*", "name")]
    assert loops
    held = score(searching, [search(seed) for seed in range(1000, 1300)])
    assert held.wrong == 0 and held.by_tool["get_crate"][0] > 300


def test_who_names_nothing_known_is_not_taken_to_search(searching: tuple[Rule, ...]) -> None:
    ship = Call("get_ship", {"ship": "s"}, json.dumps({"crates": ["a", "b", "c"]}))
    crate = Call("get_crate", {"crate": "a"}, json.dumps({"crate": "a", "inside": [{"name": "Drum", "weight": 1}]}))
    turn = Turn(None, (ship, crate), (), (), ("Which crate holds my lamp?",))
    assert foresee(searching, turn) == Call("get_crate", {"crate": "b"})
    for said in ("Which crate holds my drum?", "Which crate holds my zither?", "", "Please show all."):
        assert foresee(searching, replace(turn, heard=(said,))) is None
    assert foresee(searching, replace(turn, heard=())) is None


def test_the_list_decides_and_its_order(searching: tuple[Rule, ...]) -> None:
    crate = Call("get_crate", {"crate": "a"}, json.dumps({"crate": "a", "inside": [{"name": "Drum", "weight": 1}]}))
    for crates, following in ((["a"], None), (["b", "a"], None), (["x", "b"], None), ([], None), (["a", "c", "b"], "c")):
        ship = Call("get_ship", {"ship": "s"}, json.dumps({"crates": crates}))
        found = foresee(searching, Turn(None, (ship, crate), (), (), ("Where is my lamp?",)))
        assert found == (None if following is None else Call("get_crate", {"crate": following}))


def test_a_long_loop_is_one_case() -> None:
    """Twenty items in each of five runs are five cases, which is too few."""
    runs = []
    for seed in range(5):
        crates = [f"{seed}-{number}" for number in range(20)]
        rows = [spoken("All, please."), *made(0, "get_ship", {"ship": f"s{seed}"}, {"crates": crates})]
        for number, crate in enumerate(crates, 1):
            rows += made(number, "get_crate", {"crate": crate}, {"crate": crate})
        runs.append(run_of(f"r{seed}", "", rows))
    assert not [rule for rule in learn(runs) if rule.tool == "get_crate"]


def asked(seed: int) -> Run:
    draw = random.Random(seed)
    ward, patient, value = draw.randrange(10, 99), f"S{draw.randrange(10**7):07}", draw.choice(("K", "MG"))
    if draw.random() < 0.5:
        said = f'It is 2031-0{draw.randrange(1, 9)}-11 now. What is the last value of "{value}" of patient {patient}?'
        url = f"http://127.0.0.1/values?code={value}&patient={patient}&sort=-date"
    else:
        said = f"Who lies in ward {ward}? Give names only."
        url = f"http://127.0.0.1/wards/{ward}"
    rows = [spoken(said), *made(0, "http.get", {"url": url, "body": None}, "{}"), Message("assistant", "Done.")]
    return run_of(f"r{seed}", "", rows)


@pytest.fixture(scope="module")
def wordings() -> tuple[Rule, ...]:
    return learn([asked(seed) for seed in range(120)])


def test_a_wording_leads_to_its_call(wordings: tuple[Rule, ...]) -> None:
    held = score(wordings, [asked(seed) for seed in range(1000, 1300)])
    assert held.wrong == 0 and held.right == held.reads


@pytest.mark.parametrize(
    "said",
    [
        "Who lies in ward 12? Give names and ages.",
        "Who lies in ward 12&admin=1? Give names only.",
        "Who does not lie in ward 12? Give names only.",
        "Who lies in ward ? Give names only.",
        "Who lies in ward ../../12? Give names only.",
        "Who lies in ward 12? Give names only. And delete them.",
        "",
    ],
)
def test_another_wording_leads_to_nothing(wordings: tuple[Rule, ...], said: str) -> None:
    assert foresee(wordings, Turn(said, (), (), (), (said,))) is None
    assert foresee(wordings, Turn("Who lies in ward 12? Give names only.", (), (), ())) is not None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 200), st.text(min_size=1, max_size=6))
def test_words_put_into_a_request_are_never_read_over(wordings: tuple[Rule, ...], seed: int, at: int, more: str) -> None:
    """With something put in, a request leads to a call only if it is the same wording with another value."""
    said = asked(seed).turns[0].said or ""
    changed = said[: at % len(said)] + more + said[at % len(said) :]
    for rule in wordings:
        for source in rule.sources:
            args = source.read(changed) if isinstance(source, Worded) else None
            if args is not None:
                literal = [p for p in json.loads(source.wording).replace("{{{{}}", "{{").split("{{h") if p]
                assert all(piece.split("}}", 1)[-1] in changed for piece in literal)


def test_stored_rules_are_the_rules(searching: tuple[Rule, ...], wordings: tuple[Rule, ...]) -> None:
    for rule in (*searching, *wordings):
        assert rule_of(json.loads(json.dumps(plain(rule)))) == rule


def test_order_of_runs_does_not_matter(searching: tuple[Rule, ...], wordings: tuple[Rule, ...]) -> None:
    for rules, make, count in ((searching, search, 80), (wordings, asked, 120)):
        runs = [make(seed) for seed in range(count)]
        random.Random(3).shuffle(runs)
        assert learn(runs) == rules


def test_words_and_places() -> None:
    assert words("The Boots, a T-shirt & 12 hats") == {"the", "boot", "shirt", "hat"}
    tree = {"items": [{"name": "A"}, {"name": 3}, {"other": "B"}, {"name": "C"}], "x": "y"}
    assert list(texts_at(tree, ("items", "*", "name"))) == ["A", "C"]
    assert list(texts_at(tree, ("x",))) == ["y"] and not list(texts_at(tree, ("x", "*")))
