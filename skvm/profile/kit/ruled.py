"""Short texts under rules that can be counted: the rules, and a composer that keeps all of them or breaks a chosen one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from skvm.profile.kit.bodies import unified
from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words, people
from skvm.profile.kit.prose import count_word, paragraphs, repeated, runs_like_prose, sentences, words
from skvm.profile.kit.writing import DID, HOW, WHAT, WHEN, WHO


@dataclass(frozen=True)
class Draft:
    """What a composed text is like; every rule asks for some of it."""

    name: str
    sentences: int = 5
    long: bool = False
    holds: Sequence[str] = ()
    stray: str = ""
    first: str = ""
    last: str = ""
    numbers: Sequence[str] = ()
    comma: bool = False
    questions: int = 0
    capitals: bool = False
    paragraphs: int = 1
    pair: Sequence[str] = ()
    parted: bool = False

    def text(self, rng: Rng) -> str:
        """A text that is like this."""
        told = [_clause(rng, things, self.long) for things in self._objects()]
        if self.comma:
            told[1] = f"{told[1]}, or so they say"
        if self.last:
            told[-1] = f"{told[-1]} near {self.last}"
        told = [f"who knew that {clause}?" if 0 < n <= self.questions else f"{clause}." for n, clause in enumerate(told)]
        if self.first:
            told[0] = f"{self.first} {told[0]}"
        told = [f"{sentence[0].upper()}{sentence[1:]}" for sentence in told]
        cut = [len(told) * n // self.paragraphs for n in range(self.paragraphs + 1)]
        return "\n\n".join(" ".join(told[a:b]) for a, b in pairwise(cut))

    def _objects(self) -> list[list[str]]:
        """What each sentence must speak of."""
        found: list[list[str]] = [[] for _ in range(self.sentences)]
        if self.name:
            found[0].append(self.name.upper() if self.capitals else self.name)
        more = [
            *self.holds,
            *(f"{number} lamps" for number in self.numbers),
            *([f"the {self.stray} yard"] if self.stray else []),
        ]
        for n, thing in enumerate(more, 1):
            found[n % self.sentences].append(thing)
        for n, thing in enumerate(self.pair):
            found[-1 - n if self.parted else -1].append(thing)
        return found


def _clause(rng: Rng, things: Sequence[str], long: bool) -> str:
    about = " and ".join([*things, rng.choice(WHAT)] if long or not things else things)
    plain = f"{rng.choice(WHO)} {rng.choice(DID)} {about}"
    return f"{plain} {rng.choice(HOW)} {rng.choice(WHEN)} and went on until {rng.choice(WHAT)} was near" if long else plain


@dataclass(frozen=True)
class Rule:
    """A rule: how it is told, why a text breaks it (empty when it does not), what a draft that keeps it is like, and what
    drafts that break it are like instead, by name."""

    told: str
    broken: Callable[[str], str]
    kept: Mapping[str, object]
    slips: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def plain(text: str) -> str:
    """A text without emphasis and code marks."""
    return re.sub(r"[*`]|(?<![^\W_])_|_(?![^\W_])", "", unified(text)).strip()


def unlike_text(text: str, name: str) -> str:
    """Why an answer is no short text about what it should be about; empty when it is one."""
    if not count_word(text, name):
        return f"nothing about {name}"
    if len(sentences(text)) < 3 or not runs_like_prose(text):
        return "these are not three sentences or more"
    again = repeated(text)
    return f"twice: {again[:60]!r}" if again else ""


def composed(rng: Rng, draft: Draft) -> str:
    """A text like the draft, in which no sentence stands twice."""
    while True:
        text = draft.text(rng)
        if not repeated(text, 1):
            return text


def rules(rng: Rng, name: str, count: int) -> list[Rule]:
    """Different rules that can all be kept at once."""
    many = rng.randint(4, 6)
    return [make(rng, many, name) for make in rng.sample(_MAKERS, count)]


def drafts(name: str, chosen: Sequence[Rule]) -> tuple[Draft, dict[str, Draft]]:
    """A draft that keeps all rules, and drafts that break one of them."""
    kept = Draft(name, **{key: value for rule in chosen for key, value in rule.kept.items()})  # type: ignore[arg-type]
    slips = {
        f"{what} (rule {n})": replace(kept, **slip)  # type: ignore[arg-type]
        for n, rule in enumerate(chosen, 1)
        for what, slip in rule.slips.items()
    }
    return kept, slips


def _not(holds: bool, reason: str) -> str:
    return "" if holds else reason


def _sentences(rng: Rng, many: int, name: str) -> Rule:
    return Rule(
        f"The text has exactly {many} sentences.",
        lambda text: _not(len(sentences(text)) == many, f"{len(sentences(text))} sentences instead of {many}"),
        {"sentences": many},
        {"a sentence too many": {"sentences": many + 1}, "a sentence too few": {"sentences": many - 1}},
    )


def _length(rng: Rng, many: int, name: str) -> Rule:
    if rng.choice((True, False)):
        most = 12 * many + rng.randint(0, 9)
        return Rule(
            f"The text has at most {most} words.",
            lambda text: _not(min(len(words(text)), len(text.split())) <= most, f"more than {most} words"),
            {"sentences": many},
            {"too long": {"long": True}},
        )
    least = 16 * many + rng.randint(0, 9)
    return Rule(
        f"The text has at least {least} words.",
        lambda text: _not(max(len(words(text)), len(text.split())) >= least, f"fewer than {least} words"),
        {"sentences": many, "long": True},
        {"too short": {"long": False}},
    )


def _holds(rng: Rng, many: int, name: str) -> Rule:
    word, times = coined_words(rng, 1)[0], rng.randint(2, 3)
    return Rule(
        f"The invented word {word} stands in the text exactly {('two', 'three')[times - 2]} times, as a word of its own.",
        lambda text: _not(count_word(text, word) == times, f"{word} stands there {count_word(text, word)} times"),
        {"holds": [word] * times},
        {"once too often": {"holds": [word] * (times + 1)}, "once too few": {"holds": [word] * (times - 1)}},
    )


COMMON = (
    "small",
    "people",
    "always",
    "never",
    "place",
    "world",
    "often",
    "famous",
    "only",
    "very",
    "many",
    "every",
    "ancient",
)


def _avoids(rng: Rng, many: int, name: str) -> Rule:
    banned = rng.sample(COMMON, 5)
    return Rule(
        f"None of these words stands in the text: {', '.join(banned)}.",
        lambda text: _not(not (there := sorted(set(banned) & set(words(text.lower())))), f"banned words: {', '.join(there)}"),
        {},
        {"a banned word": {"stray": banned[0]}, "another banned word": {"stray": banned[-1]}},
    )


def _first(rng: Rng, many: int, name: str) -> Rule:
    word = rng.choice(
        ("Yesterday", "Nowadays", "Somewhere", "Perhaps", "Meanwhile", "Sometimes", "Nearby", "Eventually", "Quietly")
    )
    return Rule(
        f"The first word of the text is {word}.",
        lambda text: _not(words(text)[:1] == [word], f"it does not begin with {word}"),
        {"first": word},
        {"another first word": {"first": "Now"}, "no first word": {"first": ""}},
    )


def _last(rng: Rng, many: int, name: str) -> Rule:
    word, other = people(rng, 2)
    return Rule(
        f"The last word of the text is the place name {word}.",
        lambda text: _not(words(text)[-1:] == [word], f"it does not end with {word}"),
        {"last": word},
        {"another last word": {"last": other}, "words after it": {"last": f"{word} itself"}},
    )


def _number(rng: Rng, many: int, name: str) -> Rule:
    number, other = (str(n) for n in rng.sample(range(121, 989), 2))
    return Rule(
        f"The number {number} stands in the text once, in digits, and no other digits do.",
        lambda text: _not(re.findall(r"\d+", text) == [number], f"digits: {re.findall(r'[0-9]+', text)}"),
        {"numbers": [number]},
        {"another number": {"numbers": [other]}, "a number too many": {"numbers": [number, other]}, "none": {"numbers": []}},
    )


def _commas(rng: Rng, many: int, name: str) -> Rule:
    return Rule(
        "There is no comma in the text.",
        lambda text: _not("," not in text, "a comma"),
        {"comma": False},
        {"a comma": {"comma": True}},
    )


def _question(rng: Rng, many: int, name: str) -> Rule:
    asked = rng.randint(1, 2)
    told = "one of the sentences is a question" if asked == 1 else "two of the sentences are questions"
    return Rule(
        f"Exactly {told}, with a question mark.",
        lambda text: _not(text.count("?") == asked, f"{text.count('?')} questions instead of {asked}"),
        {"questions": asked},
        {"a question too many": {"questions": asked + 1}, "a question too few": {"questions": asked - 1}},
    )


def _capitals(rng: Rng, many: int, name: str) -> Rule:
    return Rule(
        f"The name {name} is written in capital letters wherever it stands, and no other word is.",
        lambda text: _not(_only_loud(text, name), "other capital words, or the name without capitals"),
        {"capitals": True},
        {"name as usual": {"capitals": False}, "others too": {"capitals": True, "stray": "LOUD"}},
    )


def _only_loud(text: str, name: str) -> bool:
    found = [re.sub(r"['’][sS]$", "", word) for word in words(text)]
    loud = {word for word in found if len(word) > 1 and word.isupper()}
    return loud == {name.upper()} and name.upper() not in {word.upper() for word in found if word not in loud}


def _paragraphs(rng: Rng, many: int, name: str) -> Rule:
    blocks = rng.randint(2, 3)
    return Rule(
        f"The text has exactly {blocks} paragraphs, with a blank line between one and the next.",
        lambda text: _not(len(paragraphs(text)) == blocks, f"{len(paragraphs(text))} paragraphs instead of {blocks}"),
        {"paragraphs": blocks},
        {"a paragraph too few": {"paragraphs": blocks - 1}, "a paragraph too many": {"paragraphs": blocks + 1}},
    )


def _pair(rng: Rng, many: int, name: str) -> Rule:
    a, b = people(rng, 2)
    return Rule(
        f"{a} and {b} are named in one and the same sentence, and in no other.",
        lambda text: _not(_together(text, (a, b)), f"{a} and {b} are not together in one sentence only"),
        {"pair": (a, b)},
        {"in two sentences": {"parted": True}, "one of them": {"pair": (a,)}, "neither": {"pair": ()}},
    )


def _together(text: str, names: Sequence[str]) -> bool:
    counts = [[count_word(sentence, name) > 0 for name in names] for sentence in sentences(text)]
    return sum(map(any, counts)) == 1 == sum(map(all, counts))


_MAKERS: Sequence[Callable[[Rng, int, str], Rule]] = (
    _sentences,
    _length,
    _holds,
    _avoids,
    _first,
    _last,
    _number,
    _commas,
    _question,
    _capitals,
    _paragraphs,
    _pair,
)
