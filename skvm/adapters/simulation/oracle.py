"""Oracles of the simulated model: who knows what a right answer would do (decisions, "Profiles and simulation").

Sources in the order they are asked: the solution file of a task, the command or script the step states, and for probes a
reference solver. A solution that speaks of a step includes the command the step states and what comes after it, which is
why it is asked first; where it is silent the stated command is the whole answer.

A solution file is a Python test fixture outside the skill folder with

    STEPS = {"S1.s1": function, ...}     # in order; a function is a generator over tool calls that returns `Done`;
                                         # a plan with one step for all of a skill gets all of them, as raw mode does
    CHOICES = {"S1.s2": function, ...}   # branches (label or index of the arm, "none") and loop ends (bool), by the id of
                                         # the control node or of the step it stands on
    RAW = function                       # optional: the whole skill in one conversation, where all steps in order are not it

Steps are named by ordinal position, never by title or text. A step function is replayed from its start for every turn with
the results that the conversation holds, so it must depend on nothing else: that is what makes the model stateless.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

from skvm.diag import UsageError
from skvm.ports import ModelReply, ModelRequest

ORDINAL = re.compile(r"S\d")
"""Start of the id of a step of a procedure; the one step of a plan that has none is the whole skill."""

CONTROL = re.compile(r"\.(?:branch|loop|map|gate)$")
"""What a control node's id has after the id of the step that shows it."""

PLACEHOLDER = re.compile(r"<[A-Za-z][^<>]*>|\{[A-Za-z_][^{}]*\}|\$[A-Za-z_{]|\bYOUR_[A-Z]+|\bpath/to/|\.\.\.")
"""Signs that a stated command still waits for a value."""


@dataclass(frozen=True)
class Call:
    """A tool call that a right answer makes."""

    tool: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Done:
    """The end of a right answer: what `finish` is called with."""

    values: dict[str, Any] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True)
class Result:
    """What the conversation shows as the result of a call, as the model sees it."""

    text: str

    @property
    def json(self) -> Any:
        """The first JSON object or list in the text; raises ValueError when there is none."""
        decoder = json.JSONDecoder()
        for start in (m.start() for m in re.finditer(r"[\[{]", self.text)):
            try:
                return decoder.raw_decode(self.text, start)[0]
            except ValueError:
                continue
        raise ValueError("no JSON in the result")


Script = Generator[Call | list[Call], Any, Done]
"""What a step function yields: one call (it gets a `Result`) or several for one turn (it gets a list of them)."""


@dataclass(frozen=True)
class SolutionContext:
    """What a solution may look at. `files` maps names of input files to paths in the work folder `workdir`.

    `item` is the current item of a map, `iteration` (from 0) that of a loop; None outside of one.
    """

    task: str
    files: Mapping[str, str]
    workdir: Path
    item: str | None = None
    iteration: int | None = None
    options: tuple[str, ...] = ()

    def read(self, path: str) -> str:
        """Text of a file in the work folder; raises OSError."""
        return (self.workdir / path).read_text(encoding="utf-8")

    def exists(self, path: str) -> bool:
        """Is there a file of that path in the work folder?"""
        return (self.workdir / path).is_file()

    def glob(self, pattern: str) -> list[str]:
        """Sorted paths in the work folder that match."""
        return sorted(str(p.relative_to(self.workdir)) for p in self.workdir.glob(pattern) if p.is_file())

    def said(self, pattern: str, default: str = "") -> str:
        """First group of the first match of `pattern` in the task text, or `default`."""
        found = re.search(pattern, self.task, re.IGNORECASE)
        return found.group(1) if found else default


@dataclass(frozen=True)
class Query:
    """What is asked of an oracle: fields of the request's tag, the item of a map, and the labels to choose from."""

    question: str
    step: str
    item: str | None = None
    iteration: int | None = None
    command: str = ""
    workdir: str = ""
    options: tuple[str, ...] = ()


@runtime_checkable
class Oracle(Protocol):
    """Knows right answers."""

    def script(self, query: Query) -> Script | None:
        """A fresh generator for a step or a whole skill, or None when nothing is known."""
        ...

    def choice(self, query: Query) -> str | bool | None:
        """The label of the right arm, or whether a loop may end; None when nothing is known."""
        ...


