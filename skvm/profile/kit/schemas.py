"""A thing told in plain sentences, and the schema its record must keep to, in one of three notations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words, people

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True)
class Shape:
    """A type (`integer`, `string`, `object`, `array`), what it means, its members by key, and whether null may stand there."""

    type: str
    about: str
    members: Mapping[str, Shape] = field(default_factory=dict)
    choices: Sequence[str | int] = ()
    null: bool = False


@dataclass(frozen=True)
class Fact:
    """A sentence, the shape and value that it comes to, and values that break the shape or say something else, by name."""

    told: str
    shape: Shape
    value: Any
    slips: Mapping[str, Any]


def facts(rng: Rng, count: int) -> list[Fact]:
    """Different facts about one thing."""
    return [make(rng) for make in rng.sample(_MAKERS, count)]


def json_schema(shape: Shape) -> dict[str, Any]:
    """The shape in JSON Schema; an array is one of objects."""
    found: dict[str, Any] = {"type": [shape.type, "null"] if shape.null else shape.type, "description": shape.about}
    if shape.choices:
        found["enum"] = list(shape.choices)
    inner = {
        "properties": {key: json_schema(member) for key, member in shape.members.items()},
        "required": list(shape.members),
        "additionalProperties": False,
    }
    if shape.type == "array":
        found["items"] = {"type": "object", **inner}
    return found | (inner if shape.type == "object" else {})


def typescript(shape: Shape, indent: str = "") -> str:
    """The shape as a TypeScript type with comments."""
    if not shape.members:
        plain = " | ".join(json.dumps(c) for c in shape.choices) or {"integer": "number"}.get(shape.type, shape.type)
        return plain + (" | null" if shape.null else "")
    rows = [
        f"{indent}  {key}: {typescript(member, indent + '  ')}; // {member.about}{' (integer)' * (member.type == 'integer')}"
        for key, member in shape.members.items()
    ]
    inside = "\n".join(["{", *rows, f"{indent}}}"])
    return f"Array<{inside}>" if shape.type == "array" else inside


def outline(shape: Shape, path: str = "") -> str:
    """The shape as one line a place: path, type, meaning."""
    kind = " or ".join([*(["one of " + ", ".join(map(json.dumps, shape.choices))] if shape.choices else [shape.type])])
    line = f"{path} | {'array of objects' if shape.type == 'array' else kind}{' or null' * shape.null} | {shape.about}"
    dot = f"{path}[]." if shape.type == "array" else f"{path}." if path else ""
    inner = [outline(member, f"{dot}{key}") for key, member in shape.members.items()]
    return "\n".join([line, *inner] if path else inner)


def _length(rng: Rng) -> Fact:
    value = rng.randint(101, 899)
    return Fact(
        f"It is {value / 100:.2f} m long.",
        Shape("integer", "length in centimetres"),
        value,
        {"another unit": value / 100, "number as text": str(value), "off by one": value + 1},
    )


def _day(rng: Rng) -> Fact:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1203, 1899)
    name, form = rng.choice(
        (("YYYY/MM/DD", "{y}/{m:02}/{d:02}"), ("DD.MM.YYYY", "{d:02}.{m:02}.{y}"), ("YYYYMMDD", "{y}{m:02}{d:02}"))
    )
    told = f"{day} {MONTHS[month - 1]} {year}"
    return Fact(
        f"It was finished on {told}.",
        Shape("string", f"day on which it was finished, as {name}"),
        form.format(y=year, m=month, d=day),
        {"date as told": told, "date in ISO form": f"{year}-{month:02}-{day:02}"},
    )


def _open(rng: Rng) -> Fact:
    yes, no = coined_words(rng, 2)
    open_ = rng.choice((True, False))
    return Fact(
        "Visitors may come in." if open_ else "Visitors may not come in.",
        Shape("string", f"{yes} when visitors may come in, {no} when they may not", choices=(yes, no)),
        yes if open_ else no,
        {"a truth value": open_, "the other code": no if open_ else yes, "an invented code": "open" if open_ else "closed"},
    )


def _made(rng: Rng) -> Fact:
    stuffs = rng.sample(("slate", "straw", "copper", "oak", "brick", "glass", "clay", "iron"), 4)
    codes = rng.sample(range(11, 99), 4)
    chosen = rng.randint(0, 3)
    return Fact(
        f"Its roof is made of {stuffs[chosen]}.",
        Shape("integer", "roof: " + ", ".join(f"{c} = {s}" for c, s in zip(codes, stuffs, strict=True)), choices=tuple(codes)),
        codes[chosen],
        {"the word for a code": stuffs[chosen], "another code": codes[chosen - 1], "code as text": str(codes[chosen])},
    )


def _keepers(rng: Rng) -> Fact:
    names, (who, since) = people(rng, 3), coined_words(rng, 2)
    years = sorted(rng.sample(range(1901, 1999), 3))
    value = [{who: name, since: year} for name, year in zip(names, years, strict=True)]
    (a, b, c), (x, y, z) = names, years
    return Fact(
        f"Its keepers were {a} from {x}, {b} from {y} and {c} from {z}.",
        Shape(
            "array",
            "its keepers, the earliest first",
            {who: Shape("string", "name of the keeper"), since: Shape("integer", "first year as keeper")},
        ),
        value,
        {
            "names only": names,
            "an entry dropped": value[:-1],
            "entries turned round": value[::-1],
            "by name": dict(zip(names, years, strict=True)),
            "usual keys": [{"name": name, "since": year} for name, year in zip(names, years, strict=True)],
        },
    )


def _steps(rng: Rng) -> Fact:
    count = rng.randint(12, 96)
    known = rng.choice((True, False))
    return Fact(
        f"It has {count} steps." if known else "Nobody has ever counted its steps.",
        Shape("integer", "number of steps, null when it is not known", null=True),
        count if known else None,
        {"null as text": "null", "unknown": "unknown", "another number": count + 1 if known else 0},
    )


def _designer(rng: Rng) -> Fact:
    names, (first, last) = people(rng, 2), coined_words(rng, 2)
    return Fact(
        f"{names[0]} {names[1]} designed it.",
        Shape("object", "who designed it", {first: Shape("string", "given name"), last: Shape("string", "family name")}),
        {first: names[0], last: names[1]},
        {
            "name as one text": " ".join(names),
            "names exchanged": {first: names[1], last: names[0]},
            "a member too many": {first: names[0], last: names[1], "role": "designer"},
        },
    )


def _visit(rng: Rng) -> Fact:
    hours, minutes = rng.randint(1, 4), rng.randint(11, 54)
    value = 60 * hours + minutes
    return Fact(
        f"A visit takes {hours} hours and {minutes} minutes."
        if hours > 1
        else f"A visit takes one hour and {minutes} minutes.",
        Shape("integer", "time of a visit in minutes"),
        value,
        {
            "time as text": f"{hours}:{minutes}",
            "hours and minutes": {"hours": hours, "minutes": minutes},
            "minutes only": minutes,
        },
    )


def _fee(rng: Rng) -> Fact:
    value = rng.randint(101, 1999)
    return Fact(
        f"The fee is {value / 100:.2f} crowns.",
        Shape("integer", "fee in hundredths of a crown"),
        value,
        {"fee as told": value / 100, "with currency": f"{value / 100:.2f} crowns"},
    )


_MAKERS = (_length, _day, _open, _made, _keepers, _steps, _designer, _visit, _fee)
