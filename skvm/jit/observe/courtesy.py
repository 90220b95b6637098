"""Requests without their courtesy: what people say around a request and what does not change it.

Only fixed phrases at the two ends, the case of a first word and the final mark are taken off. Nothing inside a request is
touched, and nothing is folded that could make two values alike.
"""

from __future__ import annotations

import re
from functools import lru_cache

_BEFORE = re.compile(
    r"(?:(?:hi|hello|hey|good morning|dear all)(?: there| all| team)?[,!.]? )?"
    r"(?:(?:could|can|would|will) you (?:please |kindly )?|please,? |kindly |bitte )?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:,|[.!?])?[ \n](?:please|thanks|thank you|thx|cheers|bitte|danke)(?: in advance| a lot| very much)?\Z", re.IGNORECASE
)
_MARK = re.compile(r"(?<![.!?])[.!?]\Z")
_WORD = re.compile(r"[A-Z][a-z]+(?=[ ,])")
LOWERED = "[a-z]+"
"""What the first word of a bare request is when it may have been written with a capital."""


@lru_cache(maxsize=64)  # every step of a run asks for the same request
def bare(request: str) -> str:
    """A request without greeting, courtesy and final mark, its first plain word in lower case.

    A text that is nothing else stays as it is.
    """
    whole = request.strip()
    text, before = _MARK.sub("", whole), ""
    while text != before:
        before = text
        text = _AFTER.sub("", _BEFORE.sub("", text, count=1))
        if _WORD.match(text):
            text = text[0].lower() + text[1:]
    return text if text and text == text.strip() else whole
