"""Plays: what a model might do in answer to a probe, as a script over turns. References pass, variants too, mutants fail."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """A tool call of a play."""

    tool: str
    args: dict[str, Any]


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


REFUSAL = "I'm sorry, but I can't help with this task."
"""How a mutant refuses."""
