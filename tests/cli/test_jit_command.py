"""`skvm jit` and `skvm ledger` as somebody meets them who knows nothing: empty stores, wrong names, half a command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skvm.app.evidence import with_book
from skvm.app.settings import Settings
from skvm.cli.entry import group
from skvm.diag import SkvmError

sys.path.append(str(Path(__file__).parents[1] / "jit"))
from test_jit_book import learn

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    monkeypatch.setenv("SKVM_HOME", str(tmp_path / "home"))

    def said(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        try:
            code = group.main(args=list(words), prog_name="skvm", standalone_mode=False, obj={"started": 0.0})
        except SkvmError as refused:
            return refused.exit_code, f"{refused.line()}\n"
        return int(code or 0), capsys.readouterr().out

    return said


def known() -> str:
    """The id of the one code of a store in which a step was learned."""
    with_book(learn, Settings.from_environment())
    return with_book(lambda book: book.records()[0].versions[-1].id)


ASKING = (("jit", "list"), ("jit", "eval"), ("jit", "adapted"), ("ledger",))


@pytest.mark.parametrize("words", ASKING)
def test_an_empty_store_is_no_error_and_says_what_would_fill_it(say: Say, words: tuple[str, ...]) -> None:
    code, text = say(*words)
    assert code == 0 and "run" in text and text.count("\n") == 1
    code, text = say(*words, "--format", "json")
    assert code == 0 and isinstance(json.loads(text), dict)


@pytest.mark.parametrize("verb", ["show", "why", "drop", "eval", "review"])
@pytest.mark.parametrize("filled", [False, True])
def test_an_unknown_name_is_one_line(say: Say, verb: str, filled: bool) -> None:
    if filled:
        known()
    for form in ("text", "json"):
        code, text = say("jit", verb, "nobody/1", "--format", form)
        assert (code, text.count("\n")) == (2, 1)
        assert "nobody/1" in text and "skvm jit list" in text


def test_a_skill_that_is_not_there_is_told_with_those_that_are(say: Say) -> None:
    known()
    for words in (("jit", "list"), ("jit", "eval")):
        assert say(*words, "--skill", "nobody") == (0, "nothing is known of nobody; known: demo\n")


def test_a_review_without_a_verdict_shows_and_changes_nothing(say: Say) -> None:
    id = known()
    code, text = say("jit", "review", id)
    assert code == 0 and "execute_command" in text and "--reject" in text
    assert json.loads(say("jit", "list", "--format", "json")[1])["items"][-1]["state"] == "promoted"
    assert say("jit", "review", id, "--reject")[1] == f"{id} is rejected\n"
    assert json.loads(say("jit", "list", "--format", "json")[1])["items"][-1]["state"] == "rejected"
    code, text = say("jit", "review", id, "--accept")
    assert code == 2 and "skvm jit drop" in text


def test_after_a_drop_it_is_gone_from_what_serves_and_its_history_stays(say: Say) -> None:
    id = known()
    assert say("jit", "eval")[0] == 0
    assert "learned anew" in say("jit", "drop", id)[1]
    assert "demoted" in say("jit", "list")[1]
    assert "dropped by hand" in say("jit", "why", id)[1]
    assert "no code is alive" in say("jit", "eval")[1]
    assert say("jit", "show", id)[0] == 0


def test_a_rollback_where_nothing_was_adapted_says_so(say: Say) -> None:
    code, text = say("jit", "rollback", "demo")
    assert code == 2 and "nothing was adapted yet" in text
