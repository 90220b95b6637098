"""Commands as words: what may differ, and that nothing filled in ever becomes more than one word."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.jit.generalise.shell import differing, pieces, same_command
from skvm.plan import Shell, Text, Var, fill

NASTY = [
    "; rm -rf /",
    "$(reboot)",
    "`id`",
    "a b",
    "'",
    '"',
    "\\",
    "\n",
    "*",
    "~",
    "&& x",
    "> out",
    "$HOME",
    "-rf",
    "",
    "a'b\"c",
]


@pytest.mark.parametrize("value", NASTY)
def test_a_hole_is_exactly_one_word(value: str) -> None:
    template = Shell(("printf '%s|' ", Text((Var("h1"),)), " ", Text(("x/", Var("h1"), ".md"))))
    command = fill(template, {"h1": value})
    assert shlex.split(command) == ["printf", "%s|", value, f"x/{value}.md"]
    seen = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=10).stdout
    assert seen == f"{value}|x/{value}.md|"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=8).filter(lambda t: "\0" not in t), min_size=1, max_size=5))
def test_static_words_mean_what_a_shell_reads(words: list[str]) -> None:
    found = pieces(shlex.join(words))
    if found is not None:
        assert [p.value for p in found if p.word] == words


@pytest.mark.parametrize(
    "command",
    [
        "echo `id`",
        "echo $(id)",
        "cat <<EOF\nx\nEOF",
        "echo 'open",
        "diff <(a) <(b)",
        "ls # all",
        "for f in a b; do x; done",
        "a\0b",
    ],
)
def test_what_cannot_be_read_with_certainty_is_opaque(command: str) -> None:
    assert pieces(command) is None


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ('python "a b.py"  x', "python 'a b.py' x", True),
        ("a;b", "a ; b", True),
        ("a b", "a 'b'", True),
        ("a $b", "a '$b'", False),
        ("a *", "a '*'", False),
        ("a\nb", "a b", False),
        ("a | b", "a || b", False),
        ("echo `id`", "echo `id`", True),
        ("echo `id` ", "echo `id`", False),
    ],
)
def test_same_command(one: str, two: str, same: bool) -> None:
    assert same_command(one, two) is same


@pytest.mark.parametrize(
    ("one", "two", "differs"),
    [
        ("python s.py a.csv > o.txt", "python s.py 'b c.csv' > o.txt", {"a.csv"}),
        ("python s.py a.csv > a.txt", "python s.py b.csv > b.txt", {"a.csv", "a.txt"}),
        ("sum --by=x a", "sum --by=y a", {"--by=x"}),
        ("jq .rows a.json", "jq .rows b.json", {"a.json"}),
        ("X=1 grep a b", "X=1 grep c b", {"a"}),
    ],
)
def test_words_that_may_differ(one: str, two: str, differs: set[str]) -> None:
    first, second = pieces(one), pieces(two)
    assert first is not None
    assert second is not None
    places = differing([first, second])
    assert places is not None
    assert {first[p].value for p in places} == differs


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("cat a", "rm a"),
        ("python -c 'print(1)'", "python -c 'print(2)'"),
        ("python3 a.py x", "python3 b.py x"),
        ("sh -c 'a'", "sh -c 'b'"),
        ("sed s/a/b/ f", "sed s/c/d/ f"),
        ("jq -e .a f", "jq -e .b f"),
        ("env A=1 x y", "env A=2 x y"),
        ("timeout 5 rm a", "timeout 5 rm b"),
        ("xargs rm a", "xargs rm b"),
        ("sudo rm a", "sudo rm b"),
        ("A=1 cmd", "A=2 cmd"),
        ("x; a y", "x; b y"),
        ("x a | y", "x a || y"),
        ("x a", "x a b"),
        ("x $A y", "x $B y"),
        ("x $A y", "x $A z"),
        ("/usr/bin/env a", "/usr/bin/env b"),
        ("x 1>o", "x 2>o"),
    ],
)
def test_words_that_must_not_differ(one: str, two: str) -> None:
    first, second = pieces(one), pieces(two)
    assert first is not None
    assert second is not None
    assert differing([first, second]) is None
