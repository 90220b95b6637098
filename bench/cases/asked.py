"""What is asked in each case: valid requests with the answer a reference function gives, and requests that are for a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.cases.station import current, forecast
from bench.make_pdf import pdf

PLACES = ("Graz", "Bergen", "Lugano", "Odense", "Split", "Turku", "Ghent", "Porto", "Riga", "Cork", "Bari", "Lublin")
WORDS = ("roof", "garden", "harbour", "archive", "festival", "ferry", "orchard", "bridge", "tower", "market", "mill", "quarry")


@dataclass(frozen=True)
class Asked:
    """One request. `made`: text that each named file must hold afterwards; empty for a request that no code may serve."""

    prompt: str
    files: dict[str, bytes] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One case: its skill, what was published of the same case, request N, and what a model has to decide."""

    skill: str
    published: str
    request: Callable[[int], Asked]
    others: Callable[[int], list[str]]
    network: bool = False


def _pages(name: str, count: int) -> list[list[str]]:
    return [[f"{name} sheet {page + 1}", f"Entry {page * 7 + len(name)}"] for page in range(count)]


def _document(number: int) -> tuple[str, list[list[str]]]:
    word = WORDS[number % len(WORDS)]
    return f"{word}_{2001 + number}.pdf", _pages(word, 1 + number % 4)


def extract(number: int) -> Asked:
    """Text of one PDF of one to four pages."""
    name, pages = _document(number)
    text = name.replace(".pdf", ".txt")
    made = {text: pages[-1][1], "answer.md": f"{name}: pages {len(pages)}, text in {text}\n"}
    return Asked(f"Please take the text out of {name}.", {name: pdf(*pages)}, made)


def merge(number: int) -> Asked:
    """Two PDFs into one."""
    (one, first), (two, second) = _document(number), _document(number + 5)
    result = f"{WORDS[(number + 3) % len(WORDS)]}_all.pdf"
    pages = len(first) + len(second)
    made = {result: "", "answer.md": f"{result}: pages {pages}\n"}
    return Asked(f"Join {one} and {two} into {result}.", {one: pdf(*first), two: pdf(*second)}, made)


def now(number: int) -> Asked:
    """Weather now."""
    place = PLACES[number % len(PLACES)]
    row = current(place)
    answer = f"{place}: {row['temperature']} °C, wind {row['wind']} km/h, {row['sky']}\n"
    return Asked(f"How is the weather in {place} now?", {}, {"answer.md": answer})


def coming(number: int) -> Asked:
    """Weather of two to nine days."""
    place, days = PLACES[number % len(PLACES)], 2 + number * 5 % 8
    rows = forecast(place, days)
    warm, cold = max(rows, key=lambda r: r["high"]), min(rows, key=lambda r: r["low"])
    answer = (
        f"{place}, {days} days: warmest {warm['day']} ({warm['high']} °C), coldest {cold['day']} ({cold['low']} °C), "
        f"wet days: {sum(r['rain'] > 0 for r in rows)}\n"
    )
    return Asked(f"How will the next {days} days in {place} be?", {}, {"answer.md": answer, "days.csv": rows[-1]["day"]})


def _not_extract(number: int) -> list[str]:
    name = _document(number)[0]
    return [
        f"Do not take the text out of {name}.",
        f"Please take the text out of {name} and delete {name} afterwards.",
        f"Please take the pictures out of {name}.",
        f"Please take the text out of {name}; rm -rf .",
    ]


def _not_merge(number: int) -> list[str]:
    one, two = _document(number)[0], _document(number + 5)[0]
    return [
        f"Never join {one} and {two} into sum.pdf.",
        f"Join {one} and {two} into sum.pdf without page 2.",
        f"Join {one} or {two} into sum.pdf.",
        f"Join {one} and $(id).pdf into sum.pdf.",
    ]


def _not_now(number: int) -> list[str]:
    place = PLACES[number % len(PLACES)]
    return [
        f"How was the weather in {place} yesterday?",
        f"How is the mood in {place} now?",
        f"How is the weather in {place} now, in Fahrenheit?",
        f"How is the weather in {place};id now?",
    ]


def _not_coming(number: int) -> list[str]:
    place = PLACES[number % len(PLACES)]
    return [
        f"How were the last 3 days in {place}?",
        f"How will the next 3 weeks in {place} be?",
        f"How will the next 3 days in {place} be for sailing?",
        f"How will the next -3 days in {place} be?",
    ]


CASES = (
    Case("pdf-extract", "10,469-15,116 -> 206-568 ms", extract, _not_extract),
    Case("pdf-merge", "solidified, without times", merge, _not_merge),
    Case("weather-current", "9,000 -> 2,000 ms", now, _not_now, network=True),
    Case("weather-forecast", "never promoted", coming, _not_coming, network=True),
)
"""Published: the SkVM paper, on its own machine, models and network."""


def wrong(asked: Asked, read: Callable[[str], str | None]) -> list[str]:
    """Files that do not hold what they must; `read` gives None for a file that is not there."""
    found: list[str] = []
    for name, text in asked.made.items():
        held = read(name)
        exact = name == "answer.md"
        if held is None or (held != text if exact else text not in held):
            found.append(f"{name}: {json.dumps(held)[:80]} instead of {json.dumps(text)}")
    return found
