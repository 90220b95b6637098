"""Commands as words: what may differ, and that nothing filled in ever becomes more than one word."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.jit.generalise.shell.commands import Role, differing, pieces, same_command
from skvm.jit.generalise.shell.programs import words_of
from skvm.jit.generalise.shell.words import words
from skvm.plan import Code, Here, Shell, Text, Unfilled, Var, decode, encode, fill, variables

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
        assert [p.value for p in found if p.role in (Role.SET, Role.NAME, Role.ARGUMENT)] == words


@pytest.mark.parametrize(
    "command",
    [
        "echo 'open",
        "a\0b",
        "f() { x; }; f a",
        "case a in b) c;; esac",
        "a <<'A' <<'B'\n1\nA\n2\nB\n",
        "a <<-'A'\n\tx\n\tA\n",
        "grep a\\\nb c",
        "x $(cat <<'E'\n)\nE\n)",
        "a 2\\\n>b",
        "a\rb",
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
        ("echo `id` ", "echo `id`", True),
        ("echo `id`", "echo `ls`", False),
        ("ls # all", "ls", True),
        ("a\n# c\nb", "a; b", True),
        ("a \\\n  b && \\\n  c", "a b && c", True),
        ("a |\n b", "a | b", True),
        ("a | b", "b | a", False),
        ("a && b", "a || b", False),
        ("a && b", "a; b", False),
        ("a & b", "a; b", False),
        ("(a; b)", "a; b", False),
        ("a > b", "a >> b", False),
        ("a 1> b", "a 2> b", False),
        ("a > b c", "a c > b", False),
        ("for f in a 'b'; do x \"$f\"; done", 'for f in a b\ndo\n  x "$f"\ndone', True),
        ('for f in a b; do x "$f"; done', "for f in a b; do x $f; done", False),
        ("if a; then b; fi", "if a\nthen b\nfi", True),
        ("if a; then b; fi", "while a; do b; done", False),
        ("cat <<'A' > f\nx $y\nA\n", 'cat <<"B" >f\nx $y\nB\n', True),
        ("cat <<'A'\nx\nA\n", "cat <<A\nx\nA\n", True),
        ("cat <<'A'\n$x\nA\n", "cat <<A\n$x\nA\n", False),
        ("cat <<'A'\nx\nA\n", "cat <<'A'\nx \nA\n", False),
        ("cat <<'A' > f.py\nx = 1 # a\nA\n", "cat <<'A' > f.py\nx=1\nA\n", True),
        ("cat <<'A' > f.txt\nx = 1\nA\n", "cat <<'A' > f.txt\nx=1\nA\n", False),
        ("cd a && python -c 'x=1;print(x)' | head", "cd a && python -c 'y = 1; print(y)' | head", True),
    ],
)
def test_same_command(one: str, two: str, same: bool) -> None:
    assert same_command(one, two) is same
    assert same_command(two, one) is same


@pytest.mark.parametrize(
    ("one", "two", "differs"),
    [
        ("python s.py a.csv > o.txt", "python s.py 'b c.csv' > o.txt", {"a.csv"}),
        ("python s.py a.csv > a.txt", "python s.py b.csv > b.txt", {"a.csv", "a.txt"}),
        ("sum --by=x a", "sum --by=y a", {"--by=x"}),
        ("jq .rows a.json", "jq .rows b.json", {"a.json"}),
        ("X=1 grep a b", "X=1 grep c b", {"a"}),
        ("cd src && wc -l a | tail -1", "cd src && wc -l 'b c' |\n tail -1", {"a"}),
        ("wc $(ls) | grep a", "wc $(ls) | grep b", {"a"}),
        ('x "$A" y', 'x "$A" z', {"y"}),
        ("if grep a f; then wc a; fi", "if grep b f; then wc b; fi", {"a"}),
        ('for f in a b; do wc "$f" > "out/${f%.csv}.txt"; done', 'for f in a c; do wc "$f" > "out/${f%.csv}.txt"; done', {"b"}),
        ("cat > n <<'E'\nx\nE\n", "cat > n <<'E'\ny\nE\n", {"x\n"}),
        ("cat > n.py <<'E'\nx = 1\nE\n", "cat > n.py <<'E'\nx = 2\nE\n", {"x = 1\n"}),
        ("python3 <<'E'\nx = 1\nE\n", "python3 <<'E'\nx = 2\nE\n", {"x = 1\n"}),
        ("python3 a.py <<'E'\nx\nE\n", "python3 a.py <<'E'\ny\nE\n", {"x\n"}),
        ("cat a | python3 s.py", "cat b | python3 s.py", {"a"}),
        ("sort < a", "sort < b", {"a"}),
        ("x <<< a", "x <<< b", {"a"}),
        ("python -c 'print(1)'", "python -c 'print(2)'", {"print(1)"}),
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
        ("x 2>&1", "x 2>&2"),
        ("python -c 'print(1)'", "python -c 'print(x)'"),
        ("cat > n.py <<'E'\nx = 1\nE\n", "cat > n.py <<'E'\ny = f(2)\nE\n"),
        ("cat <<E\nx\nE\n", "cat <<E\ny\nE\n"),
        ("sh <<'E'\nx\nE\n", "sh <<'E'\ny\nE\n"),
        ("bash -s <<'E'\nx\nE\n", "bash -s <<'E'\ny\nE\n"),
        ("cat <<'E' | sh\nx\nE\n", "cat <<'E' | sh\ny\nE\n"),
        ("cat <<'E' > a.sh\nx\nE\n", "cat <<'E' > a.sh\ny\nE\n"),
        ("cat <<'E' > a\nx\nE\nsh a", "cat <<'E' > a\ny\nE\nsh a"),
        ("cat <<'E' > a\nx\nE\nchmod +x a; ./a", "cat <<'E' > a\ny\nE\nchmod +x a; ./a"),
        ("tee a.sh <<'E'\nx\nE\n", "tee a.sh <<'E'\ny\nE\n"),
        ("cat > \"$o\" <<'E'\nx\nE\n", "cat > \"$o\" <<'E'\ny\nE\n"),
        ("sqlite3 d <<'E'\nx\nE\n", "sqlite3 d <<'E'\ny\nE\n"),
        ("while read x; do sh -c \"$x\"; done <<'E'\nx\nE\n", "while read x; do sh -c \"$x\"; done <<'E'\ny\nE\n"),
        ("echo a | sh", "echo b | sh"),
        ("(echo a; x) | sh", "(echo b; x) | sh"),
        ("echo a | xargs rm", "echo b | xargs rm"),
        ("echo a | python3 -", "echo b | python3 -"),
        ("echo a | bash -o pipefail", "echo b | bash -o pipefail"),
        ('echo a | while read x; do eval "$x"; done', 'echo b | while read x; do eval "$x"; done'),
        ("echo a > r.sh && sh r.sh", "echo b > r.sh && sh r.sh"),
        ("echo a > r && . ./r", "echo b > r && . ./r"),
        ("sh < a", "sh < b"),
        ("for f in a b; do wc $f; done", "for f in a c; do wc $f; done"),
        ('for f in a b; do "$f"; done', 'for f in a c; do "$f"; done'),
        ('for f in a b; do sh -c "$f"; done', 'for f in a c; do sh -c "$f"; done'),
        ('for f in a b; do x "$((f))"; done', 'for f in a c; do x "$((f))"; done'),
        ('for f in a b; do x $(y "$f"); done', 'for f in a c; do x $(y "$f"); done'),
        ("for f in a b; do [[ $f -eq 1 ]] && x; done", "for f in a c; do [[ $f -eq 1 ]] && x; done"),
        ("for f in a b; do export f; x; done", "for f in a c; do export f; x; done"),
        ('for f in a b; do g=$f; sh -c "$g"; done', 'for f in a c; do g=$f; sh -c "$g"; done'),
        ("for f in a b; do cat <<E\n$f\nE\ndone", "for f in a c; do cat <<E\n$f\nE\ndone"),
        ("for f in a; do x; done", "for f in a b; do x; done"),
        ("for f in a; do x; done", "for g in a; do x; done"),
        ("printf -v a x", "printf -v b x"),
        ("read a", "read b"),
        ("test -v a", "test -v b"),
        ("[ -f a ] && x", "[ -f b ] && x"),
        ("x $(y a)", "x $(y b)"),
        ('x "$@" a', 'x "$@" b'),
    ],
)
def test_words_that_must_not_differ(one: str, two: str) -> None:
    first, second = pieces(one), pieces(two)
    assert first is not None
    assert second is not None
    assert differing([first, second]) is None


def made(template: Shell, values: dict[str, str]) -> str:
    text = fill(template, values)
    assert isinstance(text, str)
    return text


HOLE = Text((Var("h1"),))
WRITTEN = st.text(max_size=20).filter(lambda t: "\0" not in t) | st.sampled_from(
    [*NASTY, "EOF", "x\nEOF\ny", "a\nEOF", "-n", "#", "!"]
)
PLACES: list[tuple[Shell, Role]] = [
    (Shell(("cd a && x 'b' ", HOLE, " 2>&1 | y")), Role.ARGUMENT),
    (Shell(("x > ", HOLE, "; y")), Role.TARGET),
    (Shell(("for f in a ", HOLE, '; do x "$f"; done')), Role.ITEM),
    (Shell(("if x a", HOLE, "\nthen y # c\nfi")), Role.ARGUMENT),
    (Shell(("cat <<'EOF' > f\n", Here("EOF", Text((Var("h1"), "\n"))), "EOF\nx")), Role.TEXT),
]


@settings(max_examples=300, deadline=None)
@given(WRITTEN, st.sampled_from(PLACES))
def test_what_is_put_in_is_read_back_as_exactly_that(value: str, place: tuple[Shell, Role]) -> None:
    template, role = place
    if role is Role.TEXT and "EOF" in value.split("\n"):
        with pytest.raises(Unfilled):
            fill(template, {"h1": value})
        return
    found, known = pieces(made(template, {"h1": value})), pieces(made(template, {"h1": "w"}))
    assert known is not None
    if found is None:  # a control character; then nothing is claimed
        assert any(ord(c) < 32 or ord(c) == 127 for c in value)
        return
    assert [(p.role, p.value) for p in found if p.role is Role.GLUE] == [
        (p.role, p.value) for p in known if p.role is Role.GLUE
    ]
    now = [(at, p.value) for at, p in enumerate(found) if (p.role, p.value) != (known[at].role, known[at].value)]
    assert len(found) == len(known)
    before = next(p.value or "" for p in known if p.role is role and "w" in (p.value or ""))
    assert [v for _, v in now] == ([] if value == "w" else [before.replace("w", value)])


@pytest.mark.parametrize("value", [v for v in NASTY if v])
def test_a_shell_reads_back_what_was_put_in(value: str, tmp_path: Path) -> None:
    for template, seen in (
        (Shell(("for f in a ", HOLE, "; do printf '%s|' \"$f\"; done")), f"a|{value}|"),
        (Shell(("cat <<'EOF' > f\n", Here("EOF", Text((Var("h1"), "\n"))), "EOF\ncat f")), f"{value}\n"),
        (Shell(("true && cat <<< ", HOLE, " | cat")), f"{value}\n"),
    ):
        command = made(template, {"h1": value})
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=10, cwd=tmp_path)
        assert done.stdout == seen


def test_a_body_is_stored_and_filled_as_it_was() -> None:
    code = Shell(("python3 <<'E'\n", Here("E", Code(("x = ", (Var("h1"),), "\n"))), "E\n"))
    assert decode(encode(code)) == code
    assert list(variables(code)) == ["h1"]
    assert made(code, {"h1": "a\nE\n"}) == "python3 <<'E'\nx = 'a\\nE\\n'\nE\n"
    text = Shell(("cat <<'E'\n", Here("E", HOLE), "E\n"))
    for wrong in ("no newline", "a\nE\nb\n", "E\n", "a\0\n"):
        with pytest.raises(Unfilled):
            fill(text, {"h1": wrong})


FRAGMENTS = sorted(words("""aa bb cc ' " \\ $x "$x" && # <f { ( ) 2 >g = ~ * é 'a' "r" ! <<< &>h 2>&1 {a,b} -n ] [[ | EOF"""))
FRAGMENTS += ["; }", "; ", "in ", " for i in ", "; do ", "; done", " ", "\nif ", "; then ", "; fi", " [ ", "x=1 ", "bb "]
FRAGMENTS += ["\n", "\\\n", " \\\n ", "|", "\t", "<<'E'\n", "<<E\n", "\nE\n"]
TELL = 'command_not_found_handle(){ printf "%s\\0" "$#" "$@" >&9; }; exec 9>told\n'


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=2, max_size=12).map("".join))
def test_bash_runs_no_other_words_than_were_read(text: str) -> None:
    row = pieces(text)
    if row is None:
        return
    assert "".join(p.raw for p in row) == text
    commands = [[row[w].value for w in words_of(row, at)] for at, p in enumerate(row) if p.role is Role.NAME]
    if not commands or any(None in words for words in commands):
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "f").touch()
        bash, env = shutil.which("bash") or "", {"PATH": "/nonexistent", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [bash, "--norc", "-c", TELL + text], cwd=folder, env=env, capture_output=True, timeout=10, stdin=subprocess.DEVNULL
        )
        told = iter(Path(folder, "told").read_text("utf-8").split("\0")[:-1])
    assert b"syntax error" not in done.stderr
    for count in told:
        assert [next(told) for _ in range(int(count))] in commands
