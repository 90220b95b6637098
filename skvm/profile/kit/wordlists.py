"""Lists of words: what can be done with them, and what can be asked about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words

Words = list[str]

Step = tuple[str, Callable[[Words], Words]]
"""How it is told, and what does it."""

Test = tuple[str, Callable[[Words], bool]]
"""How it is told, and whether it holds."""


def steps_for(rng: Rng, words: Sequence[str]) -> list[Step]:
    """Things to do with a list of at least three words."""
    extra, letter = coined_words(rng, 1)[0], rng.choice(words)[0]
    place = rng.randint(2, 3)
    return [
        ("reverse the order of the list", lambda x: x[::-1]),
        ("move the first word to the end", lambda x: [*x[1:], x[0]]),
        ("move the last word to the beginning", lambda x: [x[-1], *x[:-1]]),
        ("swap the first and the last word", lambda x: [x[-1], *x[1:-1], x[0]]),
        (f"put the word {extra} at the end", lambda x: [*x, extra]),
        (f"put the word {extra} at the beginning", lambda x: [extra, *x]),
        (f"remove word number {place} of the list", lambda x: [*x[: place - 1], *x[place:]]),
        (f"move every word that begins with {letter} to the end, keeping their order", lambda x: _parted(x, letter)),
        ("sort the list alphabetically", sorted),
    ]


def _parted(words: Words, letter: str) -> Words:
    return [word for word in words if word[0] != letter] + [word for word in words if word[0] == letter]


def tests_for(rng: Rng, words: Sequence[str]) -> list[Test]:
    """What can be asked about a list of words."""
    many, letter, length = len(words) + rng.randint(-1, 1), rng.choice(words)[0], rng.randint(5, 7)
    known = rng.choice(words)
    return [
        (f"the list has more than {many} words", lambda x: len(x) > many),
        (f"the first word begins with {letter}", lambda x: x[0][0] == letter),
        (f"the last word has more than {length} letters", lambda x: len(x[-1]) > length),
        (f"{known} is one of the first three words", lambda x: known in x[:3]),
        ("the first word comes before the last word in the alphabet", lambda x: x[0] < x[-1]),
        (f"the list has an even number of words, or begins with {known}", lambda x: len(x) % 2 == 0 or x[0] == known),
        ("the second word is longer than the first one", lambda x: len(x[1]) > len(x[0])),
    ]
