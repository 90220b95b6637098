"""A text with a skeleton: delimiter lines in a fixed order, and what stands in the slot after each of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from skvm.profile.kit.bodies import only_body, unified
from skvm.profile.kit.prose import count_word, repeated, words

BULLET = re.compile(r"^\s*[-*+•]\s+(.*\S)", re.MULTILINE)
SHORT = 0.9
"""Share of the stated number of words that is enough: a miscount by a tenth does not decide."""


@dataclass(frozen=True)
class Slot:
    """A delimiter line and what must follow it: words, a name, list items (0 = none asked for)."""

    line: str
    words: int = 0
    name: str = ""
    items: int = 0


def lacking(text: str, slots: Sequence[Slot]) -> str:
    """What a text lacks of its skeleton, in words; empty when it has everything. Emphasis around a delimiter is no fault."""
    lines = (only_body(text) or unified(text)).split("\n")
    plain = [line.strip().strip("*_`").strip() for line in lines]
    places = []
    for slot in slots:
        found = [n for n, line in enumerate(plain) if line == slot.line]
        if len(found) != 1:
            return f"the line {slot.line!r} stands there {len(found)} times"
        places.append(found[0])
    if places != sorted(places):
        return "the delimiter lines are not in their order"
    for slot, begin, end in zip(slots, places, [*places[1:], len(lines)], strict=True):
        reason = _empty(slot, "\n".join(lines[begin + 1 : end]))
        if reason:
            return f"after {slot.line!r}: {reason}"
    again = repeated(text)
    return f"twice: {again[:60]!r}" if again else ""


def _empty(slot: Slot, text: str) -> str:
    if len(words(text)) < SHORT * slot.words:
        return f"{len(words(text))} words instead of {slot.words}"
    if slot.name and not count_word(text, slot.name):
        return f"nothing about {slot.name}"
    items = BULLET.findall(text)
    return f"{len(items)} list items instead of {slot.items}" if slot.items and len(items) != slot.items else ""
