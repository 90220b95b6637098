"""Tones of prose that can be told apart by their marks: who speaks, to whom, and how stiffly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skvm.profile.kit.prose import shortened

FIRST = r"\b(?:I|me|my|mine|myself)\b"
WE, YOU = r"\b(?:we|us|our|ours|ourselves)\b", r"\b(?:you|your|yours|yourself)\b"


@dataclass(frozen=True)
class Tone:
    """A tone: how it is described, what every paragraph must hold, what none may, and how our writer says a clause in it."""

    told: str
    must: tuple[str, ...]
    never: tuple[str, ...]
    says: Callable[[str], str]
    contracted: bool | None

    def broken(self, paragraph: str) -> str:
        """Why a paragraph is not in the tone; empty when it is."""
        if self.contracted is not None and bool(shortened(paragraph)) is not self.contracted:
            return "contractions" if not self.contracted else "no contraction"
        missing = [p for p in self.must if not _holds(p, paragraph)]
        wrong = [p for p in self.never if _holds(p, paragraph)]
        return f"lacks {missing} or has {wrong}" if missing or wrong else ""


def _holds(pattern: str, text: str) -> bool:
    return re.search(pattern, text, 0 if pattern == FIRST else re.IGNORECASE) is not None


TONES: Mapping[str, Tone] = {
    "formal": Tone(
        "formal and impersonal: no contractions, no exclamation marks, and neither the writer (I, we) nor the reader (you) is "
        "mentioned anywhere",
        (),
        (FIRST, WE, YOU, "!"),
        lambda clause: f"{clause[0].upper()}{clause[1:]}.",
        False,
    ),
    "chatty": Tone(
        "a friendly chat with the reader: every paragraph speaks to the reader as `you` and has at least one contraction "
        "(such as it's or don't)",
        (YOU,),
        (),
        lambda clause: f"You'll see that {clause}.",
        True,
    ),
    "joint": Tone(
        "the report of a group about itself: every paragraph says `we` or `our`, nowhere `I` or `you`, and there are no "
        "contractions",
        (WE,),
        (FIRST, YOU),
        lambda clause: f"We found that {clause}.",
        False,
    ),
    "memory": Tone(
        "one person's quiet memories: every paragraph says `I` or `my`, nowhere `you`, and there are no exclamation marks",
        (FIRST,),
        (YOU, "!"),
        lambda clause: f"I remember that {clause}.",
        None,
    ),
}
