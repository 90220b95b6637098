from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skvm.runtime.tools.shell import Unbindable, bind_argv, bind_shell, needs_shell, to_skill

BUNDLE = frozenset({"SKILL.md", "scripts/run.py", "scripts/run.py.bak", "references/a.md", "top.sh"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python a.py in.csv", False),
        ("python 'a b.py'", False),
        ("cat a | wc -l", True),
        ("echo $HOME", True),
        ("ls *.csv", True),
        ("X=1 python a.py", True),
        ("a && b", True),
        ("echo 'unclosed", True),
        ("", True),
        ("# only a comment", True),
    ],
)
def test_needs_shell(text: str, expected: bool) -> None:
    assert needs_shell(text) is expected


def test_argv_values_stay_one_word() -> None:
    words = ("python", "x.py", "<in>", "--out=<out>")
    bound = bind_argv(words, {"<in>": "a b; rm -rf /", "<out>": "$(x)"})
    assert bound == ["python", "x.py", "a b; rm -rf /", "--out=$(x)"]
    assert bind_argv(("cat", "<files>"), {"<files>": ["a", "b c"]}) == ["cat", "a", "b c"]


def test_options_cannot_be_smuggled() -> None:
    with pytest.raises(Unbindable):
        bind_argv(("rm", "<f>"), {"<f>": "-rf"})
    with pytest.raises(Unbindable):
        bind_shell("rm <f>", {"<f>": "--no-preserve-root"})
    assert bind_argv(("seq", "<n>"), {"<n>": -3}) == ["seq", "-3"]
    assert bind_argv(("x", "<b>"), {"<b>": True}) == ["x", "true"]
    with pytest.raises(Unbindable):
        bind_argv(("x", "<o>"), {"<o>": {"a": 1}})


def test_a_here_document_is_not_bound() -> None:
    with pytest.raises(Unbindable):
        bind_shell("cat <<E\n<x>\nE", {"<x>": "1"})


values = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=20)
templates = st.sampled_from(
    [
        "printf %s @@",
        'printf %s "@@"',
        "printf %s '@@'",
        "printf %s \"a\"@@'b'",
        'printf %s "x\\"@@"',
        "true; printf %s @@ | cat",
    ]
)


@settings(max_examples=60, deadline=None)
@given(templates, values)
def test_a_value_is_only_ever_text(template: str, value: str) -> None:
    """Whatever the value, bash prints it as it is and runs nothing."""
    assume(not value.startswith("-") and "@@" not in value)
    text = bind_shell(template, {"@@": value})
    expected = subprocess.run(["bash", "-c", template.replace("@@", "MARK")], capture_output=True, check=True).stdout
    out = subprocess.run(["bash", "-c", text], capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert out.stdout == expected.replace(b"MARK", value.encode())
    assert out.stderr == b""


def test_skill_files_are_found() -> None:
    def nowhere(path: str) -> bool:
        return False

    def swap(text: str) -> str:
        return to_skill(text, BUNDLE, nowhere, "/S")

    assert swap("scripts/run.py") == "/S/scripts/run.py"
    assert swap("./scripts/run.py") == "/S/scripts/run.py"
    assert swap("python scripts/run.py && cat references/a.md") == "python /S/scripts/run.py && cat /S/references/a.md"
    assert swap("scripts/run.py.bak") == "/S/scripts/run.py.bak"
    assert swap("cd scripts && ls") == "cd /S/scripts && ls"
    assert swap("ls scripts/") == "ls /S/scripts/"
    assert swap("--config=references/a.md") == "--config=/S/references/a.md"
    assert swap("my-scripts/run.py other/scripts/run.py myscripts") == "my-scripts/run.py other/scripts/run.py myscripts"
    assert swap("cat SKILL.md") == "cat /S/SKILL.md"
    assert to_skill("bash top.sh", BUNDLE, lambda p: p == "top.sh", "/S") == "bash top.sh"


@given(st.lists(values, max_size=4))
def test_shell_lists_are_words(items: list[str]) -> None:
    assume(not any(i.startswith("-") for i in items))
    assert shlex.split(bind_shell("cat @@", {"@@": items})) == ["cat", *items]
