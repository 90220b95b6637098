"""Material for instances: names, words and numbers made from the seed, so that there is no fixed set to memorise."""

from __future__ import annotations

from skvm.profile.kit.instance import Rng

ONSETS = (
    "b",
    "br",
    "c",
    "d",
    "dr",
    "f",
    "g",
    "gl",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
)
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "io")
CODAS = ("", "", "l", "m", "n", "r", "s", "t", "x", "nd", "rk", "st")


def coined(rng: Rng, syllables: int = 2) -> str:
    """A coined lower-case word that no dictionary holds, as a name for things."""
    return "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(syllables)) + rng.choice(CODAS)


def coined_words(rng: Rng, count: int, syllables: int = 2) -> list[str]:
    """Different coined words, none a part of another (so that a search for one never finds another)."""
    found: list[str] = []
    while len(found) < count:
        word = coined(rng, syllables)
        if not any(word in other or other in word for other in found):
            found.append(word)
    return found


def token(rng: Rng) -> str:
    """A word and four digits, `brealo-4821`: cannot be guessed, and is written in one way only."""
    return f"{coined(rng)}-{rng.randint(1000, 9999)}"


def tokens(rng: Rng, count: int) -> list[str]:
    """Different tokens."""
    return [f"{word}-{rng.randint(1000, 9999)}" for word in coined_words(rng, count)]


def people(rng: Rng, count: int) -> list[str]:
    """Different coined given names."""
    return [word.capitalize() for word in coined_words(rng, count)]
