"""Commands compared by what they mean, and where a hole may stand in one.

Quotes, blanks, comments, continued lines and the name of a here-document's delimiter do not matter; words, operators and their
order do. Only what is one argument once the shell has parsed the text may differ between instances of one program, and it is
quoted when it is filled: a hole never becomes two words, an operator, a command or code. The body of a here-document is data
where its delimiter is quoted, and never where it is not. `programs` says what is code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from skvm.jit.generalise.pycode import differing as literals
from skvm.jit.generalise.pycode import same_program
from skvm.jit.generalise.shell.course import read as pieces
from skvm.jit.generalise.shell.programs import (
    CODE_OPTION,
    INTERPRETERS,
    NAMING,
    WRAPPERS,
    Row,
    base,
    closed,
    is_run,
    kept_in,
    mark_of,
    reads_program,
    run_behind_a_pipe,
    targets_of,
    texts_of,
    words_of,
)
from skvm.jit.generalise.shell.words import Piece, Role

__all__ = ["Piece", "Role", "closed", "delimiter", "differing", "may_hold", "pieces", "same_command"]

_ONE_WORD = re.compile(
    r"""(?:[^"$`'\\*?\[\]{}~<>( \t\n] | \\. | '[^']*' | "(?:[^"\\$`] | \\. | \$[A-Za-z_]\w* | \$\{[A-Za-z_]\w*[}:%#/-])*")+""",
    re.DOTALL | re.VERBOSE,
)
"""A word that is expanded in double quotes only, so that it is one word whatever it holds. `$@` may be any number of words."""


def same_command(one: str, two: str) -> bool:
    """Do two command texts mean the same?"""
    if one == two:
        return True
    first, second = pieces(one), pieces(two)
    if first is None or second is None or len(first) != len(second):
        return False
    return all(_alike((first, second), at) for at in range(len(first)))


def differing(rows: Sequence[Row]) -> set[int] | None:
    """Positions of what differs in meaning between several commands of one shape; None when they are not of one shape, or
    differ where no hole may stand."""
    if any(len(row) != len(rows[0]) for row in rows):
        return None
    found = {at for at in range(len(rows[0])) if not _alike(rows, at)}
    if any(len({(row[at].role, closed(row, at)) for row in rows}) > 1 for at in found):
        return None
    names = {at: closed(rows[0], at) for at in found}
    if any(own is not None and literals([row[at].value or "" for row in rows], own) is None for at, own in names.items()):
        return None
    return found if all(may_hold(row, at, found) for row in rows for at in found) else None


def _alike(rows: Sequence[Row], at: int) -> bool:
    column = [row[at] for row in rows]
    if len({_meaning(piece) for piece in column}) == 1:
        return True
    programs = {closed(row, at) for row in rows}
    if None in programs or len(programs) > 1:
        return False
    return all(same_program(column[0].value or "", piece.value or "", closed=programs == {True}) for piece in column[1:])


def _meaning(piece: Piece) -> tuple[str, bool, str]:
    if piece.role in (Role.MARK, Role.END):
        return Role.MARK.value, True, ""  # whether the delimiter is quoted shows in what the body means
    kind = Role.TEXT if piece.role is Role.OPEN else piece.role
    return kind.value, piece.value is not None, piece.raw if piece.value is None else piece.value


def may_hold(row: Row, at: int, holes: set[int]) -> bool:
    """May what stands at `at` be a hole, given the other holes? It must be one argument, and no code by any way."""
    piece = row[at]
    sent = mark_of(row, at) if piece.role is Role.TEXT else at
    if piece.value is None or run_behind_a_pipe(row, sent):
        return False
    if piece.role is Role.ARGUMENT:
        return _argument(row, at, holes)
    if piece.role is Role.TARGET:
        return _target(row, at)
    if piece.role is Role.ITEM:
        return _item(row, at, holes)
    return piece.role is Role.TEXT and _text(row, at)


def delimiter(row: Row, at: int) -> str:
    """The line that ends a body."""
    return row[mark_of(row, at)].value or ""


def _argument(row: Row, at: int, holes: set[int]) -> bool:
    own = words_of(row, at)
    if not own or not row[own[0]].value:
        return False
    name, before = base(row[own[0]].value), [index for index in own[1:] if index < at]
    if name in WRAPPERS or name in NAMING or not all(_one_word(row[index]) for index in before):
        return False
    if is_run(row, [row[index].value for index in targets_of(row, at, writing=True)]):
        return False
    texts = ["" if index in holes else row[index].value for index in before]
    if name == "printf" and any(text is None or text.startswith("-v") for text in texts):
        return False
    if INTERPRETERS.fullmatch(name) and closed(row, at) is None:
        known = [text for text in texts if text is not None]
        operand = any(text and not text.startswith("-") for text in known)
        return len(known) == len(texts) and operand and not any(CODE_OPTION.fullmatch(text) for text in known)
    return True


def _one_word(piece: Piece) -> bool:
    return piece.value is not None or _ONE_WORD.fullmatch(piece.raw) is not None


def _target(row: Row, at: int) -> bool:
    """A file that is written, or what a program reads as data."""
    operator = (row[at - 1].value or "").split()[-1].lstrip("0123456789")
    if operator in ("<", "<<<"):
        texts = texts_of(row, at)
        return bool(texts) and not reads_program(texts)
    return operator in (">", ">>", ">|", "&>", "&>>")


def _text(row: Row, at: int) -> bool:
    """The body of a here-document: text, or a Python program, which is compared as one."""
    if closed(row, at) is not None:
        return True
    texts, kept = texts_of(row, mark_of(row, at)), kept_in(row, at)
    return bool(texts) and not reads_program(texts) and None not in kept and not is_run(row, kept)


def _item(row: Row, at: int, holes: set[int]) -> bool:
    """A word that a loop goes over: wherever its variable is used, in double quotes, a hole could stand as well."""
    name = next(row[index].raw for index in range(at, -1, -1) if row[index].role is Role.FIXED)
    mention = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    use = re.compile(rf"\$(?:{re.escape(name)}(?![A-Za-z0-9_])|\{{{re.escape(name)}(?:[%#]{{1,2}}[^}}$`\"]*)?\}})")
    for index, piece in enumerate(row):
        if piece.role is Role.GLUE or (piece.role is Role.FIXED and piece.raw == name) or not mention.search(piece.raw):
            continue
        if piece.value is None:
            held = (*row[:index], piece._replace(value="x"), *row[index + 1 :])
            alone = not mention.search(use.sub("", piece.raw)) and _one_word(piece)
            if not alone or not may_hold(held, index, holes):
                return False
        elif piece.role is Role.SET or base((texts_of(row, index) or [""])[0]) in WRAPPERS | NAMING:
            return False
    return True
