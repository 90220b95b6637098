"""What is asked of each example skill: wordings, values, and input files that fit them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.wrong.wording import Grammar

Values = dict[str, str]
Files = dict[str, bytes]

STEMS = (
    "q1",
    "march",
    "orders",
    "export",
    "web",
    "partners",
    "spring",
    "north",
    "EU",
    "shop",
    "Sales",
    "old",
    "night",
    "daily",
)
PERSONS = ("lena", "marco", "o.brandt", "priya", "jules")
WORDS = ("box", "lamp", "order", "parcel", "window", "report", "table", "note", "meeting", "plan", "garden", "price")


def stem(rng: random.Random) -> str:
    """A file name without its ending, as people name files: other words, joints, numbers, casing, lengths."""
    parts = [rng.choice(STEMS) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
    if rng.random() < 0.5:
        parts.append(str(rng.randrange(1, 2040)))
    return rng.choice(("_", "_", "-", "")).join(parts)


def sentence(rng: random.Random) -> str:
    """A few words, with a capital and a full stop."""
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(3, 9))).capitalize() + "."


def lines(*rows: object) -> bytes:
    """Text of the rows."""
    return "".join(f"{row}\n" for row in rows).encode()


@dataclass(frozen=True)
class World:
    """Requests of one skill: `draw` gives values of the slots, `files` the work folder that goes with them."""

    grammar: Grammar
    draw: Callable[[random.Random], Values]
    files: Callable[[Values, random.Random], Files]
    env: Mapping[str, str] = field(default_factory=dict)


def named(ending: str) -> Callable[[random.Random], Values]:
    """Values of a skill that works on one file."""
    return lambda rng: {"file": f"{stem(rng)}.{ending}"}


FILE = r"[A-Za-z0-9][A-Za-z0-9_-]*\.{}"
COLUMNS = ("region", "product", "channel")


def _export(values: Values, rng: random.Random) -> Files:
    columns = ["order_id", "date", *COLUMNS, "quantity", "unit_price"]
    if rng.random() < 0.3:
        rng.shuffle(columns)
    rows = []
    for number in range(rng.randrange(3, 30)):
        cells = {
            "order_id": f"A{number:04}",
            "date": f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
            "region": rng.choice(("North", "South", "East Side", "west", "Île-de-France", "N/A")),
            "product": rng.choice(("Lamp", "Desk", "Chair 2", "USB-C cable")),
            "channel": rng.choice(("web", "shop", "partner")),
            "quantity": str(rng.randint(1, 9)),
            "unit_price": f"{rng.choice((9.9, 24.5, 49.0, 120.0)) * rng.choice((1, 1, 1, 1, 1, 40)):.2f}",
        }
        rows.append(",".join(cells[c] for c in columns))
    return {values["file"]: lines(",".join(columns), *rows)}


SALES = World(
    Grammar(
        (
            "Summarise the sales in {file} by {column}.",
            "Sales report for {file}, grouped by {column}, please.",
            "Revenue by {column} for {file}?",
            "I need the sales summary of {file} by {column}",
            "What do the orders in {file} look like by {column}?",
        ),
        {"file": FILE.format("csv"), "column": "[a-z]+"},
        ("file",),
    ),
    lambda rng: {"file": f"{stem(rng)}.csv", "column": rng.choice(COLUMNS)},
    _export,
)

SERVICES = ("payments", "search", "mailer", "checkout", "login", "billing")


def _log(values: Values, rng: random.Random) -> Files:
    rows = []
    for number in range(rng.randrange(4, 40)):
        level = rng.choice(("INFO", "WARN", "ERROR", "ERROR", "DEBUG"))
        what = rng.choice(
            (f"Timeout after {rng.randrange(9000)} ms", f"Query {number} cancelled", "health check ok", "disk full")
        )
        rows.append(f"2025-03-{rng.randint(1, 28):02}T10:{number % 60:02}:02Z {level} {rng.choice(SERVICES)} {what}")
    if rng.random() < 0.9:
        rows.append(f"2025-03-29T10:15:02Z ERROR {values['service']} Timeout after 30 ms")
    return {values["file"]: lines(*rows)}


LOG = World(
    Grammar(
        (
            "Please triage {file} for service {service}.",
            "What happened to service {service}? The log is {file}.",
            "Write the incident note from {file} for service {service}.",
            "Triage of {file}, service {service}",
        ),
        {"file": FILE.format("log"), "service": "[a-z]+"},
        ("file",),
    ),
    lambda rng: {"file": f"{stem(rng)}.log", "service": rng.choice(SERVICES)},
    _log,
)

SUPPLIERS = ("Nordlicht Licht GmbH", "Harbour Paper Ltd", "Alba Muebles", "Zenit Kurier", "O'Brien & Co")


def _invoice(values: Values, rng: random.Random) -> Files:
    orders = [[f"PO-{1000 + n}", rng.choice(SUPPLIERS[:4]), rng.randrange(50, 900), ""] for n in range(rng.randrange(2, 6))]
    order = rng.choice(orders)
    number = f"{rng.choice(('NL', 'HP', 'AM'))}-{rng.randrange(1, 2000)}"
    supplier, total = order[1], order[2]
    match rng.randrange(5):
        case 0:
            order[3] = number
        case 1:
            supplier = SUPPLIERS[4]
        case 2:
            total += rng.randrange(1, 9)
    price = f"{order[2]}.00"
    body = {"number": number, "supplier": supplier, "order": order[0], "lines": [{"item": "x", "quantity": 1, "price": price}]}
    body["total"] = f"{total}.00"
    table = lines("order,supplier,amount,invoiced", *(f"{o},{s},{a}.00,{i}" for o, s, a, i in orders))
    return {values["file"]: json.dumps(body, indent=1).encode(), "orders.csv": table}


INVOICE = World(
    Grammar(
        (
            "Can we pay the invoice in {file}?",
            "Check {file} against the order book and decide.",
            "Does the bill {file} match the order?",
            "Please check this invoice: {file}",
        ),
        {"file": FILE.format("json")},
        ("file",),
    ),
    named("json"),
    _invoice,
)


def _notes(values: Values, rng: random.Random) -> Files:
    found: Files = {}
    for _ in range(rng.randrange(1, 7)):
        head = [f"{'#' * rng.randint(1, 2)} {sentence(rng)[:-1]}", ""] if rng.random() < 0.8 else []
        tags = " ".join(f"#{w}" for w in rng.sample(WORDS, rng.randrange(3)))
        found[f"notes/{stem(rng)}.md"] = lines(*head, f"{sentence(rng)} {sentence(rng)} {tags}")
    return found


NOTES = World(
    Grammar(
        (
            "Index my notes please.",
            "Make a table of contents for these meeting notes.",
            "What is in this notes folder? Build the index.",
        ),
        {},
    ),
    lambda rng: {},
    _notes,
)


def _broken(values: Values, rng: random.Random) -> Files:
    good = {
        "name": sentence(rng),
        "active": rng.random() < 0.5,
        "limit": rng.randrange(900),
        "tags": rng.sample(WORDS, rng.randrange(3)),
    }
    text = json.dumps(good, indent=1)
    match rng.randrange(5):
        case 0:
            text = text.replace("]", ",]") if good["tags"] else text
        case 1:
            text = text.replace("true", "True").replace("false", "False")
        case 2:
            text = text.rstrip("}\n")
        case 3:
            text = json.dumps({**good, "limit": str(good["limit"])})
    return {values["file"]: text.encode()}


REPAIR = World(
    Grammar(
        (
            "Please repair {file}.",
            "{file} was cut off during the download. Repair it.",
            "One of our flags does not load any more, please repair {file}.",
            "Fix what can be fixed in {file}.",
        ),
        {"file": FILE.format("json")},
        ("file",),
    ),
    named("json"),
    _broken,
)


def _contacts(values: Values, rng: random.Random) -> Files:
    rows = []
    for number in range(rng.randrange(1, 12)):
        extra = rng.choice(
            (
                f"write to {rng.choice(PERSONS)}{number}@example.org",
                f"call +49 170 555 {rng.randrange(1000, 9999)}",
                "card 4111 1111 1111 1111",
                "on 2025-03-02",
                "",
            )
        )
        rows.append(f"{sentence(rng)} {extra}")
    return {values["file"]: lines(*rows)}


SCRUB = World(
    Grammar(
        (
            "Please scrub {file} before we share it with the vendor.",
            "Anonymise {file}.",
            "Redact the contact data in {file} please.",
            "Take the personal data out of {file}",
        ),
        {"file": r"[A-Za-z0-9][A-Za-z0-9_-]*\.(?:txt|csv)"},
        ("file",),
    ),
    lambda rng: {"file": f"{stem(rng)}.{rng.choice(('txt', 'csv'))}"},
    _contacts,
)


def _changes(values: Values, rng: random.Random) -> Files:
    rows = []
    for number in range(rng.randrange(1, 9)):
        labels = rng.sample(("feature", "bug", "breaking", "internal", "docs"), rng.randint(1, 2))
        row = {"number": 200 + number, "title": f"fix: {sentence(rng)[:-1].lower()}", "labels": labels}
        rows.append(row if rng.random() < 0.5 else {**row, "summary": sentence(rng)})
    return {values["file"]: json.dumps(rows, indent=1).encode()}


RELEASE = World(
    Grammar(
        (
            "Write the release notes for {product} {version} from {file} to out/notes.md.",
            "Release notes for {product} {version}, please; the changes are in {file}.",
        ),
        {"product": "[A-Z][a-z]+", "version": r"[0-9]+(?:\.[0-9]+)+", "file": FILE.format("json")},
        ("file",),
    ),
    lambda rng: {
        "product": rng.choice(("Inkwell", "Tally", "Kiosk", "Harbor")),
        "version": f"{rng.randrange(9)}.{rng.randrange(20)}",
        "file": f"{stem(rng)}.json",
    },
    _changes,
)


def _text(values: Values, rng: random.Random) -> Files:
    rows = [f"# {sentence(rng)[:-1].title()}", "", *(f"Please utilise the {sentence(rng).lower()}" for _ in range(3))]
    return {values["file"]: lines(*rows)}


STYLE = World(
    Grammar(
        (
            "Rewrite the notice {file} in our house style and save it as out/{file}.",
            "Please bring {file} into house style; result to out/{file}.",
            "Edit {file} for house style and write out/{file}.",
        ),
        {"file": FILE.format("md")},
        ("file",),
    ),
    named("md"),
    _text,
)


def _tables(values: Values, rng: random.Random) -> Files:
    states = ("open", "closed", "returned")
    people = [f"C{n}" for n in range(1, 6)]
    orders = [
        f"O{100 + n},{rng.choice(people)},{rng.choice(states)},{rng.randrange(500)}.50" for n in range(rng.randrange(3, 20))
    ]
    stock = [f"S-{n:03},{rng.choice(WORDS)},{rng.randrange(90)},{rng.randrange(80)}.00" for n in range(rng.randrange(3, 20))]
    tickets = [json.dumps({"id": n, "title": sentence(rng), "status": rng.choice(states)}) for n in range(rng.randrange(2, 9))]
    return {
        values["orders"]: lines("order,customer,status,amount", *orders),
        values["customers"]: lines("customer,name,city", *(f"{p},{rng.choice(WORDS)},Graz" for p in people)),
        values["stock"]: lines("sku,name,quantity,price", *stock),
        values["tickets"]: lines(*tickets),
    }


def _table_values(rng: random.Random) -> Values:
    names = {n: f"{n}{rng.choice(('', '_2025', '_new', str(rng.randrange(99))))}.csv" for n in ("orders", "customers", "stock")}
    more = {"limit": str(rng.randrange(2, 90)), "word": rng.choice(WORDS), "out": f"{rng.choice(WORDS)}{rng.randrange(99)}"}
    return {**names, "tickets": f"tickets{rng.choice(('', '_may', '_all'))}.jsonl", **more}


TABLES = World(
    Grammar(
        (
            "How much is open per customer? Take the open orders of {orders}, sum the amount per customer and write it to "
            "out/{out}.csv.",
            "Which articles in {stock} have a quantity below {limit}? Write them, fewest first, with sku and quantity only to "
            "out/{out}.csv.",
            "Join the returned orders of {orders} with {customers} and write the result to out/{out}.csv.",
            "Write all tickets of {tickets} about a {word} to out/{out}.csv.",
        ),
        {
            **{n: FILE.format("csv") for n in ("orders", "customers", "stock")},
            "tickets": FILE.format("jsonl"),
            "limit": "[0-9]+",
            "word": "[a-z]+",
            "out": "[A-Za-z0-9][A-Za-z0-9_-]*",
        },
        ("orders", "customers", "stock", "tickets"),
    ),
    _table_values,
    _tables,
)
