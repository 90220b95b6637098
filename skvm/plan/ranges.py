"""Ranges of numbers: what a guard can say of a number that was seen to change nothing, or to be passed on.

A decision by thresholds gives intervals: between two numbers with the same outcome the outcome is the same. Beyond them nobody
knows, whether or not the number is used: a total that is passed on may also be why the next one does otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

HARMLESS = 10
"""Steps beyond all numbers seen so far that open an end: then a further one changes something in less than one of eleven cases
(rule of succession). Of 32 draws of one kind that many are records in one of some ten thousand."""

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


def number_of(value: Any) -> Decimal | None:
    """The number that a JSON value is, or that a text is the decimal spelling of; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return Decimal(text) if len(text) <= 40 and _NUMBER.fullmatch(text) else None


def numbers(values: Sequence[Any]) -> list[Decimal] | None:
    """All values as numbers; None where one is none."""
    found = [number_of(v) for v in values]
    return None if not found or any(n is None for n in found) else [n for n in found if n is not None]


def reach(values: Sequence[Any]) -> str:
    """Stored range that numbers seen one after the other speak for; empty where a value is no number.

    From the least to the greatest, and the signs that were seen. An end is open where `HARMLESS` numbers, one after the other,
    each lay further out than all before and changed nothing, as numbers do that only count up: draws of one kind
    do that about once each time their number trebles.
    """
    found = numbers(values)
    if found is None:
        return ""
    limits = {} if _records(found) >= HARMLESS else {"to": str(max(found))}
    limits |= {} if _records([-n for n in found]) >= HARMLESS else {"from": str(min(found))}
    return json.dumps({"signs": "".join(sorted({_sign(n) for n in found})), **limits}, sort_keys=True)


def _records(found: Sequence[Decimal]) -> int:
    """How many numbers are greater than all before them; the first is not."""
    most, records = found[0], 0
    for number in found[1:]:
        if number > most:
            most, records = number, records + 1
    return records


def within(value: Any, stored: str) -> bool:
    """Is the value a number in a stored range? An empty range holds everything."""
    if not stored:
        return True
    number, limits = number_of(value), json.loads(stored)
    if number is None:
        return False
    if _sign(number) not in limits.get("signs", "-0+"):
        return False
    high_enough = "from" not in limits or Decimal(limits["from"]) <= number
    return high_enough and ("to" not in limits or number <= Decimal(limits["to"]))


def _sign(number: Decimal) -> str:
    return "0" if number == 0 else "-" if number < 0 else "+"
