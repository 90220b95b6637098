"""The book from the outside: a step is watched, learned, served, handed back and dropped."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jit_kit import MemoryBlobs, by_code, by_model, call, context, done, node

from skvm.jit import Book, Policy, StepRecord
from skvm.jit.prove.handing import SERVED, attempted, handed_back
from skvm.plan import CallRecord, SolidState, SolidStep, StepResult, StepStatus
from skvm.ports import Offer, Refusal, SolidBook, StepContext

CASES = [("sales.csv", "region"), ("orders.csv", "city"), ("costs.csv", "owner"), ("stock.csv", "area"), ("q1_x.csv", "team")]


def tool(name: str, args: dict[str, Any]) -> CallRecord:
    if name == "execute_command":
        words = shlex.split(args["command"])
        facts = {"rows": len(words[2]), "total": f"{7 * len(words[-1])}.50"}
        return call(name, args, json.dumps(facts) + "\n", effect="effectful")
    return call(name, args, f"wrote {args['path']} ({len(args['content'])} bytes)", effect="idempotent")


def program(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    file = next(iter(seen.files.values()))
    by = re.search(r"by (\w+)", seen.task)[1]  # type: ignore[index]
    facts = json.loads(run("execute_command", {"command": f"python scripts/sum.py {file} --by {by}"}).stdout)
    path = f"out/{file[:-4]}_report.md"
    run("write_file", {"path": path, "content": f"# {file}\n\nRows: {facts['rows']}\nTotal: {facts['total']}\n"})
    return {"rows": facts["rows"], "report": path}, f"Summed {file} by {by}"


def request(file: str, by: str, run: str = "r", **more: Any) -> StepContext:
    return context(f"Sum {file} by {by} and write a report.", run=run, files={file: file}, **more)


def learn(book: Book, cases: list[tuple[str, str]] = CASES[:3], **more: Any) -> None:
    for number, (file, by) in enumerate(cases):
        seen = request(file, by, f"learn{number}", **more)
        assert not isinstance(book.lookup(seen), Offer)
        book.observe(seen, by_model(program, tool, seen), False)


def _learned() -> StepRecord:
    book = Book(MemoryBlobs())
    learn(book)
    return book.records()[0]


LEARNED = _learned()


def test_is_the_port() -> None:
    assert isinstance(Book(MemoryBlobs()), SolidBook)


def test_three_runs_promote_and_the_fourth_is_served_exactly() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    [code] = book.records()[0].versions
    assert code.state is SolidState.PROMOTED
    assert (code.agreed, code.disagreed, len(code.evidence)) == (1, 0, 3)
    seen = request("prices.csv", "branch", "r4")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    assert not offer.shadow
    got, want = by_code(book, offer, tool, seen), by_model(program, tool, seen)
    assert got is not None
    assert (got.calls, got.values, got.summary) == (want.calls, want.values, want.summary)


def test_states_are_returned_with_their_reason() -> None:
    book = Book(MemoryBlobs())
    moves = []
    for number, (file, by) in enumerate(CASES[:3]):
        seen = request(file, by, f"r{number}")
        moves.append([(m.state.value, m.recorded["from"]) for m in book.observe(seen, by_model(program, tool, seen), True)])
    assert moves == [[], [("shadow", "observed")], [("promoted", "shadow")]]
    assert book.records()[0].versions[0].simulated


def test_a_new_kind_of_name_widens_only_what_wobbled() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("q1_x.csv", "team", "r4")
    refusal = book.lookup(seen)
    assert isinstance(refusal, Refusal)
    assert refusal.guard == "hole_match"
    book.observe(seen, by_model(program, tool, seen), False)
    first, second = book.records()[0].versions
    assert (first.state, second.state) == (SolidState.DEMOTED, SolidState.PROMOTED)
    assert first.reason == f"superseded by {second.id}"
    assert isinstance(book.lookup(request("sales.csv", "week", "r5")), Offer)
    assert isinstance(book.lookup(request("q2_y.csv", "week", "r5")), Offer)


HOSTILE = [
    "Sum {f} by region; rm -rf / and write a report.",
    "Sum {f} by $(reboot) and write a report.",
    "Sum {f} by `id` and write a report.",
    "Sum {f} by 'region' and write a report.",
    'Sum {f} by "region" and write a report.',
    "Sum {f} by region\nand write a report.",
    "Sum {f} by region and write a report. Do not group.",
    "Do not sum {f} by region and write a report.",
    "Sum {f} by not and write a report.",
    "Sum {f} by region and write no report.",
    "Delete {f} by region and write a report.",
    "Delete {f}.",
    "Sum {f} by region by city and write a report.",
    "Sum {f} by region and city and write a report.",
    "Sum other.csv by region and write a report.",
    "Sum ../{f} by region and write a report.",
    "Sum {f} by -rf and write a report.",
    "Sum {f} by {{h1}} and write a report.",
    "Sum {f} by  and write a report.",
    "",
    "Sum {f} by region and write a report. " * 3,
    "Sum {f} by " + "x" * 5000 + " and write a report.",
]


@pytest.mark.parametrize("task", HOSTILE)
def test_hostile_and_foreign_requests_are_handed_back(task: str) -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = context(task.replace("{f}", "sales.csv"), run="x", files={"sales.csv": "sales.csv"})
    assert not isinstance(book.lookup(seen), Offer)


@pytest.mark.parametrize(
    ("files", "guard"),
    [
        ({}, "input"),
        ({"a.csv": "a.csv", "b.csv": "b.csv"}, "input"),
        ({"sales.csv": "in/sales.csv"}, "input"),
        ({"sales.json": "sales.json"}, "hole_match"),
        ({"other.csv": "other.csv"}, "hole"),
    ],
)
def test_other_files_are_handed_back(files: dict[str, str], guard: str) -> None:
    book = Book(MemoryBlobs())
    learn(book)
    refusal = book.lookup(context("Sum sales.csv by region and write a report.", files=files))
    assert isinstance(refusal, Refusal)
    assert refusal.guard == guard


def test_environment_guards_come_first_and_explain() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("sales.csv", "region")
    for name, change in (
        ("sandbox", {"sandbox": "box/2"}),
        ("tool", {"tool_versions": {"execute_command": "2", "write_file": "1"}}),
        ("verdict", {"verdicts": {"tool.exec": "missing"}}),
    ):
        other = seen.model_copy(update={"guard": seen.guard.model_copy(update=change), "task": "something else"})
        refusal = book.lookup(other)
        assert isinstance(refusal, Refusal)
        assert refusal.guard == name
        assert "expected" in refusal.reason
    unused = seen.guard.model_copy(update={"verdicts": {"tool.exec": "met", "other": "met"}})
    assert isinstance(book.lookup(seen.model_copy(update={"guard": unused})), Offer)


def test_an_unexpected_result_hands_back_with_nothing_repeated_and_the_code_earns_its_place_again() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("sales.csv", "region", "odd")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    first = book.fill(offer, seen, 0, ())
    assert first is not None
    odd = call("execute_command", first, '{"rows": 3}\n', effect="effectful")
    assert book.fill(offer, seen, 1, (odd,)) is None
    book.report(seen, offer.code.id, False, "a hole could not be filled", None)
    record = book.records()[0]
    assert record.versions[0].state is SolidState.SHADOW
    assert "names" in record.history[-1].reason
    assert book.lookup(request("sales.csv", "region", "next")) is None
    learn(book, [("trade.csv", "month")])
    assert book.records()[0].versions[0].state is SolidState.PROMOTED


def test_code_that_is_handed_back_only_for_a_number_keeps_what_it_had_earned() -> None:
    """The model goes on as the code would have: the wider code serves at once, without a further run of the model."""
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("averylongname.csv", "region", "odd")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    assert by_code(book, offer, tool, seen) is None, "more rows than ever"
    book.report(seen, offer.code.id, False, "", None)
    assert book.lookup(request("sales.csv", "region", "next")) is None
    book.observe(seen, by_model(program, tool, seen), False)
    old, new = book.records()[0].versions
    assert (old.state, new.state, new.agreed) == (SolidState.DEMOTED, SolidState.PROMOTED, 1)
    assert isinstance(book.lookup(request("sales.csv", "region", "next")), Offer)


def test_code_that_is_handed_back_and_contradicted_earns_nothing() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("averylongname.csv", "region", "odd")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    assert by_code(book, offer, tool, seen) is None
    book.report(seen, offer.code.id, False, "", None)
    result = by_model(program, tool, seen)
    other = result.calls[-1].model_copy(update={"args": {**result.calls[-1].args, "content": "too many rows\n"}})
    book.observe(seen, result.model_copy(update={"calls": (*result.calls[:-1], other)}), False)
    assert not any(v.state is SolidState.PROMOTED for v in book.records()[0].versions)


def test_handed_back_too_often_is_demoted() -> None:
    book = Book(MemoryBlobs(), Policy(handed_back=1))
    learn(book)
    seen = request("sales.csv", "region", "odd")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    book.report(seen, offer.code.id, False, "it broke", None)
    assert book.records()[0].versions[0].state is SolidState.DEMOTED


def tried(record: StepRecord, how: str, policy: Policy) -> StepRecord:
    """After attempts of its one code: served (`.`) or handed back (`x`) after it had acted, then promoted anew."""
    [code] = record.versions
    for one in how:
        if record.version(code.id).state is SolidState.DEMOTED:
            break
        if one == ".":
            record = attempted(record, code.id, SERVED, policy)
        else:
            record = handed_back(record, code.id, "odd", policy, "r")
            if record.version(code.id).state is SolidState.SHADOW:
                record = record.replaced(code)
    return record


@given(st.text(".x", max_size=40), st.integers(1, 4), st.integers(4, 12))
def test_demoted_is_what_broke_off_too_often_among_its_last_attempts(how: str, most: int, window: int) -> None:
    policy, [code] = Policy(handed_back=most, attempts=window), LEARNED.versions
    after = tried(LEARNED, how, policy).version(code.id)
    too_often = any(how[max(0, end - window) : end].count("x") >= most for end in range(1, len(how) + 1))
    assert (after.state is SolidState.DEMOTED) is too_often


def test_a_long_good_record_neither_excuses_nor_is_spoilt_by_what_was_long_ago() -> None:
    policy, [code] = Policy(), LEARNED.versions
    assert tried(LEARNED, "." * 1000 + "xxx", policy).version(code.id).state is SolidState.DEMOTED
    old = tried(LEARNED, "xx" + "." * 100 + "xx", policy)
    assert old.version(code.id).state is SolidState.PROMOTED and old.lately == {code.id: "xx"}
    assert tried(LEARNED, "." * 1000, policy) == LEARNED, "what goes well costs no place in the record"


def test_what_was_only_read_before_is_not_counted() -> None:
    [code] = LEARNED.versions
    after = handed_back(LEARNED, code.id, "odd", Policy(handed_back=1), "r", read=True)
    assert (after.version(code.id).state, after.lately) == (SolidState.SHADOW, {})


def test_a_record_that_counted_for_life_is_still_read() -> None:
    row = {**LEARNED.model_dump(mode="json"), "streak": {"x/1": 2}}
    assert StepRecord.model_validate(row) == LEARNED


def otherwise(book: Book, seen: StepContext) -> tuple[SolidStep, ...]:
    result = by_model(program, tool, seen)
    return book.observe(seen, result.model_copy(update={"values": {**result.values, "rows": 99}}), False)


def test_one_disagreeing_model_run_suspends_or_checks_and_several_demote() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    moved: list[SolidStep] = []
    for number in range(12):
        moved += [m for m in otherwise(book, request("sales.csv", "region", f"r{number} ")) if m.state is SolidState.DEMOTED]
        if moved:
            break
        assert book.records()[0].doubts[book.records()[0].versions[0].id].otherwise == number + 1
        if number:
            offer = book.lookup(request("sales.csv", "region", "x"))
            assert isinstance(offer, Offer)
            assert offer.shadow, "while the evidence speaks against it nothing is served"
    assert 2 <= moved[0].disagreed <= 8
    assert "99" in moved[0].reason
    assert not isinstance(book.lookup(request("sales.csv", "region")), Offer)


def test_a_shadow_that_the_model_contradicts_is_demoted_at_once() -> None:
    book = Book(MemoryBlobs(), Policy(shadow=5))
    learn(book)
    code = book.records()[0].versions[-1]
    assert code.state is SolidState.SHADOW
    moved = otherwise(book, request("sales.csv", "region", "other"))
    assert [m.id for m in moved if m.state is SolidState.DEMOTED] == [code.id]


def test_code_that_breaks_the_contract_is_demoted_at_once() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("sales.csv", "region", "odd")
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    ended = StepResult(status=StepStatus.FAILED, reason="the file out/a.md does not exist", executor="solid")
    book.report(seen, offer.code.id, False, ended.reason, ended)
    [code] = book.records()[0].versions
    assert (code.state, code.disagreed) == (SolidState.DEMOTED, 1)
    assert "broke the contract" in code.reason


def test_an_edit_to_what_the_step_sees_drops_the_code() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    edited = request("sales.csv", "region", slice_digest="sha256:edited")
    refusal = book.lookup(edited)
    assert isinstance(refusal, Refusal)
    assert refusal.guard == "slice"
    assert "edited" in refusal.reason
    assert book.stale() == {refusal.solid: refusal.reason}
    rewritten = request("sales.csv", "region", step=node(key="sha256:" + "b2" * 32))
    refusal = book.lookup(rewritten)
    assert refusal is None or isinstance(refusal, Refusal)
    assert list(book.stale().values()) == ["the text of the step was edited"]
    assert isinstance(book.lookup(request("sales.csv", "region")), Offer), "the old text is back"
    assert book.stale() == {}


def test_invalidate_demotes_what_the_skill_no_longer_has() -> None:
    book = Book(MemoryBlobs())
    learn(book)
    seen = request("sales.csv", "region")
    assert book.invalidate("demo", {seen.node.key: "sha256:slice"}, "edited") == ()
    [dropped] = book.invalidate("demo", {seen.node.key: "sha256:new"}, "edited")
    assert book.find(dropped)[1].state is SolidState.DEMOTED
    assert book.lookup(seen) is None


def test_simulated_evidence_does_not_serve_a_real_model() -> None:
    book = Book(MemoryBlobs())
    for number, (file, by) in enumerate(CASES[:3]):
        seen = request(file, by, f"r{number}")
        book.observe(seen, by_model(program, tool, seen), True)
    assert isinstance(book.lookup(request("sales.csv", "week", simulated=True)), Offer)
    refusal = book.lookup(request("sales.csv", "week", simulated=False))
    assert isinstance(refusal, Refusal)
    assert refusal.guard == "simulated"


def test_same_inputs_again_teach_nothing() -> None:
    book = Book(MemoryBlobs())
    for number in range(4):
        seen = request("sales.csv", "region", f"r{number}")
        book.observe(seen, by_model(program, tool, seen), False)
    assert book.records()[0].versions == ()
    assert "different inputs" in book.records()[0].history[-1].reason


def test_unfinished_steps_and_repetitions_of_one_run_are_not_evidence() -> None:
    book = Book(MemoryBlobs())
    seen = request("sales.csv", "region")
    assert book.observe(seen, StepResult(status=StepStatus.CANNOT), False) == ()
    assert book.records() == []
    for _ in range(3):
        book.observe(seen, by_model(program, tool, seen), False)
    assert book.records()[0].baseline["n"] == 1


def test_effects_outside_the_work_folder_wait_for_a_person() -> None:
    def post(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
        run("send_mail", {"to": seen.values["S1.s0"]["to"]})
        return {"sent": True}, ""

    def outside(name: str, args: dict[str, Any]) -> CallRecord:
        return call(name, args, "sent", effect="effectful")

    book = Book(MemoryBlobs())
    step = node().model_copy(update={"inputs": ("$step.S1.s0.values.to",)})
    for number, to in enumerate(["ann@a.example", "bob@b.example", "cy@c.example", "di@d.example"]):
        seen = context("Send it", run=f"r{number}", values={"S1.s0": {"to": to}}, step=step)
        book.observe(seen, by_model(post, outside, seen), False)
    record = book.records()[0]
    assert [v.state for v in record.versions] == [SolidState.SHADOW]
    assert "a person must accept" in record.history[-1].reason


def test_what_a_step_never_sees_does_not_matter() -> None:
    book = Book(MemoryBlobs())
    step = node().model_copy(update={"inputs": ("$step.S1.s0.values.name",)})

    def greet(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
        name = seen.values["S1.s0"]["name"]
        run("write_file", {"path": f"{name}.txt", "content": f"Dear {name},\n"})
        return {"path": f"{name}.txt"}, ""

    for number, name in enumerate(["Ann", "Bob", "Cleo", "Dora"]):
        values = {"S1.s0": {"name": name, "other": number}, "S1.s9": {"x": number}}
        seen = context(f"free words {'x ' * number}", run=f"r{number}", values=values, step=step)
        if number < 3:
            book.observe(seen, by_model(greet, tool, seen), False)
        else:
            offer = book.lookup(seen)
            assert isinstance(offer, Offer)
            served = by_code(book, offer, tool, seen)
            assert served is not None
            assert served.calls == by_model(greet, tool, seen).calls


def test_code_that_an_earlier_run_contradicts_is_not_made() -> None:
    def moody(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
        if seen.run == "r0":
            run("write_file", {"path": "note.txt", "content": "first"})
        run("write_file", {"path": "b.txt", "content": seen.task.split()[-1]})
        return {}, "done"

    book = Book(MemoryBlobs())
    for number in range(4):
        seen = context(f"Write x{number}", run=f"r{number}")
        book.observe(seen, by_model(moody, tool, seen), False)
    record = book.records()[0]
    assert record.versions == ()
    assert "another run contradicts it: run r0" in record.history[-1].reason


def test_two_phrasings_become_one_code() -> None:
    book = Book(MemoryBlobs(), Policy(min_observations=2))
    words = ["Sum {f} by {b} and write a report.", "Please make the report: file {f}, grouping: by {b}, thank you"]
    for number, (file, by) in enumerate([*CASES[:3]]):
        for form, text in enumerate(words):
            seen = context(text.format(f=file, b=by), run=f"r{number}.{form}", files={file: file})
            book.observe(seen, by_model(program, tool, seen), False)
    assert [v.state for v in book.records()[0].versions if v.state is not SolidState.DEMOTED] == [SolidState.PROMOTED]
    for text in (*words, "make the report: file {f}, grouping: by {b}", "Could you sum {f} by {b} and write a report?"):
        seen = context(text.format(f="plans.csv", b="zone"), files={"plans.csv": "plans.csv"})
        offer = book.lookup(seen)
        assert isinstance(offer, Offer)
        served = by_code(book, offer, tool, seen)
        assert served is not None
        assert served.calls == by_model(program, tool, seen).calls
    for text in ("Sum {f} grouping: by {b} and write a report.", "Do not sum {f} by {b} and write a report."):
        assert not isinstance(book.lookup(context(text.format(f="a.csv", b="x"), files={"a.csv": "a.csv"})), Offer)


def test_limits_are_named() -> None:
    def odd(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
        run("write_file", {"path": "a", "content": seen.task.split()[-1]})
        return {"n": len(seen.task.split())}, ""

    book = Book(MemoryBlobs(), Policy(versions_per_step=2, min_observations=2, min_distinct=2))
    for number in range(8):
        words = " ".join("abcdefgh"[: number // 2 + 1])
        seen = context(f"{words} write {number}x{number}", run=f"r{number}")
        book.observe(seen, by_model(odd, tool, seen), False)
    record = book.records()[0]
    assert len(record.versions) == 2
    assert any("limit of 2 codes per step" in h.reason for h in record.history)


@pytest.mark.parametrize("crash", range(1, 12))
def test_a_crash_leaves_no_half_promoted_code(crash: int) -> None:
    blobs = MemoryBlobs()
    blobs.fail_at = crash
    book = Book(blobs)
    with pytest.raises(OSError, match="no space"):
        for number in range(20):
            file, by = CASES[number % len(CASES)]
            seen = request(file, f"{by}", f"r{number}")
            if not isinstance(book.lookup(seen), Offer):
                book.observe(seen, by_model(program, tool, seen), False)
            else:
                book.report(seen, "a1a1a1a1a1/1", True, "", done())
    blobs.fail_at = None
    after = Book(blobs)
    for record in after.records():
        for code in record.versions:
            assert code.state is not SolidState.PROMOTED or (code.agreed >= 1 and len(code.evidence) >= 3)
    seen = request("other.csv", "week", "after")
    offer = after.lookup(seen)
    if isinstance(offer, Offer):
        served = by_code(after, offer, tool, seen)
        assert served is not None
        assert served.calls == by_model(program, tool, seen).calls


def test_what_another_process_did_to_a_code_is_seen_at_the_next_look_up() -> None:
    blobs = MemoryBlobs()
    book, other = Book(blobs), Book(blobs)
    learn(book)
    seen = request("margins.csv", "branch", "r4")
    assert isinstance(book.lookup(seen), Offer)
    other.change(book.records()[0].versions[0].id, SolidState.DEMOTED, "taken back elsewhere")
    assert not isinstance(book.lookup(seen), Offer)
