"""What a rule or an act demands, in a form in which two of them can be held against each other.

A demand is a set of words in their order, wanted or forbidden. "Never push without approval" forbids "push without approval",
and it makes every push wait for a check; "push directly" wants a push that waits for nothing. Nothing is guessed: demands are
compared by equal words, after marks, fillers and the endings of participles are gone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.parse.lexicon import words_of

FORCE = re.compile(
    r"(?a)\b(?:must not|must never|must|never|always|do not|don['’]t|should not|shouldn['’]t|should)\b", re.IGNORECASE
)
_REASON = re.compile(r"\s(?:—|–|-|because)\s.*|;.*|\([^)]*\)\W*\Z", re.DOTALL)
_VAGUE = re.compile(r"(?a)\bonly\b|[:?]\W*(?:\Z|\s--?\s)|\A\W{0,4}[\"“]", re.IGNORECASE)
_EXCEPTION = re.compile(r"(?a)\b(?:unless|except\w*|but|however|if|when|whenever|instead|otherwise)\b", re.IGNORECASE)
_MARKS = re.compile(r"[*_`,!\"'’“”]+|\.+(?=\s|\Z)")
_ASKS = re.compile(
    r"(?a)(?P<what>(?:ask|wait|check|confirm|get|obtain|request|seek|require|have)\b.*?)\bbefore (?P<act>\w+ing\b.*)\Z",
    re.DOTALL,
)
_ORDER = re.compile(r"(?a)(.+?)\s(before|after)\s(\w+ing\b.*)\Z", re.DOTALL)
_BOUND = re.compile(
    r"(?a)\b(exactly|at least|at most|no more than|no fewer than|a maximum of|a minimum of|up to)\s+(\d{1,6})\b"
)
_LEAST = ("at least", "no fewer than", "a minimum of")
Words = tuple[str, ...]


class Demand(NamedTuple):
    """One demand. `words`: all of it; `core`: the act alone; `waits`: it is forbidden before a check; `unasked`: it is wanted
    without one; `order`: the act that comes first and the one that follows; `bound`: least and greatest number, the rest of
    the words in `words` with a `#` for the number.
    """

    wanted: bool
    words: Words
    core: Words
    waits: bool = False
    unasked: bool = False
    order: tuple[Words, Words] | None = None
    bound: tuple[int, int] | None = None


def demand_of(text: str, *, wanted: bool) -> Demand | None:
    """What a sentence demands; None where it says nothing firm: a question, words to say, a list to come, an "only".

    Of a sentence with an exception or a condition in it nothing but the whole is compared.
    """
    if _VAGUE.search(text.strip()):
        return None
    stated = _MARKS.sub("", FORCE.sub(" ", _REASON.sub("", text))).lower().strip()
    words = _words(stated)
    if not words:
        return None
    if _EXCEPTION.search(text):
        return Demand(wanted, words, ())
    asks = _ASKS.match(stated) if wanted else None
    if asks is not None and _checked(asks["what"].split()):
        return Demand(wanted, words, _words(asks["act"]), waits=True, order=_order(stated))
    act, _, missing = stated.partition(" without ")
    checked = bool(missing) and _checked(missing.split())
    core = tuple(w for w in _words(act) if w not in words_of("unasked"))
    free = len(core) < len(_words(act)) and not missing
    bound = _bound(stated)
    return Demand(
        wanted,
        _words(_BOUND.sub("#", stated)) if bound is not None else words,
        core,
        waits=checked and not wanted,
        unasked=(checked or free) and wanted,
        order=_order(stated) if wanted else None,
        bound=bound,
    )


def opposite(one: Demand, other: Demand) -> bool:
    """Do two demands want and forbid the same words, or want numbers that no number meets both?"""
    if one.words != other.words or len(one.words) < MIN_WORDS:
        return False
    if one.wanted and other.wanted and one.bound is not None and other.bound is not None:
        return max(one.bound[0], other.bound[0]) > min(one.bound[1], other.bound[1])
    return one.wanted is not other.wanted and one.bound == other.bound


def unchecked(one: Demand, other: Demand) -> bool:
    """Does one demand want at once what the other lets happen after a check alone?"""
    return bool(one.core) and one.core == other.core and ((one.waits and other.unasked) or (one.unasked and other.waits))


def turned(one: Demand, other: Demand) -> bool:
    """Do two demands put the same two acts into opposite orders?"""
    return one.order is not None and other.order is not None and one.order == other.order[::-1]


MIN_WORDS = 2
"""One word alone ("always", "never commit" cut short) is no statement to hold against another."""


def _words(text: str) -> Words:
    fillers = words_of("demand_fillers")
    found = [w for w in text.split() if w not in fillers]
    return (_stem(found[0]), *found[1:]) if found else ()


def _stem(word: str) -> str:
    """A verb without the ending of its participle: "pushing" and "push", "making" and "make", "running" and "run" meet."""
    base = word[:-3] if word.endswith("ing") and len(word) > 5 else word
    base = base.removesuffix("e")
    return base[:-1] if len(base) > 2 and base[-1] == base[-2] else base


def _checked(words: list[str]) -> bool:
    return any(word.rstrip(".;") in words_of("checkpoints") for word in words[:6])


def _order(text: str) -> tuple[Words, Words] | None:
    match = _ORDER.match(text)
    if match is None:
        return None
    first, then = _words(match[1]), _words(match[3])
    return (first, then) if match[2] == "before" else (then, first)


def _bound(text: str) -> tuple[int, int] | None:
    found = _BOUND.findall(text)
    if len(found) != 1:
        return None
    word, number = found[0][0], int(found[0][1])
    least = number if word == "exactly" or word in _LEAST else 0
    return least, MOST if word in _LEAST else number


MOST = 10**9