@runtime_checkable
class ProbeSolver(Protocol):
    """Reference solver for probes: answers a whole request, or None when it is not one of its probes."""

    def solve(self, request: ModelRequest) -> ModelReply | None:
        """The right reply; mutations are applied to it afterwards."""
        ...


class CommandOracle:
    """Runs the command a step states when no value of it is open."""

    def script(self, query: Query) -> Script | None:
        """One `execute_command`, then the end."""
        if not query.command or PLACEHOLDER.search(query.command):
            return None
        return _run(query.command)

    def choice(self, query: Query) -> str | bool | None:
        """A command says nothing about choices."""
        return None


def _run(command: str) -> Script:
    result = yield Call("execute_command", {"command": command})
    assert isinstance(result, Result)
    return Done(summary="Ran the stated command.")


class SolutionOracle:
    """Answers from a solution module, for one task."""

    def __init__(self, module: ModuleType, task: str, files: Mapping[str, str] | None = None) -> None:
        self.steps: dict[str, Callable[[SolutionContext], Script]] = dict(getattr(module, "STEPS", {}))
        self.choices: dict[str, Callable[[SolutionContext], str | int | bool]] = dict(getattr(module, "CHOICES", {}))
        self.whole: Callable[[SolutionContext], Script] | None = getattr(module, "RAW", None)
        self.task = task
        self.files = dict(files or {})

    def script(self, query: Query) -> Script | None:
        """The step's generator; for the whole skill `RAW`, or all steps one after another."""
        context = self._context(query)
        make = self.steps.get(query.step)
        if make is not None:
            return make(context)
        if query.question != "raw" and ORDINAL.match(query.step):
            return None
        return self.whole(context) if self.whole else self._chain(context)

    def choice(self, query: Query) -> str | bool | None:
        """Arm by label or index, or the end of a loop."""
        make = self.choices.get(query.step) or self.choices.get(CONTROL.sub("", query.step))
        if make is None:
            return None
        answer = make(self._context(query))
        if isinstance(answer, int) and not isinstance(answer, bool):
            return query.options[answer] if 0 <= answer < len(query.options) else None
        return answer

    def _context(self, query: Query) -> SolutionContext:
        work = Path(query.workdir or ".")
        return SolutionContext(self.task, self.files, work, query.item, query.iteration, query.options)

    def _chain(self, context: SolutionContext) -> Script | None:
        return self._all(context) if self.steps else None

    def _all(self, context: SolutionContext) -> Script:
        end = Done(summary="Nothing to do.")
        values: dict[str, Any] = {}
        for make in self.steps.values():
            end = yield from make(context)
            values.update(end.values)
        return replace(end, values=values)


class Chain:
    """Asks several oracles in order; the first that knows answers."""

    def __init__(self, *oracles: Oracle) -> None:
        self.oracles = oracles

    def script(self, query: Query) -> Script | None:
        """First script any of them has."""
        return next((s for s in (o.script(query) for o in self.oracles) if s is not None), None)

    def choice(self, query: Query) -> str | bool | None:
        """First choice any of them has."""
        return next((c for c in (o.choice(query) for o in self.oracles) if c is not None), None)


def load_oracle(solution: Path | None, task: str, files: Mapping[str, str] | None = None) -> Oracle:
    """Oracle for one run: the solution file (None: no solution), then the commands that steps state.

    The file is executed in this process: it is a fixture of whoever calls, never part of a skill. Raises UsageError when it
    cannot be read or is not one.
    """
    if solution is None:
        return CommandOracle()
    return Chain(SolutionOracle(load_solution(solution), task, files), CommandOracle())


def load_solution(path: Path) -> ModuleType:
    """Read a solution file; raises UsageError that names it."""
    try:
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
        module = ModuleType(f"solution_{re.sub('[^0-9A-Za-z]', '_', path.stem)}")
        exec(code, module.__dict__)  # noqa: S102 - a fixture of the caller's own, see load_oracle
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        raise UsageError(f"not a solution file: {error}", where=str(path)) from None
    if not hasattr(module, "STEPS"):
        raise UsageError("not a solution file: it has no STEPS", where=str(path), help="see bench/README.md")
    return module
