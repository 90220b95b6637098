"""Notices of an event that say the same facts in a formal and in a casual way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import people
from skvm.profile.kit.prose import has_word, runs_like_prose, sentences, shortened, words

MONTHS = ("January", "March", "April", "June", "July", "August", "September", "October", "November", "December")
YOU = re.compile(r"\b(?:you|your|yours|y['’]all)\b", re.IGNORECASE)
FACE = re.compile(r"[\U0001f300-\U0001faff\u2600-\u27bf]|[:;]-?[)D(P](?![^\W_])")

_WAYS = (
    ("The event will commence on {day}; punctual attendance is requested.", "It's gonna start on {day}, so don't be late!"),
    ("The venue shall be the old hall of {who}.", "We're meeting at the old hall of {who}, yay!"),
    ("The fee for admission amounts to {count} crowns.", "It'll only set you back {count} crowns, and that's not bad, guys."),
    ("Enquiries are to be directed to {who}.", "If you've got questions, don't be shy, dude, just grab {who}!"),
    ("Attendees are advised to furnish {count} lamps.", "You'll wanna bring {count} lamps, 'cause it's dark in there."),
    ("Attendance is hereby restricted to {count} persons.", "There's room for {count} of us, so you'd better hurry, buddy!"),
    ("{who} will preside over the proceedings.", "Guess what, folks: {who} is gonna run it, and you'll love it!"),
    ("Refreshments will be supplied by {who}.", "And hey, {who} is doing the grub, so you won't starve!"),
)
STIFF = ("commence", "requested", "shall", "amounts", "enquiries", "attendees", "furnish", "hereby", "preside", "refreshments")
LOOSE = ("gonna", "yay", "guys", "dude", "wanna", "buddy", "folks", "hey", "grub")


@dataclass(frozen=True)
class Notice:
    """The facts (`needles`, texts that must stand in every version), and their formal and casual sentences in order."""

    needles: Sequence[str]
    formal: Sequence[str]
    casual: Sequence[str]

    def lost(self, text: str) -> list[str]:
        """Facts that a text does not hold."""
        return [needle for needle in self.needles if not _stands(text, needle)]


def notice(rng: Rng, count: int) -> Notice:
    """A notice of `count` facts."""
    needles, formal, casual = list[str](), list[str](), list[str]()
    numbers = rng.sample(range(32, 98), count)
    for way, who, number in zip(rng.sample(_WAYS, count), people(rng, count), numbers, strict=True):
        month, day = rng.choice(MONTHS), rng.randint(1, 28)
        filled = {"who": who, "count": str(number), "day": f"{day} {month}"}
        formal.append(way[0].format(**filled))
        casual.append(way[1].format(**filled))
        needles += [str(day), month] if "{day}" in way[0] else [who] if "{who}" in way[0] else [str(number)]
    return Notice(needles, formal, casual)


def _stands(text: str, needle: str) -> bool:
    if needle.isdecimal():
        return re.search(rf"(?<!\d){needle}(?:st|nd|rd|th)?(?![^\W_])", text) is not None
    return has_word(text, needle)


def told(casual: bool) -> str:
    """How a tone is asked for."""
    if casual:
        return (
            "a casual tone, as one writes to good friends: with at least three contractions or spoken short forms (such as "
            f"it's, don't, you'll), speaking to the reader as `you`, and without these stiff words: {', '.join(STIFF)}"
        )
    return (
        "a formal tone, as an office writes to the public: without contractions (such as it's, don't), exclamation marks and "
        f"emoticons, and without words of familiar speech such as {', '.join(LOOSE)}"
    )


def out_of_tone(text: str, casual: bool) -> str:
    """Why a text is not in the tone; empty when it is."""
    if len(sentences(text)) < 3 or not runs_like_prose(text):
        return "these are not three whole sentences"
    spoken = {word.lower() for word in words(text)}
    wrong = sorted(spoken & set(STIFF if casual else LOOSE))
    if wrong:
        return f"words of the other tone: {', '.join(wrong)}"
    if casual:
        return "" if YOU.search(text) and len(shortened(text)) >= 3 else "nobody is spoken to, or few contractions"
    return "contractions, exclamation marks or emoticons" if shortened(text) or "!" in text or FACE.search(text) else ""
