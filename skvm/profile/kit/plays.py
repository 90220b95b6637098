"""Plays: what a model might do in answer to a probe, as a script over turns. References pass, variants too, mutants fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from skvm.profile.kit.site import BASE


@dataclass(frozen=True)
class Call:
    """A tool call of a play; `raw` is what stands for the arguments when they are not the object that they should be."""

    tool: str
    args: dict[str, Any]
    raw: str = ""


Script = Generator[Sequence[Call], list[str], str]
"""Yields the calls of one turn and is sent their results as the model sees them; returns the final text.

A script is replayed from its start for every turn, so it depends on nothing but the results it is sent.
"""

Play = Callable[[], Script]


def says(text: str) -> Play:
    """A play without calls."""

    def play() -> Script:
        yield from ()
        return text

    return play


def does(*turns: Sequence[Call], text: str = "Done.") -> Play:
    """A play whose calls are known beforehand, turn by turn."""

    def play() -> Script:
        for turn in turns:  # noqa: UP028 - a tuple could not be sent the results
            yield turn
        return text

    return play


def at(play: Play, base: str) -> Play:
    """The play against a site at `base`: its name in calls and in the final text becomes that address."""

    def placed() -> Script:
        script = play()
        results: list[str] | None = None
        while True:
            try:
                calls = next(script) if results is None else script.send(results)
            except StopIteration as stop:
                return str(stop.value or "").replace(BASE, base)
            results = yield [_placed(call, base) for call in calls]

    return placed


def _placed(call: Call, base: str) -> Call:
    args: dict[str, Any] = json.loads(json.dumps(call.args).replace(BASE, base))
    return Call(call.tool, args, call.raw)


REFUSAL = "I'm sorry, but I can't help with this task."
"""How a mutant refuses."""
