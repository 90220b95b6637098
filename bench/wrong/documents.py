"""Requests of the skills that read PDFs, tickets and the weather, and all worlds by skill."""

from __future__ import annotations

import json
import random

from bench.cases.asked import PLACES
from bench.cases.station import current, forecast
from bench.make_pdf import pdf
from bench.wrong import worlds
from bench.wrong.settings import SETTINGS
from bench.wrong.wording import Grammar
from bench.wrong.worlds import FILE, SUPPLIERS, Files, Values, World, named, sentence, stem

MONTHS = ("January", "April", "August", "October")


def _contract(values: Values, rng: random.Random) -> Files:
    party, day, year = rng.choice(SUPPLIERS), rng.randint(1, 28), rng.randint(2020, 2026)
    fee, notice = rng.randrange(100, 9000), rng.randrange(1, 12)
    if rng.random() < 0.5:
        month = rng.choice(MONTHS)
        words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
        text = [
            "SERVICE AGREEMENT",
            "between Lindenhof Verlag (the Customer)",
            f"and {party} (the Supplier).",
            f"This agreement commences on {day} {month} {year}.",
            f"The Customer pays an annual fee of EUR {fee:,}.00.",
            f"It may be terminated with {words[notice - 1]} months' notice",
        ]
    else:
        text = [
            sentence(rng)[:-1],
            f"Provider: {party}",
            f"Start date: {year}-{rng.randint(1, 12):02}-{day:02}",
            f"Yearly fee: {fee}.00",
            f"Notice period: {notice} months",
        ]
    return {values["file"]: pdf(text)}


CONTRACTS = World(
    Grammar(
        (
            "Please file the contract {file}.",
            "When do we have to cancel {file} at the latest? File it in the register.",
            "Enter {file} in the contract register.",
        ),
        {"file": FILE.format("pdf")},
        ("file",),
    ),
    named("pdf"),
    _contract,
    {"REGISTER_OWNER": "M. Rademacher"},
)


def _pages(rng: random.Random) -> list[list[str]]:
    return [[sentence(rng) for _ in range(rng.randrange(1, 5))] for _ in range(rng.randrange(1, 7))]


EXTRACT = World(
    Grammar(
        (
            "Please take the text out of {file}.",
            "What does {file} say? Extract its text.",
            "Get me the text of {file} and its number of pages",
            "Text of {file}, please.",
        ),
        {"file": FILE.format("pdf")},
        ("file",),
    ),
    named("pdf"),
    lambda values, rng: {values["file"]: pdf(*_pages(rng))},
)


def _three(rng: random.Random) -> Values:
    names: dict[str, None] = {}
    while len(names) < 3:
        names[f"{stem(rng)}.pdf"] = None
    return dict(zip(("first", "second", "result"), names, strict=True))


MERGE = World(
    Grammar(
        (
            "Join {first} and {second} into {result}.",
            "Put {first} in front of {second} and call it {result}",
            "Merge {first} with {second}, the result is {result}.",
            "Please combine {first}, {second} to {result}.",
        ),
        {name: FILE.format("pdf") for name in ("first", "second", "result")},
        ("first", "second"),
    ),
    _three,
    lambda values, rng: {values["first"]: pdf(*_pages(rng)), values["second"]: pdf(*_pages(rng))},
)


def _saved(values: Values, rng: random.Random) -> Files:
    """A station's saved answers for some places, the one asked about among them."""
    places = {values["place"], *rng.sample(PLACES, rng.randrange(1, 5))}
    salt = str(rng.randrange(10_000))
    rows = {place: {**current(place + salt), "place": place} for place in sorted(places)}
    days = {place: forecast(place + salt, rng.randrange(6, 11)) for place in sorted(places)}
    return {values["file"]: json.dumps({"current": rows, "forecast": days}, ensure_ascii=False).encode()}


ASKS = ("is broken", "prints stripes", "beeps all day", "asks for toner", "blinks", "is slow", "stands in room 4")
HASTE = ("Nobody can work.", "It smokes a little!", "It has to be today.", "There is no hurry.", "No hurry.", "", "", "")


def _tickets(values: Values, rng: random.Random) -> Files:
    """Short letters to a help desk; some name a thing that the skill knows, in any case, or say how urgent it is."""
    found: Files = {}
    for _ in range(rng.randrange(1, 7)):
        thing = rng.choice(("printer", "Scanner", "router", "ROUTER", "lamp", "password", "printer and the scanner"))
        body = f"{sentence(rng)} The {thing} {rng.choice(ASKS)}. {rng.choice(HASTE)}".rstrip()
        found[f"tickets/{stem(rng)}.txt"] = worlds.lines(f"From: {rng.choice(worlds.PERSONS)}@example.org", "", body)
    return found


TICKETS = World(
    Grammar(
        (
            "Sort these tickets please.",
            "Make cards of the tickets and an overview.",
            "What do these tickets ask for?",
        ),
        {},
    ),
    lambda rng: {},
    _tickets,
)


SLOTS = {"place": "[A-Z][a-z]+", "file": FILE.format("json")}

NOW = World(
    Grammar(
        (
            "How is the weather in {place}, going by {file}?",
            "Weather in {place} now, from {file}, please.",
            "What is it like in {place}? The answers are in {file}.",
            "Tell me the temperature in {place} by {file}",
        ),
        SLOTS,
        ("file",),
    ),
    lambda rng: {"place": rng.choice(PLACES), "file": f"{stem(rng)}.json"},
    _saved,
)

COMING = World(
    Grammar(
        (
            "How will the next {days} days in {place} be, going by {file}?",
            "Weather of the coming {days} days in {place}, from {file}, please.",
            "I want the forecast of {days} days in {place}; the answers are in {file}.",
            "The next {days} days in {place} by {file}",
        ),
        {**SLOTS, "days": "[0-9]+"},
        ("file",),
    ),
    lambda rng: {"place": rng.choice(PLACES), "days": str(rng.randrange(2, 7)), "file": f"{stem(rng)}.json"},
    _saved,
)

WORLDS = {
    "sales-report": worlds.SALES,
    "log-triage": worlds.LOG,
    "invoice-check": worlds.INVOICE,
    "notes-index": worlds.NOTES,
    "json-repair": worlds.REPAIR,
    "contact-scrub": worlds.SCRUB,
    "release-notes": worlds.RELEASE,
    "house-style": worlds.STYLE,
    "table-tool": worlds.TABLES,
    "ticket-cards": TICKETS,
    "pdf-contracts": CONTRACTS,
    "pdf-extract": EXTRACT,
    "pdf-merge": MERGE,
    "weather-current": NOW,
    "weather-forecast": COMING,
    "settings-edit": SETTINGS,
}
