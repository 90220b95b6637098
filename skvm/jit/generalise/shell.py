"""Commands as words: where a hole may stand in a shell command, and where it must not.

A command is read as shell text (operators, blanks, dynamic words: kept as recorded) and static words (POSIX quoting undone).
Only static words differ between instances of one program; a hole is part of one word and is quoted when filled, so it can
never become two words, an option of another word, an operator or code. What cannot be read with certainty is opaque.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from skvm.jit.generalise.pycode import same_program

_KEYWORDS = "if then elif else fi for while until do done case esac in select function time coproc { } ! [["
_WRAPPERS = """
eval exec source . command builtin env sudo su doas timeout nice nohup time watch xargs parallel ssh find make npx docker
podman kubectl chroot unshare strace setsid stdbuf trap alias
"""
KEYWORDS = frozenset(_KEYWORDS.split())
WRAPPERS = frozenset(_WRAPPERS.split())
"""Their arguments are commands again: no holes behind them."""

INTERPRETERS = re.compile(
    r"(?:ba|z|da|k|c|fi)?sh|(?:python|pypy|node|deno|ruby|perl|php|lua|Rscript|awk|gawk|mawk|sed|jq)[0-9.]*"
)
"""Their first operand is a program: a hole may stand only behind it, and never where an option brings code. What `python -c`
runs may differ in its literals, which are written as literals again (`program_word`, `pycode`)."""

_CODE_OPTION = re.compile(
    r"-[A-Za-z]*[ceErp][A-Za-z]*|--(?:eval|expression|execute|command|print|require|source)(?:=.*)?", re.DOTALL
)
_OPAQUE = re.compile(r"`|\$\(|<<|[<>]\(|(?:^|[\s;&|])#|\\\n")
_PIECE = re.compile(
    r"""(?P<raw>[ \t\r\n|&;<>()]+)
    | (?P<word>(?:[^\s|&;<>()'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)""",
    re.VERBOSE | re.DOTALL,
)
_PART = re.compile(r"""(?P<plain>[^'"\\]+)|\\(?P<escaped>.)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)["]""", re.DOTALL)
_PYTHON = re.compile(r"python[0-9.]*")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")


class Piece(NamedTuple):
    """A piece of a command. `value` is what a static word means; None for shell text and for words the shell expands."""

    raw: str
    value: str | None
    word: bool


def pieces(command: str) -> list[Piece] | None:
    """All pieces of a command, in order; None when it is opaque (substitution, heredoc, comment, open quote)."""
    if _OPAQUE.search(command) or "\0" in command:
        return None
    found: list[Piece] = []
    at = 0
    while at < len(command):
        match = _PIECE.match(command, at)
        if match is None:
            return None
        at = match.end()
        raw = match[0]
        found.append(Piece(raw, _static(raw) if match["word"] else None, bool(match["word"])))
    return found if not any(p.word and p.raw in KEYWORDS for p in found) else None


def _static(raw: str) -> str | None:
    """The value of a word without expansions; None where the shell would expand something."""
    if raw.startswith("~"):
        return None
    value = ""
    for part in _PART.finditer(raw):
        if part["plain"] is not None:
            if re.search(r"[$*?\[]|\{.*(?:,|\.\.)", part["plain"]):
                return None
            value += part["plain"]
        elif part["double"] is not None:
            if re.search(r"(?<!\\)\$", part["double"]):
                return None
            value += re.sub(r'\\(["\\$`])', r"\1", part["double"])
        else:
            value += part["escaped"] or part["single"] or ""
    return value


def same_command(one: str, two: str) -> bool:
    """Do two command texts mean the same: equal operators and equal words, however blanks, quotes and programs were written?"""
    if one == two:
        return True
    first, second = pieces(one), pieces(two)
    if first is None or second is None or len(first) != len(second):
        return False
    code = program_word(first)
    for at, (own, other) in enumerate(zip(first, second, strict=True)):
        if _meaning(own) == _meaning(other):
            continue
        if at != code or own.value is None or other.value is None or not same_program(own.value, other.value, closed=True):
            return False
    return True


def program_word(row: Sequence[Piece]) -> int | None:
    """Where in a command the program stands that `python -c` runs; None where none does, or more than one command is there."""
    words = [(at, p.value) for at, p in enumerate(row) if p.word]
    if len(words) < 3 or not _PYTHON.fullmatch((words[0][1] or "").rpartition("/")[2]) or words[1][1] != "-c":
        return None
    alone = all(p.word or not p.raw.strip(" \t") for p in row)
    return words[2][0] if alone and words[2][1] is not None else None


def _meaning(piece: Piece) -> tuple[bool, str]:
    if piece.word:
        return piece.value is not None, piece.value if piece.value is not None else piece.raw
    return False, re.sub(r"[ \t]+", " ", piece.raw).strip(" ") or " "


def differing(rows: Sequence[Sequence[Piece]]) -> set[int] | None:
    """Positions of the words that differ between several commands of one shape; None when they are not of one shape.

    A position where no hole may stand (command names, code, arguments of wrappers, words the shell expands) makes it None.
    """
    if any(len(row) != len(rows[0]) for row in rows):
        return None
    found: set[int] = set()
    for at, column in enumerate(zip(*rows, strict=True)):
        if len({_meaning(p) for p in column}) == 1:
            continue
        if any(p.value is None for p in column) or _descriptor(rows, at) or not may_hold(rows[0], at, found):
            return None
        found.add(at)
    return found


def _descriptor(rows: Sequence[Sequence[Piece]], at: int) -> bool:
    """A number right before a redirection is no word."""
    behind = rows[0][at + 1].raw if at + 1 < len(rows[0]) else ""
    return behind[:1] in ("<", ">") and any(row[at].raw.isdigit() for row in rows)


def may_hold(row: Sequence[Piece], at: int, holes: set[int]) -> bool:
    """May the word at `at` be a hole, given earlier holes? See `WRAPPERS` and `INTERPRETERS`."""
    before: list[str] = []
    for index in range(at - 1, -1, -1):
        piece = row[index]
        if not piece.word:
            if piece.raw.strip(" \t") and not re.fullmatch(r"\s*[<>]\s*", piece.raw):
                break
            continue
        if piece.value is None:
            return False  # an expanded word may be any number of words
        before.insert(0, "" if index in holes else piece.value)
    while before and _ASSIGNMENT.match(before[0]):
        before.pop(0)
    if not before or not before[0]:
        return False
    name = before[0].rpartition("/")[2]
    if name in WRAPPERS:
        return False
    if INTERPRETERS.fullmatch(name):
        return any(w and not w.startswith("-") for w in before[1:]) and not any(_CODE_OPTION.fullmatch(w) for w in before[1:])
    return True
