"""What an analyser of code hands back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from skvm.ir import NeedKind
from skvm.source.bash import MAX_BYTES as MAX_BYTES
from skvm.source.bash import MAX_OPERATORS as MAX_OPERATORS


class NeedFact(NamedTuple):
    """Something the code needs; its name stands at bytes `[start, end)` of the text (for an import: the imported name)."""

    kind: NeedKind
    name: str
    start: int
    end: int
    version: str = ""
    literal: str = ""


class PlaceFact(NamedTuple):
    """A path that is read or written, or both; `start`, `end` show it."""

    place: str
    start: int
    end: int
    reads: bool
    writes: bool


class CommandFact(NamedTuple):
    """One command of a shell text.

    `argv`: words without quotes (a word with an expansion keeps its text); `effect`: pure, idem, effect, net, exec;
    `unknown`: what it touches cannot be told. `install`: it only provides the environment. `words`: bytes of each word.
    """

    name: str
    argv: tuple[str, ...]
    text: str
    start: int
    end: int
    places: tuple[PlaceFact, ...]
    effect: str
    unknown: bool
    install: bool
    script: str | None
    words: tuple[tuple[int, int], ...] = ()


class StatementFact(NamedTuple):
    """A top-level statement: a pipeline, list, redirection or compound command with the commands in it."""

    start: int
    end: int
    commands: tuple[CommandFact, ...]
    places: tuple[PlaceFact, ...]


@dataclass
class CodeFacts:
    """All that one text of code shows. `opaque`: it was over a cap and not read; `broken`: it did not parse.

    `defined`: functions a shell text defines and variables it gives a value without exporting them.
    """

    commands: list[CommandFact] = field(default_factory=list)
    statements: list[StatementFact] = field(default_factory=list)
    needs: list[NeedFact] = field(default_factory=list)
    places: list[PlaceFact] = field(default_factory=list)
    defined: set[str] = field(default_factory=set)
    network: bool = False
    executes: bool = False
    unknown: bool = False
    opaque: bool = False
    broken: bool = False
