"""The table of known executables (`grammar/commands.txt`) and what an argv of one of them reads and writes."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from skvm.source import read_data


class Spec(NamedTuple):
    """What an executable does. `rest`: letter of repeated positionals; `head`, `tail`: letters before and behind them.

    `doubt`: flags with which it may touch what its words do not tell.
    """

    name: str
    effect: str
    system: bool
    head: str
    rest: str
    tail: str
    options: dict[str, str]
    doubt: tuple[str, ...] = ()


class Use(NamedTuple):
    """A word of an argv as a path: its index and whether it is read (`r`), written (`w`) or both (`u`)."""

    word: int
    letter: str


@cache
def known_commands() -> dict[str, Spec]:
    """All known executables by name; subcommands as `name-sub`."""
    table: dict[str, Spec] = {}
    system = False
    for line in read_data("grammar", "commands.txt").splitlines():
        if line.startswith("[") and line.endswith("]") and " " not in line:
            system = line == "[system]"
        elif line and not line.startswith("#"):
            spec = _spec(line.split(), system)
            table[spec.name] = spec
    return table


def _spec(fields: list[str], system: bool) -> Spec:
    name, effect, letters = fields[:3]
    head, star, tail = letters.partition("*")
    rest, head = (head[-1], head[:-1]) if star else ("", head)
    options: dict[str, str] = {}
    for option in fields[3:]:
        if option.endswith("?"):
            continue
        flag, sign, letter = option.partition(">")
        options[flag if sign else option.rstrip("=")] = letter if sign else "."
    doubt = tuple(option[:-1] for option in fields[3:] if option.endswith("?"))
    return Spec(name, effect, system, head, rest, tail, options, doubt)


def is_system(name: str) -> bool:
    """Is the executable part of every system (builtins, coreutils and their like)?"""
    spec = known_commands().get(name)
    return spec is not None and spec.system


def spec_for(argv: tuple[str, ...]) -> Spec | None:
    """The entry of a command, the one of its subcommand where the table has it."""
    name = argv[0].rsplit("/", 1)[-1]
    sub = next((word for word in argv[1:] if not word.startswith("-")), None)
    table = known_commands()
    return table.get(f"{name}-{sub}") or table.get(name)


def doubtful(spec: Spec, argv: tuple[str, ...]) -> bool:
    """Does a flag, or a program in its own language, make it touch more than its words tell (`sed -i`, `find -delete`)?"""
    if spec.name in ("awk", "gawk") and any(_AWK_WRITES.search(word) for word in argv[1:]):
        return True
    return any(_is_flag(flag, word) for word in argv[1:] if word.startswith("-") for flag in spec.doubt)


def _is_flag(flag: str, word: str) -> bool:
    """Is it this flag: alone, with a value, or, when of one letter, among others (`-ni`, `-i.bak`)?"""
    if word.partition("=")[0] == flag:
        return True
    return len(flag) == 2 and re.match(rf"-[A-Za-z]*{re.escape(flag[1])}", word) is not None


_AWK_WRITES = re.compile(r"\bprintf?\b[^;}\n]*>|\bsystem\s*\(|\|")


def paths_of(spec: Spec, argv: tuple[str, ...]) -> list[Use]:
    """Words of `argv` that are paths, by the letters of the entry."""
    skip = 1 if "-" not in spec.name or spec.name == argv[0] else 2
    uses: list[Use] = []
    positionals: list[int] = []
    at = 1
    while at < len(argv):
        word = argv[at]
        flag, sign, _ = word.partition("=")
        letter = spec.options.get(flag)
        if letter is not None and not sign:
            at += 1
            if letter != "." and at < len(argv):
                uses.append(Use(at, letter))
        elif not word.startswith("-") or word == "-":
            positionals.append(at)
        at += 1
    uses += [
        Use(i, letter) for i, letter in zip(positionals[skip - 1 :], _letters(spec, len(positionals) - skip + 1), strict=False)
    ]
    return [u for u in uses if u.letter != "."]


def _letters(spec: Spec, count: int) -> str:
    """Letters for `count` positionals: head, repeated, tail."""
    if not spec.rest:
        return (spec.head + "." * count)[:count]
    middle = max(0, count - len(spec.head) - len(spec.tail))
    tail = spec.tail[-(count - len(spec.head) - middle) :] if count > len(spec.head) + middle else ""
    return spec.head[:count] + spec.rest * middle + tail
