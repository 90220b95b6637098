"""gen.text.long: texts made of parts between delimiter lines, below 1 kB, of 1 to 5 kB, above 5 kB; no part may be lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skvm.capability import Level
from skvm.profile.kit.bodies import only_body
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined_words, people
from skvm.profile.kit.skeleton import Slot, lacking
from skvm.profile.kit.writing import Writer

KINDS = ("animals", "herbs", "tools", "instruments", "dishes", "villages", "games", "festivals", "ships", "crafts")
WHOLE = "Write every part out in full, none shortened or left for later, and no sentence twice."


@dataclass(frozen=True)
class _Outline:
    """What is asked for: slots, limits in bytes, and the text of a reference as slots filled in."""

    asked: str
    slots: Sequence[Slot]
    least: int
    most: int
    filled: Sequence[str]

    def text(self, filled: Sequence[str] | None = None) -> str:
        """The text with slots filled as given, or as in the reference."""
        parts = zip(self.slots, self.filled if filled is None else filled, strict=True)
        return "\n".join(part for slot, inside in parts for part in (slot.line, inside) if part)


def _build(level: Level, rng: Rng) -> Task:
    outline = {Level.L1: _short, Level.L2: _middle, Level.L3: _long}[level](rng)
    full = [n for n, slot in enumerate(outline.slots) if slot.words]
    text, last = outline.text(), full[-1]
    lines = text.split("\n")
    ends = [slot.line for slot in outline.slots]
    return Task(
        prompt=f"{outline.asked} {WHOLE} Each delimiter line stands alone on its line, exactly as given, and nowhere else.",
        grade=pure(lambda trial: _judge(trial, outline)),
        reference=says(text),
        variants={
            "fenced": says(f"```\n{text}\n```"),
            "spaced": says("Here is the text.\n\n" + text.replace("\n", "\n\n")),
            "bold delimiters": says("\n".join(f"**{line}**" if line in ends else line for line in lines)),
        },
        mutants={
            "a part empty": says(outline.text([*outline.filled[:last], "(and so on)", *outline.filled[last + 1 :]])),
            "first part only": says("\n".join(lines[: len(lines) // 3]) + "\nThe other parts follow the same pattern."),
            "cut off": says(text[: len(text) * 9 // 10]),
            "a delimiter lost": says("\n".join(line for line in lines if line != ends[-2])),
            "last line lost": says("\n".join(lines[:-1])),
            "parts swapped": says(_swapped(outline)),
            "the same again": says(
                outline.text([outline.filled[full[0]] if n in full else t for n, t in enumerate(outline.filled)])
            ),
            "only the skeleton": says("\n".join(ends)),
            "refusal": says(REFUSAL),
        },
    )


def _swapped(outline: _Outline) -> str:
    """The text with the delimiters of the second and third slot exchanged."""
    text = outline.text()
    a, b = outline.slots[1].line, outline.slots[2].line
    return "\n".join({a: b, b: a}.get(line, line) for line in text.split("\n"))


def _judge(trial: Trial, outline: _Outline) -> Verdict:
    text = only_body(trial.text) or trial.text
    size = len(text.strip().encode())
    reason = lacking(trial.text, outline.slots)
    if reason:
        return fail(reason)
    return PASS if outline.least <= size <= outline.most * 1.024 else fail(f"{size} bytes")


def _short(rng: Rng) -> _Outline:
    names, kind, writer = people(rng, rng.randint(4, 5)), rng.choice(KINDS), Writer(rng)
    title = coined_words(rng, 1)[0].upper()
    slots = [Slot(f"<<< {title}"), *(Slot(f"({n}) {name}", 8, name) for n, name in enumerate(names, 1)), Slot(f"{title} >>>")]
    asked = (
        f"Write a short list of invented {kind}, below 1000 bytes in all. Its first line is `{slots[0].line}`, its last line "
        f"`{slots[-1].line}`. Between them come {len(names)} entries in this order: {', '.join(names)}. An entry is a "
        f"delimiter line with its number and name, as in `{slots[1].line}`, and below it one sentence of 8 to 20 words that "
        "describes it and has its name in it."
    )
    return _Outline(asked, slots, 1, 1000, ["", *(writer.sentence(name) for name in names), ""])


def _middle(rng: Rng) -> _Outline:
    names, kind, writer = people(rng, rng.randint(4, 5)), rng.choice(KINDS), Writer(rng)
    count, least = rng.randint(2, 4), rng.randint(45, 55)
    mark = coined_words(rng, 1)[0]
    slots, filled = list[Slot](), list[str]()
    for name in names:
        slots += [
            Slot(f"## {name}", least, name),
            Slot(f"-- {mark}: {name} --", 4 * count, "", count),
            Slot(f"-- end of {name} --"),
        ]
        items = "\n".join(f"- {writer.clause()}" for _ in range(count))
        filled += [writer.paragraph(name, words=least), items, ""]
    asked = (
        f"Write a text about {len(names)} invented {kind}, 1000 to 5000 bytes in all, with one section for each in this order: "
        f"{', '.join(names)}. A section has, in this order: the line `## NAME`; a paragraph of at least {least} words in "
        f"which the name occurs; the line `-- {mark}: NAME --`; a list of exactly {count} items, each on one line that begins "
        "with `- ` and has at least 4 words; the line `-- end of NAME --`. NAME stands for the name of the section."
    )
    return _Outline(asked, slots, 1000, 5000, filled)


def _long(rng: Rng) -> _Outline:
    names, kind, writer = people(rng, rng.randint(5, 6)), rng.choice(KINDS), Writer(rng)
    topics = rng.sample(("looks", "history", "use", "care", "names", "trade", "sounds", "legends"), 2)
    least = 1000 // (2 * len(names))
    a, b = coined_words(rng, 2)
    slots, filled = [Slot(f"<{a}>", 1, names[0])], [f"Chapters: {', '.join(names)}"]
    for name in names:
        slots.append(Slot(f"<{b} {name}>"))
        filled.append("")
        for topic in topics:
            slots += [Slot(f"[{topic} of {name}]", least), Slot(f"[/{topic} of {name}]")]
            filled += [writer.paragraph(name, words=least), ""]
        slots.append(Slot(f"</{b} {name}>"))
        filled.append("")
    slots.append(Slot(f"</{a}>"))
    asked = (
        f"Write a long text about {len(names)} invented {kind}, above 5000 bytes in all. Its first line is `<{a}>`, its last "
        f"line `</{a}>`. After the first line comes one line that names all chapters. Then come the chapters in this order: "
        f"{', '.join(names)}. A chapter begins with the line `<{b} NAME>` and ends with the line `</{b} NAME>`; NAME stands "
        f"for its name. In it are two sections: first the line `[{topics[0]} of NAME]`, prose of at least {least} words, and "
        f"the line `[/{topics[0]} of NAME]`; then the same with `{topics[1]}` in place of `{topics[0]}`."
    )
    return _Outline(asked, slots, 5000, 60_000, [*filled, ""])


PROBE = Probe("gen.text.long", 1, _build)
