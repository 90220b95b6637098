"""What is code in a command: arguments that are commands or programs, files that are run, texts that are read as code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from skvm.jit.generalise.shell.words import Piece, Role, words

Row = Sequence[Piece]

WRAPPERS = words(
    "eval exec source . command builtin env sudo su doas timeout nice nohup time watch xargs parallel ssh find make npx docker "
    "podman kubectl chroot unshare strace setsid stdbuf trap alias"
)
"""Their arguments are commands again: no holes behind them."""

NAMING = words("read unset export readonly declare typeset local let mapfile readarray getopts test wait set")
"""Their arguments name variables, and bash evaluates what stands in the subscript of a name."""

FILTERS = re.compile(r"[gm]?awk|sed|jq")
INTERPRETERS = re.compile(
    rf"(?:(?:ba|z|da|k|c|fi)?sh|{FILTERS.pattern}|(?:python|pypy|node|deno|ruby|perl|php|lua|Rscript)[0-9.]*)"
)
"""Their first operand is a program: a hole may stand only behind it, and never where an option brings code. What `python -c`
runs, or reads from a here-document, may differ in its literals, which are written as literals again (`closed`, `pycode`)."""

SPEAKING = words(
    "sqlite3 psql mysql mariadb duckdb bc dc gdb ed ex vi vim expect tclsh wish julia octave gnuplot m4 nc telnet ftp sftp at "
    "batch"
)
"""What they read is a program in a language of theirs."""

CODE_OPTION = re.compile(
    r"-[A-Za-z]*[ceErp][A-Za-z]*|--(?:eval|expression|execute|command|print|require|source)(?:=.*)?", re.DOTALL
)
_BRINGS_CODE = re.compile(r"-[A-Za-z]*[cem]")
_PROGRAM_FILE = re.compile(
    r"(?:.*/)?(?:Makefile|Dockerfile|.*\.(?:py|sh|bash|zsh|js|mjs|cjs|ts|rb|pl|php|awk|sed|jq|lua|R|sql|mk))", re.DOTALL
)
_PYTHON = re.compile(r"python[0-9.]*")


def closed(row: Row, at: int) -> bool | None:
    """Is the piece the text of a Python program, and then: does nobody else see its names? None where it is none."""
    piece = row[at]
    if piece.role is Role.ARGUMENT and piece.value is not None:
        before = [row[index].value for index in words_of(row, at) if index < at]
        return True if len(before) == 2 and before[1] == "-c" and _PYTHON.fullmatch(base(before[0])) else None
    if piece.role is not Role.TEXT:
        return None
    texts = texts_of(row, mark_of(row, at))
    if texts and _PYTHON.fullmatch(base(texts[0])):
        return True if reads_program(texts) else None
    return False if any((name or "").endswith(".py") for name in kept_in(row, at)) else None


def words_of(row: Row, at: int) -> list[int]:
    """Words of the simple command that a piece belongs to, its name first; empty where there is none."""
    first = at
    while first > 0 and not _ends(row[first - 1]):
        first -= 1
    found: list[int] = []
    for index in range(first, len(row)):
        if index > at and _ends(row[index]):
            break
        if row[index].role in (Role.NAME, Role.ARGUMENT):
            found.append(index)
    return found if found and row[found[0]].role is Role.NAME else []


def texts_of(row: Row, at: int) -> list[str | None]:
    """What the words of its command mean."""
    return [row[index].value for index in words_of(row, at)]


def mark_of(row: Row, at: int) -> int:
    """The delimiter that announced a body."""
    return next(index for index in range(at, -1, -1) if row[index].role is Role.MARK)


def targets_of(row: Row, at: int, *, writing: bool = False) -> Iterator[int]:
    """Files that the command of a piece is redirected to; `writing`: no others."""
    own = words_of(row, at)
    for index in range(own[0] if own else at, len(row)):
        if index > at and _ends(row[index]):
            return
        if row[index].role is Role.TARGET and (not writing or ">" in (row[index - 1].value or "")):
            yield index


def kept_in(row: Row, at: int) -> list[str | None]:
    """Where a command may keep the here-document that it reads: files it is redirected to, and (`tee`) its arguments."""
    mark = mark_of(row, at)
    own = words_of(row, mark)
    names = [] if own and INTERPRETERS.fullmatch(base(row[own[0]].value)) else own[1:]
    return [row[index].value for index in (*names, *targets_of(row, mark, writing=True))]


def _ends(piece: Piece) -> bool:
    """Does a simple command end here?"""
    if piece.role is Role.GLUE:
        return any("<" not in operator and ">" not in operator for operator in (piece.value or "").split())
    return piece.role in (Role.KEYWORD, Role.FIXED, Role.ITEM, Role.TEXT, Role.OPEN, Role.END)


def base(word: str | None) -> str:
    """The last part of a path."""
    return (word or "").rpartition("/")[2]


def is_run(row: Row, files: Iterable[str | None]) -> bool:
    """Is one of the files a program, by its name or by what the rest of the text does with it?"""
    named = [file for file in files if file]
    if any(_PROGRAM_FILE.fullmatch(file) for file in named):
        return True
    return bool(named) and not {base(file) for file in named}.isdisjoint(base(word) for word in _run_here(row))


def _run_here(row: Row) -> Iterator[str]:
    """Words that may name a program which is run."""
    for index, piece in enumerate(row):
        if piece.role is not Role.NAME:
            continue
        texts = [text or "" for text in texts_of(row, index)]
        name = base(texts[0])
        yield texts[0]
        if name in WRAPPERS or FILTERS.fullmatch(name):
            yield from texts[1:]
        elif INTERPRETERS.fullmatch(name):
            first = next((at for at, text in enumerate(texts) if at and not text.startswith("-")), len(texts))
            yield from texts[1 : first + 1]
        if reads_program(texts):
            yield from (row[target].value or "" for target in targets_of(row, index))


def run_behind_a_pipe(row: Row, at: int) -> bool:
    """Does a later command of a pipe run what it reads?"""
    for index in range(at + 1, len(row)):
        operators = (row[index].value or "").split() if row[index].role is Role.GLUE else []
        if not {"|", "|&"} & set(operators):
            continue
        first = next((i for i in range(index + 1, len(row)) if row[i].role not in (Role.SET, Role.GLUE)), None)
        if operators[-1] not in ("|", "|&") or first is None or row[first].role is not Role.NAME:
            return True
        if reads_program(texts_of(row, first)):
            return True
    return False


def reads_program(texts: Sequence[str | None]) -> bool:
    """Does a command run what it reads? Where that is not known, yes."""
    name = base(texts[0])
    if not name or name in WRAPPERS or name in SPEAKING:
        return True
    if FILTERS.fullmatch(name) or not INTERPRETERS.fullmatch(name):
        return False
    first = texts[1] if len(texts) > 1 else None
    if first and not first.startswith("-"):
        return False
    return not any(text is not None and _BRINGS_CODE.fullmatch(text) for text in texts[1:])
