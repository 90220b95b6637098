"""Tests of skills as an author would write them, run by a pytest of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SKILL = """---
name: greet
description: Use when somebody must be greeted.
---
# Steps

1. Write the greeting:
   ```bash
   mkdir -p out && echo hello > out/hello.txt
   ```
2. Copy it:
   ```bash
   cp out/hello.txt out/copy.txt
   ```
"""

TEST = """
def test_greets(skvm):
    ran = skvm.run("greet", "Greet.", model="sim/strong").done()
    first, second = (row.id for row in ran.outcome.steps)
    ran.ordered(first, second).by_code(first, second).wrote("out/*.txt").only_wrote("out/*")
    ran.never(matching="rm -rf").never(tool="web_fetch")
    assert ran.files["out/copy.txt"].read_text() == "hello\\n"
    assert ran.model_calls == 0
    skvm.golden(ran, "greet.json")
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (pytester.mkdir("greet") / "SKILL.md").write_text(SKILL, encoding="utf-8")
    pytester.makepyfile(test_greet=TEST)
    return pytester


def run(suite: pytest.Pytester, *options: str) -> pytest.RunResult:
    return suite.runpytest_inprocess("-p", "skvm.pytest_plugin", "-p", "no:cacheprovider", *options)


@pytest.fixture
def sandboxed() -> None:
    from skvm.app.machine import examine
    from skvm.app.settings import Settings

    row = next(r for r in examine(Settings.from_environment()) if r["what"] == "sandbox")
    if not row["ok"]:
        pytest.skip(f"no sandbox: {row['detail']}")


@pytest.mark.usefixtures("sandboxed")
def test_a_golden_file_is_written_once_and_compared_after(suite: pytest.Pytester) -> None:
    run(suite).stdout.fnmatch_lines(["*no golden file*--skvm-update*"])
    run(suite, "--skvm-update").assert_outcomes(passed=1)
    run(suite).assert_outcomes(passed=1)
    golden = suite.path / "golden" / "test_greet" / "greet.json"
    golden.write_text(golden.read_text().replace("copy.txt", "other.txt"))
    found = run(suite)
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["*greet.json differs*"])


@pytest.mark.usefixtures("sandboxed")
def test_what_must_not_happen_is_told(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_claims="""
        import pytest

        CLAIMS = {
            "order": lambda ran, a, b: ran.ordered(b, a),
            "overlap": lambda ran, a, b: ran.overlapped(a, b),
            "forbidden": lambda ran, a, b: ran.never(matching="cp out"),
            "files": lambda ran, a, b: ran.wrote("*.pdf"),
            "other files": lambda ran, a, b: ran.only_wrote("out/hello.txt"),
            "end": lambda ran, a, b: ran.ended("failed"),
            "step": lambda ran, a, b: ran.by_code("S9.s9"),
        }

        @pytest.mark.parametrize("claim", CLAIMS)
        def test_claim(skvm, claim):
            ran = skvm.run("greet", "Greet.", model="sim/strong").done()
            first, second = (row.id for row in ran.outcome.steps)
            with pytest.raises(AssertionError) as caught:
                CLAIMS[claim](ran, first, second)
            assert len(str(caught.value).splitlines()[0]) > 10
        """
    )
    run(suite, "test_claims.py").assert_outcomes(passed=7)


ASKING = """
def test_asks(skvm):
    ran = skvm.run("poet", "Greet.")
    assert ran.model_calls == 1 and ran.outcome.error is None, ran.outcome
"""

POET = """---
name: poet
description: Use when a poem is wanted.
---
# Steps

1. Write a poem about the sea.
"""


def test_answers_are_recorded_once_and_needed_never_again(suite: pytest.Pytester) -> None:
    (suite.mkdir("poet") / "SKILL.md").write_text(POET, encoding="utf-8")
    suite.makepyfile(test_poet=ASKING)
    run(suite, "test_poet.py").stdout.fnmatch_lines(["*nothing was recorded*--skvm-record MODEL*"])
    run(suite, "test_poet.py", "--skvm-record", "sim/strong").assert_outcomes(passed=1)
    kept = suite.path / "cassettes" / "test_poet" / "test_asks"
    assert (kept / "target.txt").read_text() == "sim/strong\n"
    assert len(list(kept.glob("*.json"))) == 1
    run(suite, "test_poet.py").assert_outcomes(passed=1)
    (suite.path / "poet" / "SKILL.md").write_text(POET.replace("sea", "moon"), encoding="utf-8")
    run(suite, "test_poet.py").assert_outcomes(failed=1)


def test_loading_the_plugin_loads_nothing_else(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_light="""
        import sys

        def test_light():
            assert not [m for m in sys.modules if m.startswith("skvm.") and not m.startswith("skvm.pytest_plugin")]
        """
    )
    found = suite.runpytest_subprocess("-p", "skvm.pytest_plugin", "-p", "no:cacheprovider", "test_light.py")
    found.assert_outcomes(passed=1)


def test_names_of_tests_become_folders(suite: pytest.Pytester) -> None:
    from skvm.pytest_plugin import _plain

    assert _plain("test_a[../x/y]") == "test_a_.._x_y_"
    assert "/" not in _plain("a/b") and Path(_plain("a/b")).parts == (_plain("a/b"),)


def test_answers_of_a_server_of_ones_own_are_recorded(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    from skvm.testing.answers import Say
    from skvm.testing.loopback import LoopbackServer

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (suite.mkdir("poet") / "SKILL.md").write_text(POET, encoding="utf-8")
    suite.makepyfile(test_poet=ASKING)
    with LoopbackServer(Say(calls=[("finish", {"values": {}, "summary": "done"})])) as server:
        options = ("-p", "skvm.pytest_plugin", "-p", "no:cacheprovider", "--skvm-record", "openai/mine")
        found = suite.runpytest_subprocess(*options, "--skvm-api-base", server.base_url, "test_poet.py")
        found.assert_outcomes(passed=1)
        assert len(server.requests) == 1
    run(suite, "test_poet.py").assert_outcomes(passed=1)
