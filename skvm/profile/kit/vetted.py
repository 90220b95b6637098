"""Records in YAML under rules: which fields of which record break them, told, worked out, and as a pydantic model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined, coined_words

WHOLE = re.compile(r"-?\d+")
Record = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """A rule for one field: told, decided (None = broken, else the value as it counts), as an annotation of pydantic, and
    values that keep and break it."""

    told: str
    read: Callable[[Any], Any]
    python: str
    good: Callable[[Rng], Any]
    bad: Callable[[Rng], Any]


def _whole(rng: Rng) -> Rule:
    low = rng.randint(3, 40)
    high = low + rng.randint(20, 90)

    def read(value: Any) -> Any:
        number = int(value) if isinstance(value, int) or (isinstance(value, str) and WHOLE.fullmatch(value)) else None
        return number if number is not None and low <= number <= high else None

    return Rule(
        f"a whole number from {low} to {high}; a text that holds one, such as '{low + 1}', counts as that number",
        read,
        f"Annotated[int, Field(ge={low}, le={high})]",
        lambda r: r.choice((low, high, r.randint(low, high), str(r.randint(low, high)))),
        lambda r: r.choice((low - 1, high + 1, str(high + r.randint(1, 9)), f"{low + 1}.5", coined(r), [low + 1])),
    )


def _code(rng: Rng) -> Rule:
    stem, digits = coined(rng), rng.randint(2, 4)
    pattern = rf"^{stem}-\d{{{digits}}}$"

    def made(r: Rng, count: int) -> str:
        return f"{stem}-{''.join(str(r.randint(0, 9)) for _ in range(count))}"

    return Rule(
        f"a text made of `{stem}-` and {digits} digits and nothing else",
        lambda value: value if isinstance(value, str) and re.match(pattern, value) else None,
        f'Annotated[str, Field(pattern=r"{pattern}")]',
        lambda r: made(r, digits),
        lambda r: r.choice((made(r, digits + 1), made(r, digits - 1), f"x{made(r, digits)}", r.randint(100, 999))),
    )


def _choice(rng: Rng) -> Rule:
    words = coined_words(rng, 3)
    return Rule(
        f"one of the texts {', '.join(words)}",
        lambda value: value if value in words else None,
        f"Literal[{', '.join(map(repr, words))}]",
        lambda r: r.choice(words),
        lambda r: r.choice((words[0].upper(), coined(r, 3), r.randint(1, 3))),
    )


def _list(rng: Rng) -> Rule:
    most, least = rng.randint(3, 4), rng.randint(1, 2)

    def read(value: Any) -> Any:
        right = isinstance(value, list) and least <= len(value) <= most and all(isinstance(item, str) for item in value)
        return value if right else None

    return Rule(
        f"a list of {least} to {most} texts (a number is no text)",
        read,
        f"Annotated[list[str], Field(min_length={least}, max_length={most})]",
        lambda r: coined_words(r, r.randint(least, most)),
        lambda r: r.choice((coined_words(r, most + 1), [], coined(r), [coined(r), r.randint(1, 9)])),
    )


KINDS = (_whole, _code, _choice, _list)


def rules(rng: Rng, fields: Sequence[str]) -> dict[str, Rule]:
    """A rule for each field, a whole number among them."""
    kinds = [_whole, *(rng.choice(KINDS) for _ in fields[1:])]
    return {field: kind(rng) for field, kind in zip(fields, rng.sample(kinds, len(kinds)), strict=True)}


def records(rng: Rng, asked: Mapping[str, Rule], count: int) -> list[Record]:
    """Records, most of which break some rules or lack or have a field too many."""
    found: list[Record] = []
    for at in range(count):
        broken = rng.sample(list(asked), rng.randint(1, 2)) if at % 3 else []
        record = {field: rule.bad(rng) if field in broken else rule.good(rng) for field, rule in asked.items()}
        if broken and rng.random() < 0.4:
            del record[broken[0]]
        if at % 4 == 2:
            record[coined(rng, 3)] = rng.randint(1, 9)
        found.append(record)
    return rng.sample(found, count)


def findings(asked: Mapping[str, Rule], given: Sequence[Record]) -> dict[str, Any]:
    """`valid`: records that keep all rules, with values as they count; `broken`: for each other record its place (from 0)
    and the sorted names of its wrong fields."""
    valid, broken = list[Record](), list[Record]()
    for at, record in enumerate(given):
        wrong = sorted(
            [field for field, rule in asked.items() if field not in record or rule.read(record[field]) is None]
            + [field for field in record if field not in asked]
        )
        if wrong:
            broken.append({"record": at, "fields": wrong})
        else:
            valid.append({field: rule.read(record[field]) for field, rule in asked.items()})
    return {"valid": valid, "broken": broken}


def records_as_yaml(rng: Rng, given: Sequence[Record], anchor: str) -> str:
    """Records as YAML in which values of one record stand in others by reference."""
    lines = ["records:"]
    shared: dict[str, str] = {}
    for record in given:
        for at, (field, value) in enumerate(record.items()):
            text = _flow(value)
            key = f"{anchor}{len(shared)}"
            if text in shared:
                text = f"*{shared[text]}"
            elif isinstance(value, list) or rng.random() < 0.4:
                shared[text] = key
                text = f"&{key} {text}"
            lines.append(f"  {' ' if at else '-'} {field}: {text}")
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return f"'{value}'" if isinstance(value, str) else str(value)
