"""Speakers with manners that can be found in a passage: what they call themselves and the listener, in which register they
speak, their words of a dialect, and how they end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words, people
from skvm.profile.kit.prose import count_word, shortened, words
from skvm.profile.kit.writing import Writer

SELF = re.compile(r"\bI\b|\b(?:me|my|mine|myself)\b|\b[Mm]y\b|\bM(?:e|ine|yself)\b")
YOU = re.compile(r"\b(?:you|your|yours|yourself|you['’]\w+)\b", re.IGNORECASE)
THOU = re.compile(r"\b(?:thou|thee|thy|thine)\b", re.IGNORECASE)
THINGS = ("wagon", "boat", "horse", "goat", "tower", "ferry", "candle", "kettle", "orchard", "wolf")


@dataclass(frozen=True)
class Register:
    """How someone speaks: the rule, whether a passage breaks it, an opening of our writer in it, and one out of it."""

    told: str
    broken: Callable[[str], bool]
    opens: str
    slips: str


REGISTERS = (
    Register(
        "speaks in an old-fashioned way: thou, thee, thy or thine at least once, and never you, your or yours",
        lambda text: YOU.search(text) is not None or THOU.search(text) is None,
        "{me} tells thee, {you}, that {clause}.",
        "{me} tells you, {you}, that {clause}.",
    ),
    Register(
        "speaks in a measured way: no contractions (such as it's, don't) and no exclamation marks",
        lambda text: bool(shortened(text)) or "!" in text,
        "{me} would have it known, {you}, that {clause}.",
        "{me} can't keep it back, {you}, that {clause}!",
    ),
    Register(
        "speaks in a lively way: at least one contraction (such as it's, don't) and at least one exclamation mark",
        lambda text: not shortened(text) or "!" not in text,
        "{me} says it's true, {you}, that {clause}!",
        "{me} says it is true, {you}, that {clause}.",
    ),
)
TRAITS = ("me", "you", "register", "saying", "words")


@dataclass(frozen=True)
class Persona:
    """A speaker. `me` and `you` are phrases, `words` what is said for ordinary things, `saying` the last sentence."""

    name: str
    trade: str
    place: str
    me: str
    you: str
    register: Register
    saying: str
    words: Mapping[str, str]

    def told(self, part: str) -> str:
        """The manners as a list; `part` names what each of them holds for."""
        said = ", ".join(f"`{word}` for {thing}" for thing, word in self.words.items())
        ordinary = "the ordinary word for it" if len(self.words) == 1 else "the ordinary words for them"
        return "\n".join(
            (
                f"- says `{self.me}` in place of I: at least once in {part}, and never I, me, my, mine or myself",
                f"- calls the listener `{self.you}`, at least once in {part}",
                f"- {self.register.told} (this holds for {part})",
                f"- has words of a dialect ({said}), which stand in {part}, and never uses {ordinary}",
                f"- ends {part} with the sentence `{self.saying}`",
            )
        )

    def broken(self, passage: str) -> str:
        """The manner that a passage lacks; empty when it has all."""
        text = " ".join(passage.split())
        if SELF.search(text) or not count_word(text, self.me):
            return f"the speaker is not {self.me}, or is I"
        if not count_word(text, self.you):
            return f"nobody is called {self.you}"
        if self.register.broken(text):
            return "another register"
        ending = [word.lower() for word in words(self.saying)]
        if [word.lower() for word in words(text)][-len(ending) :] != ending:
            return "another ending"
        wrong = [t for t, word in self.words.items() if count_word(text, t) or not count_word(text, word)]
        return f"dialect: {', '.join(wrong)}" if wrong else ""

    def speaks(self, writer: Writer, told: Sequence[str], least: int = 0, without: str = "") -> str:
        """A passage of our writer that tells something in at least so many words, without one manner or without `all`."""
        lost = TRAITS if without == "all" else (without,)
        me = "I, like anyone else," if "me" in lost else self.me
        you = "whoever comes" if "you" in lost else self.you
        opening = self.register.slips if "register" in lost else self.register.opens
        opening = opening.format(me=me, you=you, clause=writer.clause())
        parts = [opening[0].upper() + opening[1:], *(text if "words" in lost else self._in_dialect(text) for text in told)]
        while sum(len(part.split()) for part in parts) < least:
            parts.append(writer.sentence())
        return " ".join(parts if "saying" in lost else [*parts, self.saying])

    def _in_dialect(self, text: str) -> str:
        for thing, word in self.words.items():
            text = re.sub(rf"\b{thing}\b", word, text)
        return text


def persona(rng: Rng, things: int) -> Persona:
    """A speaker with words for so many things."""
    name, place = people(rng, 2)
    trade = rng.choice(
        ("smith", "weaver", "herald", "beekeeper", "potter", "fiddler", "barber", "falconer", "cook", "watchman")
    )
    manner = rng.choice(("gentle", "young", "weary", "honest", "noble", "merry"))
    listener = rng.choice(("traveller", "stranger", "wanderer", "pilgrim", "guest of the road", "child of the hills"))
    return Persona(
        name,
        trade,
        place,
        rng.choice((f"old {name}", f"this {trade}", f"{name} the {trade}", f"the {trade} of {place}")),
        f"{manner} {listener}",
        rng.choice(REGISTERS),
        rng.choice(("Thus speaks all {}.", "Such is the way of {}.", "{} forgets nothing.", "Long may {} stand.")).format(
            place
        ),
        dict(zip(rng.sample(THINGS, things), coined_words(rng, things), strict=True)),
    )
