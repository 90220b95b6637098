"""gen.text.prose: one paragraph out of notes; several paragraphs in one tone; sections that lead into one another.

What can be counted is judged: sentences rather than notes, facts in order, the marks of a tone in every paragraph, and the
names that link one section to the next. Which words are chosen is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from skvm.capability import Level
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined, people
from skvm.profile.kit.prose import (
    count_word,
    has_word,
    marked_up,
    paragraphs,
    repeated,
    runs_like_prose,
    sentences,
    words,
)
from skvm.profile.kit.tones import TONES, Tone
from skvm.profile.kit.writing import Writer


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _paragraph, Level.L2: _tone, Level.L3: _sections}[level](rng)


def _unlike_prose(text: str) -> str:
    if marked_up(text):
        return "there is a heading, a list or a table in it"
    if not runs_like_prose(text):
        return "these are not sentences"
    again = repeated(text)
    return f"twice: {again[:60]!r}" if again else ""


LABELS = ("founder", "place", "year", "members", "rival", "emblem", "length in metres", "patron", "price", "harbour")


def _paragraph(rng: Rng) -> Task:
    subject, writer = coined(rng).capitalize(), Writer(rng)
    labels = rng.sample(LABELS, 4)
    names = people(rng, 4)
    numeric = ("year", "members", "length in metres", "price")
    years = {"year": rng.randint(1203, 1899)}
    facts = [
        str(years.get(label, rng.randint(21, 980))) if label in numeric else name
        for label, name in zip(labels, names, strict=True)
    ]
    if len(set(facts)) < 4:
        facts = names
    kind = rng.choice(("a guild", "a bridge", "a ship", "a school", "a festival", "a garden", "an inn", "a mill"))
    notes = "\n".join(f"- {label}: {fact}" for label, fact in zip(labels, facts, strict=True))
    told = [writer.sentence(fact) for fact in facts]
    text = " ".join(told)
    return Task(
        prompt=f"Write one short, coherent paragraph of 4 to 7 sentences about {subject}, {kind}, for a general reader. Use "
        f"all of these notes, in this order:\n{notes}\n\nKeep names as they are and numbers as digits. Whole sentences only: "
        "no heading, no list, no line break. Answer with the paragraph only.",
        grade=pure(lambda trial: _judge_paragraph(trial, facts)),
        reference=says(text),
        variants={
            "with an opening": says(f"{writer.sentence(subject)} {text}"),
            "wrapped": says(text.replace(". ", ".\n")),
        },
        mutants={
            "the notes": says(notes),
            "a fact forgotten": says(" ".join([*told[:-1], writer.sentence()])),
            "another order": says(" ".join([told[1], told[0], *told[2:]])),
            "two paragraphs": says(" ".join(told[:2]) + "\n\n" + " ".join(told[2:])),
            "a list": says("\n".join(f"- {sentence}" for sentence in told)),
            "with a heading": says(f"# {subject}\n{text}"),
            "key words": says(
                f"{subject}. " + ". ".join(f"{label} {fact}" for label, fact in zip(labels, facts, strict=True)) + "."
            ),
            "one sentence": says(text.replace(". ", ", ")),
            "the same again": says(f"{text} {told[0]}"),
            "refusal": says(REFUSAL),
        },
    )


def _judge_paragraph(trial: Trial, facts: Sequence[str]) -> Verdict:
    text = trial.text
    if len(paragraphs(text)) != 1:
        return fail(f"{len(paragraphs(text))} paragraphs instead of one")
    places = [match.start() if (match := re.search(rf"(?<![^\W_]){re.escape(fact)}(?![^\W_])", text)) else -1 for fact in facts]
    if -1 in places or places != sorted(places):
        return fail("not all notes, or not in their order")
    count = len(sentences(text))
    return fail(reason) if (reason := _unlike_prose(text)) else PASS if 3 <= count <= 8 else fail(f"{count} sentences")


def _tone(rng: Rng) -> Task:
    name, other = rng.sample(list(TONES), 2)
    tone, subjects, writer = TONES[name], people(rng, rng.randint(3, 5)), Writer(rng)
    kind = rng.choice(("rivers", "taverns", "machines", "poets", "islands", "markets", "gardens", "bridges"))

    def block(subject: str, how: Tone) -> str:
        return " ".join(how.says(writer.clause(names)) for names in ((subject,), (), ()))

    blocks = [block(subject, tone) for subject in subjects]
    chat = next(how for how in (TONES["chatty"], TONES["memory"], TONES[other]) if how is not tone and how.broken(blocks[0]))
    fallen = [*blocks[:-1], block(subjects[-1], chat if tone.broken(block(subjects[0], chat)) else TONES["formal"])]
    return Task(
        prompt=f"Write {len(subjects)} paragraphs about invented {kind}: one each about {', '.join(subjects)}, in this order, "
        "with the name in its paragraph. Every paragraph has at least 3 sentences and is separated from the next by a blank "
        f"line; no headings, no lists. The tone is the same from the first sentence to the last: {tone.told}. Answer with the "
        "paragraphs only.",
        grade=pure(lambda trial: _judge_tone(trial, tone, subjects)),
        reference=says("\n\n".join(blocks)),
        variants={
            "wrapped": says("\n\n".join(b.replace(". ", ".\n") for b in blocks)),
            "longer": says("\n\n".join(f"{b} {tone.says(writer.clause())}" for b in blocks) + "\n"),
        },
        mutants={
            "last one in another tone": says("\n\n".join(fallen)),
            "one dropped": says("\n\n".join(blocks[:-1])),
            "swapped": says("\n\n".join([blocks[1], blocks[0], *blocks[2:]])),
            "run together": says(" ".join(blocks)),
            "with headings": says("\n\n".join(f"## {s}\n\n{b}" for s, b in zip(subjects, blocks, strict=True))),
            "too short": says("\n\n".join(sentences(b)[0] for b in blocks)),
            "one again": says("\n\n".join([*blocks[:-1], f"{subjects[-1]}. " + blocks[0]])),
            "refusal": says(REFUSAL),
        },
    )


def _judge_tone(trial: Trial, tone: Tone, subjects: Sequence[str]) -> Verdict:
    blocks = paragraphs(trial.text)
    if len(blocks) != len(subjects):
        return fail(f"{len(blocks)} paragraphs instead of {len(subjects)}")
    for subject, block in zip(subjects, blocks, strict=True):
        if not count_word(block, subject):
            return fail(f"the paragraph about {subject} does not name it")
        if len(sentences(block)) < 3:
            return fail(f"fewer than 3 sentences about {subject}")
        if tone.broken(block):
            return fail(f"the tone about {subject}: {tone.broken(block)}")
    return fail(reason) if (reason := _unlike_prose(trial.text)) else PASS


LEAST = 70


def _sections(rng: Rng) -> Task:
    names, writer = people(rng, rng.randint(4, 5)), Writer(rng)
    kind = rng.choice(("towns on a road", "rooms of a house", "years of a voyage", "stages of a trade", "parts of a garden"))
    parts = [_section(writer, names, n) for n in range(len(names))]
    broken = rng.randint(1, len(names) - 1)
    unlinked = [
        writer.sentence(names[broken]) + part.partition(".")[2] if n == broken else part for n, part in enumerate(parts)
    ]
    open_end = [
        part.rpartition("\n\n")[0] + "\n\n" + writer.paragraph(words=40) if n == broken - 1 else part
        for n, part in enumerate(parts)
    ]
    return Task(
        prompt=f"Write a long piece about invented {kind} with {len(names)} sections in this order: {', '.join(names)}. Every "
        f"section has a heading line `## NAME` and below it at least two paragraphs, {LEAST} words or more in all, without "
        "lists. The sections lead into one another: the last sentence of every section (but the last) names the next "
        "section's subject, and the first sentence of every section (but the first) names the previous section's subject. No "
        "sentence stands there twice.",
        grade=pure(lambda trial: _judge_sections(trial, names)),
        reference=says(_piece(names, parts)),
        variants={
            "with a title": says(f"# Journey\n\n{_piece(names, parts)}"),
            "bold headings": says(re.sub(r"## (\w+)", r"### **\1**", _piece(names, parts))),
        },
        mutants={
            "no way back": says(_piece(names, unlinked)),
            "no way on": says(_piece(names, open_end)),
            "swapped": says(_piece([names[1], names[0], *names[2:]], [parts[1], parts[0], *parts[2:]])),
            "one dropped": says(_piece(names[:-1], parts[:-1])),
            "no headings": says("\n\n".join(parts)),
            "one paragraph": says(_piece(names, [part.replace("\n\n", " ") for part in parts])),
            "too short": says(_piece(names, [" ".join((sentences(p)[0], "\n\n", sentences(p)[-1])) for p in parts])),
            "lists": says(_piece(names, [part.replace("\n\n", "\n\n- ") for part in parts])),
            "refusal": says(REFUSAL),
        },
    )


def _section(writer: Writer, names: Sequence[str], n: int) -> str:
    first = writer.sentence(*([names[n - 1]] if n else []), names[n])
    last = writer.sentence(*([names[n + 1]] if n + 1 < len(names) else [names[n]]))
    return f"{first} {writer.paragraph(words=LEAST // 2)}\n\n{writer.paragraph(words=LEAST // 3)} {last}"


def _piece(names: Sequence[str], parts: Sequence[str]) -> str:
    return "\n\n".join(f"## {name}\n\n{part}" for name, part in zip(names, parts, strict=True))


def _judge_sections(trial: Trial, names: Sequence[str]) -> Verdict:
    found = re.split(r"^#{1,6}[ \t]+(.*?)[ \t#]*$", trial.text, flags=re.MULTILINE)
    pairs = [
        (title, text) for title, text in zip(found[1::2], found[2::2], strict=True) if any(has_word(title, n) for n in names)
    ]
    if [next(n for n in names if has_word(title, n)) for title, _ in pairs] != list(names):
        return fail("the headings are not those asked for, in their order")
    texts = [text.strip() for _, text in pairs]
    for n, (name, text) in enumerate(zip(names, texts, strict=True)):
        if len(paragraphs(text)) < 2 or len(words(text)) < 0.9 * LEAST:
            return fail(f"{name}: {len(paragraphs(text))} paragraphs, {len(words(text))} words")
        if reason := _unlike_prose(text):
            return fail(f"{name}: {reason}")
        told = sentences(text)
        if n and not has_word(told[0], names[n - 1]):
            return fail(f"{name} does not begin with {names[n - 1]}")
        if n + 1 < len(names) and not has_word(told[-1], names[n + 1]):
            return fail(f"{name} does not end with {names[n + 1]}")
    again = repeated("\n\n".join(texts))
    return fail(f"twice: {again[:60]!r}") if again else PASS


PROBE = Probe("gen.text.prose", 1, _build)
