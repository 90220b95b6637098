"""Ranges of numbers: what a guard can say of a number that was seen to change nothing, or to be passed on.

A decision by thresholds gives intervals: between two numbers with the same outcome the outcome is the same. Beyond them nobody
knows. Zero and the sign decide so often that a number which is only passed on keeps those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

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


def hull(values: Sequence[Any]) -> str:
    """Stored range from the least to the greatest of the numbers; empty where a value is no number."""
    found = numbers(values)
    return "" if found is None else json.dumps({"from": str(min(found)), "to": str(max(found))})


def signs(values: Sequence[Any]) -> str:
    """Stored range of all numbers with a sign that was seen; empty where a value is no number."""
    found = numbers(values)
    return "" if found is None else json.dumps({"signs": "".join(sorted({_sign(n) for n in found}))})


def within(value: Any, stored: str) -> bool:
    """Is the value a number in a stored range? An empty range holds everything."""
    if not stored:
        return True
    number, limits = number_of(value), json.loads(stored)
    if number is None:
        return False
    if "signs" in limits:
        return _sign(number) in limits["signs"]
    return Decimal(limits["from"]) <= number <= Decimal(limits["to"])


def _sign(number: Decimal) -> str:
    return "0" if number == 0 else "-" if number < 0 else "+"
