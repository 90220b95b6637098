"""What may not be taken for proved: coincidences, ambiguous origins, results that look otherwise, steps that ask people."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jit_kit import MemoryBlobs, by_code, by_model, call, context, node

from skvm.jit import Book
from skvm.jit.generalise.propose import generalise
from skvm.jit.generalise.results import Abstain, result_shape
from skvm.jit.observe.observation import Observation, observation
from skvm.jit.prove.apply import leave_one_out, predict, replay
from skvm.jit.prove.apply import unexpected as misfit
from skvm.jit.prove.course import Handed
from skvm.plan import CallRecord, SolidCall
from skvm.ports import Offer, StepContext


def seen(task: str, calls: list[CallRecord], values: dict[str, Any], summary: str = "", **more: Any) -> Observation:
    from jit_kit import done

    return observation(context(task, **more), done(calls, values, summary), False, False)


def counted(file: str, rows: int, total: int, said: int | None = None) -> Observation:
    run = call("execute_command", {"command": f"wc {file}"}, json.dumps({"rows": rows, "total": total}))
    return seen(f"Count {file}", [run], {"rows": rows if said is None else said}, f"{file} has {rows} rows")


def test_a_number_that_was_the_same_by_chance_is_still_read_from_the_result() -> None:
    code = generalise([counted("a.csv", 3, 10), counted("b.csv", 3, 20)])
    other = counted("c.csv", 5, 30)
    with pytest.raises(Handed, match="/rows: expected 3, saw 5"):
        predict(code, other)
    wider = generalise([counted("a.csv", 3, 10), counted("b.csv", 3, 20), other])
    assert predict(wider, counted("d.csv", 4, 15)) == ""


def test_a_value_that_follows_from_nothing_is_not_served() -> None:
    with pytest.raises(Abstain, match="no known source"):
        generalise([counted("a.csv", 3, 10, said=7), counted("b.csv", 4, 20, said=9)])


def test_origins_that_part_hand_the_step_back() -> None:
    def one(file: str, other: str) -> Observation:
        run = call("read_file", {"path": file}, "text")
        return seen(f"Read {other}", [run], {}, files={file: file})

    code = generalise([one("a.csv", "a.csv"), one("b.csv", "b.csv")])
    assert predict(code, one("c.csv", "c.csv")) == ""
    with pytest.raises(Handed, match="no longer agree"):
        predict(code, one("c.csv", "d.csv"))


def billed(number: int, name: str, city: str = "Graz") -> Observation:
    """A letter in which a name of several words stands among other words."""
    facts = json.dumps({"number": number, "name": name, "city": city})
    text = f"Bill {number} of {name} in {city} is right"
    read = call("read_file", {"path": f"b{number}.json"}, facts)
    write = call("write_file", {"path": "out.md", "content": text}, f"wrote out.md ({len(text)} bytes)", effect="idempotent")
    return seen(f"Answer b{number}.json", [read, write], {})


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (("Zenit Kurier", "Harbour Paper Ltd", "O'Brien & Co"), "New Name"),  # align at the blank inside them
        (("Nordlicht Licht GmbH", "Harbour Paper GmbH", "Alba GmbH"), "Neue Lampen GmbH"),  # end in the same word
        (("of all trades", "of one trade"), "of other trades"),  # begin with the word before them
    ],
)
def test_a_value_of_several_words_is_one_hole(names: tuple[str, ...], other: str) -> None:
    code = generalise([billed(n, name) for n, name in enumerate(names, 1)])
    assert predict(code, billed(1, other)) == ""
    with pytest.raises(Handed):
        predict(code, billed(1, other, city="Linz"))
    with pytest.raises(Handed, match="beyond"):
        predict(code, billed(890, other))  # a number in a text may decide what is written: only between those seen


def test_words_without_a_source_stay_unknown_however_wide_the_hole() -> None:
    def one(number: int, name: str) -> Observation:
        known = billed(number, name)
        text = f"{name}, kindly {('regards', 'wishes')[number % 2]}"
        write = known.calls[1].model_copy(update={"args": {"path": "out.md", "content": text}})
        return known.model_copy(update={"calls": (known.calls[0], write)})

    with pytest.raises(Abstain, match="no known source"):
        generalise([one(1, "Zenit Kurier"), one(2, "Harbour Paper Ltd")])


def test_what_a_tool_says_of_what_it_was_given_decides_nothing() -> None:
    code = generalise([billed(1, "Ab Cd"), billed(2, "Ef Gh")])  # both confirmations name the same number of bytes
    assert predict(code, billed(2, "Muchlonger Nameherein")) == ""
    failed = billed(2, "Ij Kl")
    calls = (failed.calls[0], failed.calls[1].model_copy(update={"ok": False, "result": "error: no space left"}))
    with pytest.raises(Handed, match="expected ok=True"):
        predict(code, failed.model_copy(update={"calls": calls}))


def test_people_are_never_replaced() -> None:
    runs = [seen(f"Go {n}1", [call("ask_user", {"question": "really?"}, "yes")], {"n": n}) for n in range(2)]
    with pytest.raises(Abstain, match="belongs to a person"):
        generalise(runs)


@pytest.mark.parametrize("change", ["tool", "count", "order", "exit", "names", "values"])
def test_another_program_is_another_program(change: str) -> None:
    read, write = call("read_file", {"path": "a"}, "x"), call("write_file", {"path": "b", "content": "c"}, "ok")
    other = {
        "tool": [call("search", {"pattern": "a"}, "x"), write],
        "count": [read],
        "order": [write, read],
        "exit": [call("read_file", {"path": "a"}, "x", ok=False), write],
        "names": [call("read_file", {"path": "a", "limit": 3}, "x"), write],
        "values": [read, write],
    }[change]
    values = {"m": 1} if change == "values" else {"n": 1}
    with pytest.raises(Abstain, match="same sequence"):
        generalise([seen("Do 1", [read, write], {"n": 1}), seen("Do 2", other, values)])


def test_different_tools_or_sandboxes_are_not_one_program() -> None:
    first, second = counted("a.csv", 3, 1), counted("b.csv", 4, 2)
    for field, value in (("sandbox", "box/2"), ("verdicts", {"tool.exec": "weak"}), ("tool_versions", {"read_file": "9"})):
        changed = second.model_copy(update={"guard": second.guard.model_copy(update={field: value})})
        with pytest.raises(Abstain, match=field):
            generalise([first, changed])


def test_free_wording_of_the_summary_does_not_matter_where_values_carry_the_result() -> None:
    first, second = counted("a.csv", 3, 1), counted("b.csv", 4, 2)
    second = second.model_copy(update={"summary": "I have counted everything, and it went rather well"})
    code = generalise([first, second])
    assert code.summary is None
    assert predict(code, counted("c.csv", 4, 1)) == ""
    with pytest.raises(Abstain, match="summary"):
        generalise([o.model_copy(update={"values": {}}) for o in (first, second)])


def test_tasks_that_share_no_wording() -> None:
    texts = ["Count the lines of everything", "Please do it"]
    runs = [seen(t, [call("read_file", {"path": "a"}, "x")], {}) for t in texts]
    with pytest.raises(Abstain, match=r"wording|more than one way"):
        generalise(runs)


def test_steps_without_calls() -> None:
    runs = [seen(f"The file is {f}", [], {"name": f.partition(".")[0]}) for f in ("a.csv", "b.csv", "c.csv")]
    code = generalise(runs)
    assert replay(code, runs) == ""
    assert leave_one_out(runs) == (3, 0, "")
    assert predict(code, seen("The file is d.csv", [], {"name": "d"})) == ""
    assert "values" in predict(code, seen("The file is d.csv", [], {"name": "x"}))


def test_items_of_a_map() -> None:
    def program(at: StepContext, run: Any) -> tuple[dict[str, Any], str]:
        run("read_file", {"path": at.item})
        return {"file": at.item}, ""

    files = {"a.md": "in/a.md", "b.md": "in/b.md", "c.md": "in/c.md", "d.md": "in/d.md"}
    runs = []
    for path in files.values():
        at = context("Index the notes", files=files, item=path, scope=f"M1[{path}]", step=node())
        runs.append(observation(at, by_model(program, lambda t, a: call(t, a, f"# {a['path']}"), at), False, False))
    code = generalise(runs[:3])
    assert predict(code, runs[3]) == ""
    assert [h.source for h in code.holes] == ["item"]


def shape(*texts: str, used: frozenset[str] = frozenset()) -> SolidCall:
    return SolidCall(tool="read_file", args={}, effect="pure", result=result_shape(texts, used))


@pytest.mark.parametrize(
    ("texts", "fits", "differs"),
    [
        (["done", "done"], ["done"], ["Done", "done ", ""]),
        (['{"n": 1, "late": false}', '{"n": 9, "late": false}'], ['{"late": false, "n": 4}'],
         ['{"n": 10, "late": false}', '{"n": 0, "late": false}',
          '{"n": 1, "late": true}', '{"n": "1", "late": false}', '{"n": 1}', "[]", "n", '{"n": 1, "late": false, "x": 0}']),
        (["wrote 3 rows", "wrote 12 rows"], ["wrote 5 rows"],
         ["wrote 500 rows", "wrote 2 rows",
          "wrote no rows", "wrote 3 rows but not all", "failed", "wrote 3 rows\nerror"]),
        (["status: open\nid: A-1", "status: open\nid: A-2"], ["status: open\nid: A-77"],
         ["status: shut\nid: A-1", "id: A-1", "status: open\nid: B-1"]),
        (["name: ann", "name: bob"], ["name: ann"], ["name: eve"]),
        (["a,b\n" + "1,2\n" * n for n in range(1, 6)], ["a,b\n", "a,b\n9,9\n9,9\n9,9\n"], ["a,c\n1,2\n", ""]),
    ],
)  # fmt: skip
def test_results_must_look_as_they_always_did(texts: list[str], fits: list[str], differs: list[str]) -> None:
    planned = shape(*texts)
    for text in [*texts, *fits]:
        assert misfit(planned, call("read_file", {}, text)) == ""
    for text in differs:
        assert misfit(planned, call("read_file", {}, text)) != "", text


def test_results_that_differ_without_a_form_are_not_ignored() -> None:
    with pytest.raises(Abstain, match="without a form"):
        shape("a,b\n1,2\n", "a,b\n1,2\n3,4\n")


@pytest.mark.parametrize("more", [{"used": frozenset({"[1,9]"})}, {"news": "last"}, {}])
def test_a_number_keeps_to_what_was_seen_whether_or_not_it_is_used(more: dict[str, Any]) -> None:
    shape = result_shape([json.dumps({"n": n}) for n in (1, 9)], **more)
    planned = SolidCall(tool="read_file", args={}, effect="pure", result=shape)
    assert misfit(planned, call("read_file", {}, '{"n": 5}')) == ""
    for other in (10, 0, -3):
        assert "beyond" in misfit(planned, call("read_file", {}, json.dumps({"n": other})))


def test_words_that_are_used_are_data_and_words_that_are_not_may_decide() -> None:
    texts = [json.dumps({"customer": name}) for name in ("ann", "bob")]
    new = call("read_file", {}, json.dumps({"customer": "eve"}))
    assert misfit(shape(*texts), new)
    assert not misfit(shape(*texts, used=frozenset({json.dumps(["ann", "bob"], separators=(",", ":"))})), new)


def test_a_word_that_is_only_passed_on_may_decide() -> None:
    def one(number: int, decision: str) -> Observation:
        run = call("read_file", {"path": "out/decision.json"}, json.dumps({"decision": decision, "n": number}))
        return seen(f"Decide on case {number}1", [run], {"decision": decision}, f"The decision is {decision}")

    runs = [one(1, "pay"), one(2, "query"), one(3, "reject")]
    code = generalise(runs)
    assert predict(code, one(2, "pay")) == ""
    with pytest.raises(Handed, match="hold"):
        predict(code, one(2, "hold"))
    wider = generalise([*runs, one(4, "ask"), one(5, "wait")])
    assert predict(wider, one(2, "hold")) == "", "five words made no difference"


def test_requests_that_share_only_blanks_share_nothing() -> None:
    texts = ["Can we pay the invoice in nl-352.json?", "Does the bill am-77.json match the order?"]
    runs = [seen(t, [call("read_file", {"path": "a"}, "x")], {}) for t in texts]
    with pytest.raises(Abstain, match="too little wording"):
        generalise(runs)


def test_a_long_constant_result_is_kept_as_a_digest() -> None:
    planned = shape("x" * 5000, "x" * 5000)
    assert set(planned.result) == {"digest"}
    assert misfit(planned, call("read_file", {}, "x" * 5000)) == ""
    assert misfit(planned, call("read_file", {}, "x" * 4999)) != ""


def test_exit_codes_are_part_of_the_program() -> None:
    planned = SolidCall(tool="execute_command", args={}, effect="pure", expect_exit=0)
    assert misfit(planned, call("execute_command", {}, "")) == ""
    assert "exit" in misfit(planned, call("execute_command", {}, "", ok=False))


def test_leave_one_out_finds_a_wrong_prediction() -> None:
    def one(number: int, said: int) -> Observation:
        return seen(f"Take {number}0", [call("read_file", {"path": "a"}, "x")], {"n": said})

    runs = [one(1, 10), one(2, 20), one(3, 31)]
    right, _, wrong = leave_one_out(runs)
    assert right <= 1
    assert "31" in wrong


def test_no_hole_stands_where_code_would() -> None:
    for first, second in (("node -e 'x=1'", "node -e 'x=2'"), ("cat a", "rm a"), ("echo `a`", "echo `b`")):
        runs = [
            seen("Do 1", [call("execute_command", {"command": first}, "")], {}),
            seen("Do 2", [call("execute_command", {"command": second}, "")], {}),
        ]
        with pytest.raises(Abstain, match=r"no hole may stand|cannot be read"):
            generalise(runs)


def checking(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    """A check, and a note of what it found."""
    told = json.loads(run("execute_command", {"command": f"python3 scripts/check.py {next(iter(seen.files))}"}).stdout)
    if not told["ok"]:
        run("write_file", {"path": "out/found.txt", "content": seen.run * 3})
    return {"ok": True}, "checked"


def test_runs_that_found_nothing_are_not_contradicted_by_those_that_went_on() -> None:
    book = Book(MemoryBlobs())
    for number, fine in enumerate((True, False, False, True, False, True, False, True, True)):
        asked = context("Check it.", run=f"r{number}", files={f"q{number}_x.json": f"q{number}_x.json"})
        result = by_model(checking, lambda name, args, ok=fine: call(name, args, json.dumps({"ok": ok})), asked)
        book.observe(asked, result, False)
    seen = context("Check it.", run="new", files={"q77_x.json": "q77_x.json"})
    offer = book.lookup(seen)
    assert isinstance(offer, Offer)
    fine = by_code(book, offer, lambda name, args: call(name, args, '{"ok": true}'), seen)
    assert fine is not None and (len(fine.calls), fine.values) == (1, {"ok": True})
    assert by_code(book, offer, lambda name, args: call(name, args, '{"ok": false}'), seen) is None
