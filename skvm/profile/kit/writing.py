"""A writer for reference answers: plain English sentences, no two alike, with the names they are asked to hold."""

from __future__ import annotations

from collections.abc import Sequence

from skvm.profile.kit.instance import Rng

WHO = ("the keeper", "a neighbour", "the old clerk", "a visitor", "the youngest carter", "the miller", "a patient gardener")
DID = ("walked past", "wrote about", "looked after", "spoke of", "asked about", "thought of", "carried water to", "sat beside")
WHAT = ("the narrow bridge", "a row of lamps", "the stone wall", "an empty yard", "the long barn", "a painted door", "the quay")
HOW = ("with great care", "in a calm way", "without any hurry", "as if for the first time", "with a steady hand", "for a while")
WHEN = ("before the rain came", "when the bells rang", "on the way home", "after the harvest", "in the early light", "at dusk")
AND = (
    "and nobody minded",
    "and the day went on",
    "while the others waited",
    "and it was the right thing to do",
    "and all was well",
)


class Writer:
    """Sentences out of a seeded generator: no contraction, digit, exclamation mark, first or second person in them."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.said: set[str] = set()

    def clause(self, names: Sequence[str] = ()) -> str:
        """A clause without capital and full stop, not said before, that holds the names."""
        while True:
            who, did, what, how, when, end = (self.rng.choice(pool) for pool in (WHO, DID, WHAT, HOW, WHEN, AND))
            about = f"{' and '.join(names)} and {what}" if names else what
            text = f"{who} {did} {about} {how} {when} {end}"
            if text not in self.said:
                self.said.add(text)
                return text

    def sentence(self, *names: str) -> str:
        """A sentence that holds the names."""
        text = self.clause(names)
        return f"{text[0].upper()}{text[1:]}."

    def paragraph(self, *names: str, words: int = 1, sentences: int = 1) -> str:
        """At least so many words and sentences; the first sentence holds the names."""
        parts = [self.sentence(*names)]
        while len(parts) < sentences or sum(len(part.split()) for part in parts) < words:
            parts.append(self.sentence())
        return " ".join(parts)
