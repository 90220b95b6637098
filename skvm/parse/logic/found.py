"""What was found in one sentence: a control with its place, before it is known whether it governs a step."""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.ir import ControlKind
from skvm.parse.sentences import number

_FEWER = re.compile(
    r"(?a)(?:fewer|less) than (\w+)\b.*\b(?:tried|times|attempts?|attempted|rounds?|iterations?|retries|tries|passes|cycles)\b",
    re.IGNORECASE | re.DOTALL,
)


class Found(NamedTuple):
    """A control in a sentence: code points `[at, end)`, the condition's code points, and what it names.

    `lead`: it stands at the head of the sentence (behind a label), so that it governs what follows.
    """

    kind: ControlKind
    at: int
    end: int
    condition: tuple[int, int] | None = None
    bound: int | None = None
    domain: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    target: tuple[int, int] | None = None
    lead: bool = False
    word: str = ""


def counted(found: list[Found], text: str) -> list[Found]:
    """Under "if fewer than 3 were tried", a jump or loop is bounded by that number."""
    counts = [m for f in found if f.condition and (m := _FEWER.match(text, *f.condition))]
    if not counts or number(counts[0][1].lower()) is None:
        return found
    again = (ControlKind.JUMP, ControlKind.LOOP)
    return [f._replace(bound=number(counts[0][1].lower())) if f.kind in again and f.bound is None else f for f in found]
