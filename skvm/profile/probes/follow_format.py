"""follow.format: rows in a format that is named; a record under a schema that is given; a listing under a dozen rules.

What stands in the answer is told in the task to the letter: only the form is hard. A code fence is no fault, text beside is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from skvm.capability import Level
from skvm.profile.kit.bodies import only_body, unified
from skvm.profile.kit.data import Unreadable, read_json, same
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Verdict, fail, pure
from skvm.profile.kit.listing import RULES, any_layout, entries
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.schemas import Shape, facts, json_schema, outline, typescript
from skvm.profile.kit.tables import NAMED, Format, Row
from skvm.profile.kit.trees import written

BESIDE = "with nothing before or after it (a code fence around it is fine)"


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _named, Level.L2: _schema, Level.L3: _rules}[level](rng)


def _task(prompt: str, text: str, judge: Callable[[str], Verdict], variants: dict[str, str], mutants: dict[str, str]) -> Task:
    """A task whose answer is one text."""

    def of(answer: str) -> Verdict:
        found = only_body(answer.strip())
        if found is None:
            return fail("there is text beside it")
        try:
            return judge(found)
        except Unreadable as error:
            return fail(str(error))

    dressed = {"fenced": f"```\n{text}\n```", "with a gap": f"\n{text}\n\n", "other line ends": text.replace("\n", "\r\n")}
    broken = {
        "announced": f"Here it is:\n\n{text}",
        "announced and fenced": f"Here it is:\n\n```\n{text}\n```",
        "explained below": f"{text}\n\nThis is what you asked for, in the form you asked for.",
        "cut off": text[: len(text) * 3 // 4],
        "refusal": REFUSAL,
    }
    return Task(
        prompt=prompt,
        grade=pure(lambda trial: of(trial.text)),
        reference=says(text),
        variants={name: says(found) for name, found in (dressed | variants).items()},
        mutants={name: says(found) for name, found in (broken | mutants).items()},
    )


def _named(rng: Rng) -> Task:
    form = rng.choice(list(NAMED.values()))
    keys = coined_words(rng, rng.randint(3, 4))
    rows = [_row(rng, keys) for _ in range(rng.randint(3, 5))]
    told = "\n".join("- " + "; ".join(f"{key} is {cell}" for key, cell in row.items()) for row in rows)
    others = {name: other.write(rows) for name, other in NAMED.items() if other is not form}
    changed = {**rows[-1], keys[1]: rows[-1][keys[1]] + "0"}
    return _task(
        f"Write these records in the format {form.name}:\n{told}\n\n{form.told} Keep the records in this order, with the "
        f"columns {', '.join(keys)} in this order and values as they are. (In a format where it makes a difference, "
        f"numbers may stand with or without quotes.) Answer with the {form.name} only, {BESIDE}.",
        form.write(rows),
        lambda text: _judge_rows(form, text, rows),
        {"written otherwise": form.otherwise(rows)},
        {
            **others,
            "a row dropped": form.write(rows[:-1]),
            "rows reordered": form.write(rows[::-1]),
            "a value changed": form.write([*rows[:-1], changed]),
            "a column renamed": form.write([{f"{k}x" if k == keys[-1] else k: v for k, v in row.items()} for row in rows]),
            "a column dropped": form.write([{k: v for k, v in row.items() if k != keys[-1]} for row in rows]),
            "sentences": told,
        },
    )


def _row(rng: Rng, keys: list[str]) -> Row:
    """Cells: a word, a number, a text with characters that a format may have to treat, and a word more."""
    a, b, c, d = coined_words(rng, 4)
    cells = [
        a,
        str(rng.randint(2, 9999)),
        rng.choice((f"{b} & {c}, {a}", f"{b}, {c} & {d}", f"{b} {c}, {d} & {a}")),
        f"{d} {b}",
    ]
    return dict(zip(keys, cells, strict=False))


def _judge_rows(form: Format, text: str, rows: list[Row]) -> Verdict:
    found = form.read(text)
    if found != rows:
        return fail("the records are not those given")
    return PASS if [list(row) for row in found] == [list(row) for row in rows] else fail("the columns are not in their order")


def _schema(rng: Rng) -> Task:
    name, kind = coined(rng).capitalize(), rng.choice(("tower", "mill", "bridge", "hall", "lighthouse", "granary"))
    keys, known = coined_words(rng, 6), facts(rng, 6)
    shape = Shape("object", f"a {kind}", {key: fact.shape for key, fact in zip(keys, known, strict=True)})
    value: dict[str, Any] = {key: fact.value for key, fact in zip(keys, known, strict=True)}
    notation, shown = rng.choice(
        (
            ("JSON Schema", json.dumps(json_schema(shape), indent=2)),
            ("schema, a TypeScript type,", f"type Record = {typescript(shape)}"),
            ("schema (place | type | meaning)", outline(shape)),
        )
    )
    sentences = [fact.told for fact in known]
    rng.shuffle(sentences)
    slips = {
        f"{name} {n}": {**value, key: slip}
        for n, (key, fact) in enumerate(zip(keys, known, strict=True))
        for name, slip in fact.slips.items()
    }
    wrong: dict[str, Any] = slips | {
        "a key dropped": {key: item for key, item in value.items() if key != keys[-1]},
        "a key too many": {**value, "name": name},
        "keys of its own": {f"key_{n}": item for n, item in enumerate(value.values())},
        "in a list": [value],
        "in an object": {"record": value},
        "values only": list(value.values()),
    }
    return _task(
        f"Write the record of this {kind} as one JSON object that keeps to the {notation} below. All keys must be there and no "
        f"others.\n\n{name} is a {kind}. {' '.join(sentences)}\n\n{shown}\n\nAnswer with the JSON object only, {BESIDE}.",
        json.dumps(value, indent=2),
        lambda text: PASS if same(read_json(text), value) else fail("it is not the record, or not by the schema"),
        {"on one line": json.dumps(value), "other order": json.dumps(dict(reversed(value.items())))},
        {
            **{name: json.dumps(item) for name, item in wrong.items()},
            "YAML": written("YAML", value),
            "prose": " ".join(sentences),
        },
    )


def _rules(rng: Rng) -> Task:
    layout, records = any_layout(rng), entries(rng)
    table = "\n".join(f"{e.name} | {e.group} | {e.amount} | {e.day[0]}-{e.day[1]:02}-{e.day[2]:02}" for e in records)
    text = layout.shown(records)
    broken = {f"{rule} {n}": way.shown(records) for rule in RULES for n, way in enumerate(layout.but(rule))}
    lines = text.split("\n")
    return _task(
        f"Turn these records (name | group | amount | date) into a plain listing:\n{table}\n\nAll of these rules hold:\n"
        f"{layout.told()}\n\nAnswer with the listing only, {BESIDE}.",
        text,
        lambda found: PASS if _lines(found) == _lines(text) else fail(_first(_lines(found), _lines(text))),
        {"spaces at the ends": "\n".join(f"{line}  " for line in lines), "typographic": text.replace("'", "’")},
        {
            **{name: found for name, found in broken.items() if found != text},
            "a record dropped": layout.shown(records[:-1]),
            "off by one": text.replace(lines[1], lines[1] + "0"),
            "as given": table,
            "blank lines everywhere": "\n\n".join(lines),
        },
    )


def _lines(text: str) -> list[str]:
    """Lines with single spaces between words and plain quotes; blank lines count, but not at the ends."""
    plain = re.sub("[‘’]", "'", re.sub("[“”]", '"', unified(text)))
    return [" ".join(line.split()) for line in plain.strip().split("\n")]


def _first(found: list[str], wanted: list[str]) -> str:
    """Where two listings part."""
    for n, (a, b) in enumerate(zip(found, wanted, strict=False), 1):
        if a != b:
            return f"line {n}: {a!r} where {b!r} is due"
    return f"{len(found)} lines instead of {len(wanted)}"


PROBE = Probe("follow.format", 1, _build)
