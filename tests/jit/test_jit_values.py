"""Values of any scalar type, words that an earlier step passed on, and words whose first letter nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
from jit_kit import by_model, call, context

from skvm.jit.generalise.patterns import ignored
from skvm.jit.generalise.propose import generalise
from skvm.jit.observe.observation import Observation, observation
from skvm.jit.prove.apply import bind, predict, replay
from skvm.jit.prove.course import Handed
from skvm.plan import CallRecord
from skvm.plan.guards import json_type, of_type
from skvm.ports import StepContext

TYPED = {"5": 5, "dark": "dark", "true": True, "0.5": 0.5, "off": "off", "null": None, "quick": "quick"}


def tool(name: str, args: dict[str, Any]) -> CallRecord:
    return call(name, args, "wrote it", effect="idempotent")


def setting(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    """Writes down what the request sets, and ends with the value as JSON has it."""
    words = seen.task.split()
    key, value = (words[0], words[-1]) if "should" in words else (words[1], words[-1])
    run("write_file", {"path": "out.md", "content": f"{key}: {value}\n"})
    return {"key": key, "value": TYPED[value]}, ""


def noting(seen: StepContext, run: Any) -> tuple[dict[str, Any], str]:
    """Writes down only that something was set."""
    run("write_file", {"path": "out.md", "content": f"set {(seen.seen or {})['$step.S0.values']['key']}\n"})
    return {}, ""


def runs(program: Any, asked: list[tuple[str, dict[str, Any]]]) -> list[Observation]:
    found = []
    for number, (task, values) in enumerate(asked):
        seen = context(task, run=f"r{number}")
        seen = seen.model_copy(update={"seen": {"$step.S0.values": values} if values else {}})
        found.append(observation(seen, by_model(program, tool, seen), False, False))
    return found


def one(program: Any, task: str, values: dict[str, Any]) -> Observation:
    return runs(program, [(task, values)])[0]


SET = [(f"Set a.{key} to {value}", {}) for key, value in zip("bcdefg", TYPED, strict=False)]


def test_a_value_is_read_as_what_it_spells() -> None:
    code = generalise(runs(setting, SET[:5]))
    assert replay(code, runs(setting, SET[:5])) == ""
    assert predict(code, one(setting, "Set a.x to 5", {})) == ""
    assert predict(code, one(setting, "Set a.x to off", {})) == ""
    for kind in ("scalar", "number", "string"):
        assert [of_type(v, kind) for v in (1, 1.5, "x", True, None, [], {})] == {
            "scalar": [True, True, True, True, True, False, False],
            "number": [True, True, False, False, False, False, False],
            "string": [False, False, True, False, False, False, False],
        }[kind]
    assert all(of_type(v, json_type(v)) for v in (1, 1.5, "x", True, None, [], {}))


def passed(key: str, value: str, wording: str = "Set {} to {}") -> tuple[str, dict[str, Any]]:
    return wording.format(key, value), {"key": key, "value": TYPED[value]}


def test_a_word_that_an_earlier_step_took_for_a_value_is_one() -> None:
    rows = [(f"a.{key}", value) for key, value in zip("bcdef", TYPED, strict=False)]
    other = "For {} I want {}"
    seen = runs(noting, [passed(*row, *more) for row, more in zip(rows, ((), (other,), (), (other,), ()), strict=True)])
    code = generalise(seen)
    assert replay(code, seen) == ""
    for value in ("off", "quick", "5"):
        assert predict(code, one(noting, *passed("a.q", value))) == ""
        assert predict(code, one(noting, *passed("a.q", value, other))) == ""
    with pytest.raises(Handed):  # the request says otherwise than what was passed on
        predict(code, one(noting, "Set a.q to dark", {"key": "a.q", "value": "off"}))
    with pytest.raises(Handed):
        predict(code, one(noting, "Set a.z to dark", {"key": "a.q", "value": "dark"}))


def test_a_word_that_nobody_used_is_no_value() -> None:
    words = ("dark", "off", "on", "light", "plain", "quick")
    seen = runs(noting, [(f"Set {key}.x to {word}", {"key": f"{key}.x"}) for key, word in zip("bcdefg", words, strict=True)])
    code = generalise(seen)
    with pytest.raises(Handed):
        predict(code, one(noting, "Set b.x to everything", {"key": "b.x"}))


def test_a_plain_word_at_the_very_beginning_may_have_had_a_capital() -> None:
    begun = runs(setting, [(f"{key}.x should be {value}", {}) for key, value in zip("bcdef", TYPED, strict=False)])
    code = generalise(begun)
    assert predict(code, one(setting, "q.x should be off", {})) == ""
    with_word = runs(setting, [("size should be off", {}), ("b.x should be 5", {}), ("width should be dark", {})])
    assert "hole_match" in replay(generalise(with_word), with_word), "Size or size?"
    for task in ("Timeout should be off", "timeout should be off"):
        asked = one(setting, task, {})
        with pytest.raises(Handed):
            bind(code, asked.inputs, asked.guard)


def test_data_is_free_beside_plain_words_and_words_are_not() -> None:
    import re

    pattern = ignored(["editor.size", "ui.theme", "port"], words=True)
    assert [bool(re.fullmatch(pattern, v, re.DOTALL)) for v in ("log.level", "port", "theme", "not", "a.b c")] == [
        True,
        True,
        False,
        False,
        False,
    ]
