"""Options and output shared by the commands."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

ROLES = {
    "error": "red", "warning": "yellow", "info": "cyan", "bold": None, "dim": "bright_black", "good": "green",
    "title": None, "scene": "blue", "step": "green", "rule": "magenta", "warn": "yellow",
}  # fmt: skip
"""Colour of each role that a text form names; a role that is missing here is a mistake, not plain text."""

_BOLD = frozenset({"bold", "error", "title"})


def format_option(*choices: str) -> Callable[[F], F]:
    """`--format`, with `text` and `json` always there."""
    return click.option("--format", "form", type=click.Choice(["text", "json", *choices]), default="text", show_default=True)


def pool_options(function: F) -> F:
    """The pool of targets, and the limits that the choice among them must keep."""
    for option in (
        click.option("--models", type=int, metavar="K", help="at most K different models in one plan"),
        click.option("--wall", type=float, metavar="S", help="at most S seconds on the longest path, by estimate"),
        click.option("--success", type=float, metavar="P", help="all steps succeed with probability P at least"),
        click.option("--pool", multiple=True, metavar="MODEL[@HARNESS]", help="a further target that steps may go to"),
    ):
        function = option(function)
    return function


class Amount(click.FloatRange):
    """A finite number above zero (or from zero on), for seconds and money; comparisons alone would let NaN pass."""

    def __init__(self, zero: bool = False) -> None:
        super().__init__(min=0, min_open=not zero)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; fails for what is none, negative, infinite or NaN."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


class OutputPath(click.Path):
    """Where a result goes. An empty word is a variable that is not set, not the current folder."""

    def __init__(self, dir_okay: bool = True) -> None:
        super().__init__(path_type=Path, dir_okay=dir_okay)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; fails for an empty word."""
        if value == "":
            self.fail("the path is empty (is a variable unset?)", param, ctx)
        return super().convert(value, param, ctx)


def skills_argument(function: F) -> F:
    """One or more skills."""
    return click.argument("skills", nargs=-1, required=True, metavar="SKILL...")(function)


def put(text: str) -> None:
    """A result on stdout, ending in one line end."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def put_json(value: Any) -> None:
    """A JSON result on stdout."""
    put(json.dumps(value, indent=1, ensure_ascii=False))


def put_items(items: Sequence[Any]) -> None:
    """One skill gives one object, several give `{"items": [...]}`."""
    put_json(items[0] if len(items) == 1 else {"items": list(items)})


def note(text: str) -> None:
    """A remark on stderr."""
    click.echo(text, err=True)


def style(text: str, role: str) -> str:
    """Colour on a terminal, nothing elsewhere or where NO_COLOR is set to anything; raises KeyError for an unknown role."""
    colour = ROLES[role]
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return click.style(text, fg=colour, bold=role in _BOLD)


def progress(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Yield the items with a bar on stderr when that is a terminal and there are many."""
    if total < 20 or not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, length=total, label=label, file=sys.stderr) as bar:
        yield from bar


def started(ctx: click.Context) -> float:
    """Monotonic time of process start."""
    import time

    obj = ctx.find_root().obj or {}
    value = obj.get("started")
    return float(value) if value is not None else time.monotonic()
