"""follow.style: a notice turned into the other tone; three facts told by a persona; one persona over a long text.

A tone or persona is described by marks that can be found, in every part where the style must last; what is told must stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from skvm.capability import Level
from skvm.profile.kit.bodies import body
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.notices import Notice, notice, out_of_tone, told
from skvm.profile.kit.personas import TRAITS, Persona, persona
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import people
from skvm.profile.kit.prose import count_word, has_word, repeated, words
from skvm.profile.kit.ruled import plain
from skvm.profile.kit.writing import Writer


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _tone, Level.L2: _persona, Level.L3: _long}[level](rng)


def _tone(rng: Rng) -> Task:
    casual, found = rng.choice((True, False)), notice(rng, 4)
    given, due = (found.formal, found.casual) if casual else (found.casual, found.formal)
    text, n = " ".join(due), rng.randint(0, 3)
    opening, closing = ("Hi there!", "See you soon!") if casual else ("Dear members,", "Yours faithfully.")
    mixed = [given[m] if m == n else sentence for m, sentence in enumerate(due)]
    return Task(
        prompt=f"Rewrite this notice in another tone:\n\n{' '.join(given)}\n\nThe new version has {told(casual)}. It is made "
        "of whole sentences and keeps all facts, with names as they are, numbers as digits and months in full. Answer with the "
        "new version only.",
        grade=pure(lambda trial: _judge_tone(trial, found, casual)),
        reference=says(text),
        variants={
            "with a greeting": says(f"{opening}\n\n{text}\n\n{closing}"),
            "wrapped": says(text.replace(" ", "\n", 3)),
            "typographic": says(text.replace("'", "’")),
        },
        mutants={
            "as it was": says(" ".join(given)),
            "greeting only": says(f"{opening} {' '.join(given)} {closing}"),
            "one sentence as it was": says(" ".join(mixed)),
            "a fact dropped": says(" ".join(sentence for m, sentence in enumerate(due) if m != n)),
            "a fact changed": says(text.replace(found.needles[-1], "Nemo" if found.needles[-1].isalpha() else "99")),
            "key words": says("; ".join(found.needles)),
            "refusal": says(REFUSAL),
        },
    )


def _judge_tone(trial: Trial, found: Notice, casual: bool) -> Verdict:
    text = plain(body(trial.text))
    if found.lost(text):
        return fail(f"lost: {', '.join(found.lost(text))}")
    return fail(reason) if (reason := out_of_tone(text, casual)) else PASS


def _fact(rng: Rng, thing: str, name: str, number: int) -> tuple[str, str]:
    """A sentence about a thing, and what must stand in it whoever tells it."""
    text, needle = rng.choice(
        (
            (f"The {thing} is worth {number} crowns.", str(number)),
            (f"The {thing} belongs to {name}.", name),
            (f"The {thing} was praised by {name}.", name),
            (f"The {thing} has been talked of for {number} years.", str(number)),
        )
    )
    return text, needle


def _persona(rng: Rng) -> Task:
    who, writer = persona(rng, 3), Writer(rng)
    told_of = zip(who.words, people(rng, 3), rng.sample(range(31, 98), 3), strict=True)
    facts = [_fact(rng, thing, name, number) for thing, name, number in told_of]
    sentences, needles = [text for text, _ in facts], [needle for _, needle in facts]
    text = who.speaks(writer, sentences)
    changed = [*sentences[:-1], sentences[-1].replace(needles[-1], "twelve" if needles[-1].isdecimal() else "Nemo")]
    return Task(
        prompt=f"You are {who.name}, a {who.trade} of {who.place}, and speak to someone who has just come. Say these three "
        f"things, with names as they are and numbers as digits:\n"
        + "\n".join(f"- {text}" for text in sentences)
        + f"\n\nHow {who.name} speaks:\n"
        f"{who.told('the speech')}\n\nThe speech is one paragraph of at most 120 words. Answer with the speech only.",
        grade=pure(lambda trial: _judge_persona(trial, who, needles)),
        reference=says(text),
        variants={
            "longer": says(who.speaks(writer, sentences, 60)),
            "in quotes": says(f'"{text}"'),
            "emphasis": says(text.replace(who.saying, f"**{who.saying}**")),
        },
        mutants={
            **{f"without: {trait}": says(who.speaks(writer, sentences, 0, trait)) for trait in (*TRAITS, "all")},
            "a fact dropped": says(who.speaks(writer, sentences[1:])),
            "a fact changed": says(who.speaks(writer, changed)),
            "the facts": says(" ".join(sentences)),
            "the manners": says(who.told("the speech")),
            "too long": says(who.speaks(writer, sentences, 140)),
            "refusal": says(REFUSAL),
        },
    )


def _judge_persona(trial: Trial, who: Persona, needles: Sequence[str]) -> Verdict:
    text = plain(body(trial.text))
    lost = [needle for needle in needles if not count_word(text, needle)]
    if lost or len(words(text)) > 126:
        return fail(f"lost: {', '.join(lost)}" if lost else f"{len(words(text))} words")
    return fail(reason) if (reason := who.broken(text)) else PASS


LEAST = 80


def _long(rng: Rng) -> Task:
    who, writer = persona(rng, 1), Writer(rng)
    thing = next(iter(who.words))
    names = people(rng, rng.randint(5, 6))
    kind = rng.choice(("villages", "rivers", "festivals", "inns", "neighbours", "songs", "roads", "feuds"))

    def part(name: str, without: str = "", least: int = LEAST) -> str:
        return who.speaks(
            writer, [writer.sentence(name), f"Near there stood the {thing} of an aunt of {name}."], least, without
        )

    parts = [part(name) for name in names]
    text = _piece(names, parts)
    fallen = {
        f"without {trait} in part {n + 1}": _piece(names, [*parts[:n], part(names[n], trait), *parts[n + 1 :]])
        for trait in (*TRAITS, "all")
        for n in (rng.randint(1, len(names) - 1),)
    }
    return Task(
        prompt=f"You are {who.name}, a {who.trade} of {who.place}. Write a long text about {len(names)} invented {kind}, "
        f"one section each, in this order: {', '.join(names)}. Each section has a heading line `## NAME` and below it "
        f"{LEAST} words or more in which that name stands and a {thing} is spoken of. The style stays the same from the first "
        f"section to the last. How {who.name} speaks:\n{who.told('every section')}\n\nNo other sentence stands there twice. "
        "Answer with the text only.",
        grade=pure(lambda trial: _judge_long(trial, who, names)),
        reference=says(text),
        variants={
            "bold headings": says(re.sub(r"## (\w+)", r"### **\1**", text)),
            "in paragraphs": says(text.replace(f" {who.saying}", f"\n\n{who.saying}")),
            "fenced": says(f"```markdown\n{text}\n```"),
        },
        mutants={
            **{name: says(found) for name, found in fallen.items()},
            "style in the first part only": says(_piece(names, [parts[0], *(part(name, "all") for name in names[1:])])),
            "a section dropped": says(_piece(names[:-1], parts[:-1])),
            "sections swapped": says(_piece([names[1], names[0], *names[2:]], [parts[1], parts[0], *parts[2:]])),
            "too short": says(_piece(names, [*parts[:-1], who.speaks(writer, [f"{names[-1]} has a {thing}."])])),
            "the same again": says(_piece(names, [parts[0].replace(names[0], name) for name in names])),
            "no headings": says("\n\n".join(parts)),
            "refusal": says(REFUSAL),
        },
    )


def _piece(names: Sequence[str], parts: Sequence[str]) -> str:
    return "\n\n".join(f"## {name}\n\n{part}" for name, part in zip(names, parts, strict=True))


def _judge_long(trial: Trial, who: Persona, names: Sequence[str]) -> Verdict:
    found = re.split(r"^#{1,6}[ \t]+(.*?)[ \t#]*$", plain(body(trial.text)), flags=re.MULTILINE)
    pairs = [(title, text) for title, text in zip(found[1::2], found[2::2], strict=True) if text.strip()]
    if len(pairs) != len(names) or not all(has_word(title, name) for (title, _), name in zip(pairs, names, strict=True)):
        return fail("the headings are not those asked for, in their order")
    for (_, text), name in zip(pairs, names, strict=True):
        if len(words(text)) < 0.9 * LEAST or not has_word(text, name):
            return fail(f"{name}: {len(words(text))} words, or not about it")
        if reason := who.broken(text):
            return fail(f"{name}: {reason}")
    again = repeated("\n\n".join(text.strip().removesuffix(who.saying) for _, text in pairs))
    return fail(f"twice: {again[:60]!r}") if again else PASS


PROBE = Probe("follow.style", 1, _build)
