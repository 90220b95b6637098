"""The next read, foretold: right on generated runs whose program is known, silent where it is not known, never a write."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.diag import UsageError
from skvm.jit.foresee import foresee, learn, score
from skvm.jit.foresee.shapes import shape
from skvm.jit.traces import Call, Run, Turn, is_read, read_traces

FIRST = ("Ana", "Bo", "Chris", "Dana", "Eli", "Fay")
LAST = ("Abel", "Brandt", "Cole", "Duran", "Egger")
GROUPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "trajectories"


def conversation(seed: int, words: str | None = None) -> list[dict[str, Any]]:
    """A desk clerk: finds a customer by card and town code, looks at the customer, goes through all parcels, closes one."""
    draw = random.Random(seed)
    first, last, code = draw.choice(FIRST), draw.choice(LAST), f"{draw.randrange(10**4):04}"
    customer = f"{first.lower()}-{draw.randrange(10**6)}"
    parcels = [f"P{draw.randrange(10**5):05}" for _ in range(draw.randint(2, 4))]
    said = words or f"Hello, my name is {first} {last} and my code is {code}."
    rows: list[dict[str, Any]] = [{"role": "user", "content": said}]

    def call(tool: str, args: dict[str, Any], result: Any) -> None:
        id = f"c{len(rows)}"
        made = {"id": id, "function": {"name": tool, "arguments": json.dumps(args)}}
        rows.append({"role": "assistant", "content": None, "tool_calls": [made]})
        rows.append({"role": "tool", "tool_call_id": id, "content": result if isinstance(result, str) else json.dumps(result)})

    call("find_customer", {"first": first, "last": last, "code": code}, customer)
    call("get_customer", {"customer": customer}, {"id": customer, "parcels": parcels})
    for parcel in parcels:
        call("get_parcel", {"parcel": parcel}, {"id": parcel, "state": "late"})
    call("close_parcel", {"parcel": parcels[0]}, "closed")
    rows.append({"role": "assistant", "content": "All done."})
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("runs")
    lines = [json.dumps({"id": f"r{seed}", "messages": conversation(seed)}) for seed in range(40)]
    (made / "learn.jsonl").write_text("\n".join(lines) + "\n")
    return made


@pytest.fixture(scope="module")
def rules(folder: Path) -> Any:
    return learn(list(read_traces(folder)))


def runs(folder: Path, seeds: range, words: Any = None) -> list[Run]:
    file = folder / f"more-{seeds.start}-{seeds.stop}.jsonl"
    file.write_text("\n".join(json.dumps({"messages": conversation(s, words(s) if words else None)}) for s in seeds))
    found = list(read_traces(file))
    file.unlink()
    return found


def test_every_read_of_a_fixed_program_is_foretold(folder: Path, rules: Any) -> None:
    made = score(rules, runs(folder, range(1000, 1500)))
    assert made.wrong == 0
    # The first parcel is the first of the list, those after it the next ones; all reads are certain.
    assert made.right == made.reads > 2000


def test_two_that_fit_are_none(folder: Path, rules: Any) -> None:
    def both(seed: int) -> str:
        return "My name is Ana Abel, code 1234, or was it Bo Brandt, name is Bo Brandt, code 4321?"

    assert not any(foresee(rules, run.turns[0]) for run in runs(folder, range(20), both))


@pytest.mark.parametrize(
    "words",
    [
        "I live in San Diego, code 9213.",
        "my name is ana abel and my code is 1234",
        "My name is Ana Abel.",
        "The code is 1234.",
        "My name is Ana Abel and my code is 12345.",
        "My name is Ana Abel and my code is #1234.",
        "Name: Ana'; DROP TABLE x; code 1234",
        "",
    ],
)
def test_other_words_foretell_nothing(rules: Any, words: str) -> None:
    assert foresee(rules, Turn(words, (), (), ())) is None


def test_a_write_is_never_foretold(rules: Any, folder: Path) -> None:
    assert all(is_read(Call(rule.tool, {})) for rule in rules)
    for run in runs(folder, range(50)):
        assert all(is_read(call) for call in (foresee(rules, turn) for turn in run.turns) if call is not None)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6))
def test_only_the_past_is_looked_at(rules: Any, folder: Path, seed: int) -> None:
    for turn in runs(folder, range(seed, seed + 1))[0].turns:
        blind = replace(turn, made=(), reads=())
        assert foresee(rules, turn) == foresee(rules, blind)


def test_order_of_runs_does_not_matter(folder: Path, rules: Any) -> None:
    shuffled = list(read_traces(folder))
    random.Random(7).shuffle(shuffled)
    assert learn(shuffled) == rules


def test_a_failed_result_and_a_repetition_foretell_nothing(rules: Any) -> None:
    found = Call("find_customer", {"first": "A", "last": "B", "code": "1"}, "ana-1")
    turn = Turn(None, (found,), (), ())
    assert foresee(rules, turn) == Call("get_customer", {"customer": "ana-1"})
    assert foresee(rules, replace(turn, done=(replace(found, result="Error: no such customer"),))) is None
    seen = Call("get_customer", {"customer": "ana-1"}, '{"parcels": []}')
    assert foresee(rules, replace(turn, done=(seen, found))) is None


def test_what_is_right_only_sometimes_is_no_rule(folder: Path) -> None:
    """One run in five asks another way: 80 % is not enough."""
    rows = [conversation(seed) for seed in range(100)]
    for row in rows[::5]:
        row[1]["tool_calls"][0]["function"]["name"] = "search_customer"
    file = folder / "mixed.jsonl"
    file.write_text("\n".join(json.dumps({"messages": row}) for row in rows))
    found = learn(list(read_traces(file)))
    file.unlink()
    assert not [rule for rule in found if rule.tool in ("find_customer", "search_customer")]


def test_both_formats_say_the_same(tmp_path: Path) -> None:
    messages = conversation(3)
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "x", "task": "t", "messages": messages}))
    steps: list[dict[str, Any]] = []
    for row in messages:
        calls = [
            {"id": c["id"], "tool": c["function"]["name"], "args": json.loads(c["function"]["arguments"])}
            for c in row.get("tool_calls") or ()
        ]
        steps.append({"role": row["role"], "text": row["content"], "calls": calls, "result_of": row.get("tool_call_id", "")})
    (tmp_path / "b.json").write_text(json.dumps({"schema": "traj/1", "id": "x", "task": "t", "steps": steps}))
    one, two = read_traces(tmp_path)
    assert one == two and len(one.turns) > 4


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.jsonl", '{"messages": []}\n{"messages": 5}\n', ":2"),
        ("a.jsonl", "not json\n", ":1"),
        ("a.json", '{"schema": "traj/1", "id": "x"}', ":1"),
        ("a.json", "[]", ":1"),
        (
            "a.jsonl",
            '{"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{"}}]}]}',
            ":1",
        ),
    ],
)
def test_a_bad_file_is_one_line_with_its_place(tmp_path: Path, name: str, text: str, place: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as caught:
        list(read_traces(tmp_path / name))
    assert f"{name}{place}" in caught.value.line() and "\n" not in caught.value.line()


def test_nothing_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        list(read_traces(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("values", "same", "other"),
    [
        (["a.b1@x.org", "c.d2@y.com", "kay.lee77@z.net"], "mo.ri3@q.io", "mo ri3@q.io"),
        (["XEWRD9", "3RK2T9", "H8Q05L", "AAAAA1", "0A0A0A", "B2B2B2"], "Q1W2E3", "q1w2e3"),
        (["#W1234567", "#W7654321"], "#W0000000", "#W000"),
    ],
)
def test_shapes(values: list[str], same: str, other: str) -> None:
    import re

    pattern = shape(values)
    assert pattern is not None and re.fullmatch(pattern, same) and not re.fullmatch(pattern, other)
    assert all(re.fullmatch(pattern, v) for v in values)


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=12))
def test_a_shape_is_a_pattern_and_fits_nearly_all(values: list[str]) -> None:
    import re

    pattern = shape(values)
    if pattern is not None:
        assert sum(re.fullmatch(pattern, v) is not None for v in values) >= 0.95 * len(values)


def test_the_command_learns_and_tries(folder: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from skvm.cli.jit_command import command

    more = tmp_path / "more.jsonl"
    more.write_text("\n".join(json.dumps({"messages": conversation(seed)}) for seed in range(500, 520)))
    done = CliRunner().invoke(command, ["learn", str(folder), "--serve", str(more), "-o", str(tmp_path / "rules.json")])
    assert done.exit_code == 0, done.output
    assert "40 runs, 4 rules" in done.output and "0 wrong" in done.output
    kept = json.loads((tmp_path / "rules.json").read_text())
    assert kept["served"]["served right"] == kept["served"]["reads"] > 0


@pytest.mark.corpus
@pytest.mark.skipif(not GROUPS.is_dir(), reason="the recorded runs beside the checkout are absent")
def test_real_runs() -> None:
    from bench.foreseeing import measure, part

    found = list(read_traces(GROUPS / "tau-retail-library-l0"))
    made = measure([r for r in found if not part(r)], [r for r in found if part(r)])
    assert made["precision"] >= 0.99 and made["share of reads"] >= 0.15
