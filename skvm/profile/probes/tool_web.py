"""tool.web: one address and a field; parameters that need encoding; all pages of a list, or interfaces that lead to each other.

What the site knows is made from the seed and lies in no file; whether it was asked is seen in its own log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, TOKEN, answer_line, tokens_of
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, Call, Play, does, says
from skvm.profile.kit.pools import coined, coined_words, people, token, tokens
from skvm.profile.kit.site import BASE, Answer, Asked, Site, pairs

TOOLS = ("web_fetch",)
ACCENTED = "\u00e4\u00f6\u00fc\u00e9"


@dataclass(frozen=True)
class Errand:
    """What is asked of a site. `steps`: the addresses that have to be fetched, from the path on; `right` is the answer,
    `wrong` are answers of typical slips; `off`: other sequences of addresses, after which the right answer does not count."""

    prompt: str
    answer: Callable[[Asked], Answer]
    steps: tuple[str, ...]
    right: str
    wrong: Mapping[str, str]
    off: Mapping[str, Sequence[str]] = field(default_factory=dict)


def _build(level: Level, rng: Rng) -> Task:
    makers = {Level.L1: (_field,), Level.L2: (_parameters,), Level.L3: (_pages, _interfaces)}
    errand = rng.choice(makers[level])(rng)
    right = f"ANSWER: {errand.right}"
    fetched = [_get(step) for step in errand.steps]
    return Task(
        prompt=f"{errand.prompt} {ASKED}",
        grade=pure(lambda trial: _judge(trial, errand)),
        site=Site(errand.answer),
        tools=TOOLS,
        reference=does(*[[call] for call in fetched], text=right),
        variants={
            "dressed": does(*[[call] for call in fetched], text=f"From {BASE}:\n\n**ANSWER: `{errand.right}`.**"),
            "lost first": does([_get("/")], *[[call] for call in fetched], text=right),
            "twice": does(*[[call, call] for call in fetched], text=right),
        },
        mutants={
            "not fetched": says(right),
            "never there": does([_get("/")], text=right),
            "last step left out": _play(errand.steps[:-1], right),
            "no answer line": _play(errand.steps, f"It is {errand.right}"),
            "refusal": says(REFUSAL),
            **{name: _play(errand.steps, f"ANSWER: {text}") for name, text in errand.wrong.items()},
            **{name: _play(steps, right) for name, steps in errand.off.items()},
        },
    )


def _get(step: str) -> Call:
    return Call("web_fetch", {"url": BASE + step})


def _play(steps: Sequence[str], text: str) -> Play:
    return does(*[[_get(step)] for step in steps], text=text)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(json.dumps(value, ensure_ascii=False), status=status)


def _field(rng: Rng) -> Errand:
    words = coined_words(rng, 8)
    codes = tokens(rng, 4)
    path, wanted = f"/{words[0]}/{rng.randint(100, 9999)}", words[1]
    record = {
        "code": codes[0],
        words[2]: {"code": codes[1], "name": words[5]},
        wanted: {"name": words[6], "code": codes[2], "size": rng.randint(2, 99)},
        words[3]: [codes[3], words[7]],
    }
    record = {key: record[key] for key in rng.sample(list(record), len(record))}

    def answer(asked: Asked) -> Answer:
        return _json(record) if asked.path == path else _json({"error": "there is nothing here"}, 404)

    prompt = f"Fetch {BASE}{path}. What is the value of `code` inside of `{wanted}` in the answer?"
    wrong = {"outer code": codes[0], "another's code": codes[1], "invented": token(rng)}
    return Errand(prompt, answer, (path,), codes[2], wrong)


def _parameters(rng: Rng) -> Errand:
    """A filter and an order that the site applies; the name to filter by needs encoding."""
    path, keys = f"/{coined(rng)}", ("depot", "below", "order")
    first, second = people(rng, 2)
    name = f"{first}{rng.choice(ACCENTED)} {rng.choice('&+#')} {second}"
    limit, order = rng.randint(40, 70), rng.choice(("size", "price"))
    codes = tokens(rng, 6)
    sizes, prices = rng.sample(range(1, 40), 6), rng.sample(range(100, 900), 6)
    sizes[5] = limit + rng.randint(1, 20)
    rows = [{"code": c, "size": s, "price": p} for c, s, p in zip(codes, sizes, prices, strict=True)]

    def found(by: str) -> list[dict[str, Any]]:
        return sorted((row for row in rows if int(str(row["size"])) < limit), key=lambda row: int(str(row[by])))

    def answer(asked: Asked) -> Answer:
        if asked.path != path:
            return _json({"error": "there is nothing here"}, 404)
        if missing := [key for key in keys if not asked.query.get(key)]:
            return _json({"error": f"missing parameters: {', '.join(missing)}"}, 400)
        if asked.query["depot"] != name or asked.query["below"] != str(limit) or asked.query["order"] not in ("size", "price"):
            return _json({"error": "no such depot, number or order"}, 404)
        return _json({"found": [row["code"] for row in found(asked.query["order"])]})

    prompt = (
        f"The interface {BASE}{path} takes three parameters in its query: `depot`, the name of a depot; `below`, a number; "
        f"and `order`, which is `size` or `price`. It lists the codes of goods of that depot whose size is below the number, "
        f"in that order. Ask it for the depot `{name}`, below {limit}, by {order}. Report the second and then the third code "
        "of the list."
    )
    listed = [str(row["code"]) for row in found(order)]
    other = [str(row["code"]) for row in found("price" if order == "size" else "size")]
    query = {"depot": name, "below": limit, "order": order}
    wrong = {"one too early": ", ".join(listed[:2]), "reordered": ", ".join(listed[2:0:-1]), "one only": listed[1]}
    if other[1:3] != listed[1:3]:
        wrong["other order"] = ", ".join(other[1:3])
    off = {
        "not encoded": [f"{path}?depot={name}&below={limit}&order={order}"],
        "half of the name": [f"{path}?{urlencode({**query, 'depot': name.split()[0]})}"],
        "parameter left out": [f"{path}?{urlencode({**query, 'order': ''})}"],
        "other number": [f"{path}?{urlencode({**query, 'below': limit + 1})}"],
    }
    return Errand(prompt, answer, (f"{path}?{urlencode(query)}",), ", ".join(listed[1:3]), wrong, off)


def _pages(rng: Rng) -> Errand:
    """A list in pages, each naming the next by a word that cannot be guessed."""
    path, count = f"/{coined(rng)}", rng.randint(5, 7)
    marks = ["", *tokens(rng, count - 1)]
    states = coined_words(rng, 3)
    sizes = [rng.randint(4, 6) for _ in range(count)]
    total = sum(sizes)
    amounts, codes = rng.sample(range(100, 999), total), tokens(rng, total)
    rows = [{"code": c, "state": rng.choice(states), "amount": a} for c, a in zip(codes, amounts, strict=True)]
    late = rng.randrange(sizes[0] + sizes[1], total)
    rows[late]["amount"] = 999 + rng.randint(1, 300)
    rows[late]["state"] = rows[0]["state"] = wanted = rng.choice(states)
    starts = [sum(sizes[:i]) for i in range(count)]
    pages = {mark: rows[start : start + size] for mark, start, size in zip(marks, starts, sizes, strict=True)}
    after = dict(zip(marks, [*marks[1:], ""], strict=True))

    def answer(asked: Asked) -> Answer:
        mark = asked.query.get("after", "")
        if asked.path != path or mark not in pages:
            return _json({"error": "there is nothing here"}, 404)
        following = f"{BASE}{path}?after={after[mark]}" if after[mark] else None
        return _json({"entries": pages[mark], "next": following})

    def told(part: list[dict[str, Any]]) -> str:
        best = max(part, key=lambda row: int(row["amount"]))
        return f"{sum(row['state'] == wanted for row in part)}, {best['code']}"

    hits = sum(row["state"] == wanted for row in rows)
    prompt = (
        f"{BASE}{path} is the first page of a list. `next` is the address of the page that follows, null on the last one. Go "
        f"through all pages. Report how many entries of the whole list have the state `{wanted}`, and then the code of the "
        "entry of the whole list with the largest amount."
    )
    steps = tuple(path + (f"?after={mark}" if mark else "") for mark in marks)
    wrong = {
        "first page only": told(rows[: sizes[0]]),
        "off by one": f"{hits + 1}, {codes[late]}",
        "one page overlooked": f"{hits - 1}, {codes[late]}",
        "another code": f"{hits}, {codes[(late + 1) % total]}",
        "all entries": f"{total}, {codes[late]}",
    }
    return Errand(prompt, answer, steps, told(rows), wrong, {"page left out": [*steps[:2], *steps[3:]]})


def _interfaces(rng: Rng) -> Errand:
    """An order leads to a customer, the customer to a region, and the depots of the region to a code."""
    order, customer, region = rng.randint(10_000, 99_999), token(rng), coined(rng).capitalize()
    words, codes = coined_words(rng, 4), tokens(rng, 5)
    places = rng.sample(range(10, 400), 4)
    depots = [{"name": w, "distance": d, "code": c} for w, d, c in zip(words, places, codes, strict=False)]
    tables: dict[str, Any] = {
        f"/orders/{order}": {"order": order, "customer": customer, "total": rng.randint(100, 999)},
        f"/customers/{customer}": {"name": people(rng, 1)[0], "region": region, "code": codes[4]},
    }

    def answer(asked: Asked) -> Answer:
        if asked.path == "/depots" and asked.query.get("region") == region:
            return _json({"region": region, "depots": depots})
        return _json(tables[asked.path]) if asked.path in tables else _json({"error": "there is nothing here"}, 404)

    prompt = (
        f"There are three interfaces: {BASE}/orders/NUMBER tells an order and its customer, {BASE}/customers/ID tells a "
        f"customer and a region, {BASE}/depots?region=NAME tells the depots of a region and their distances. Report the code "
        f"of the nearest depot in the region of the customer of order {order}."
    )
    ranked = sorted(depots, key=lambda row: int(str(row["distance"])))
    steps = (*tables, f"/depots?region={region}")
    wrong = {
        "farthest": str(ranked[-1]["code"]),
        "second nearest": str(ranked[1]["code"]),
        "the customer's code": codes[4],
        "two": f"{ranked[0]['code']}, {ranked[1]['code']}",
    }
    return Errand(prompt, answer, steps, str(ranked[0]["code"]), wrong, {"order not looked up": steps[1:]})


def _judge(trial: Trial, errand: Errand) -> Verdict:
    for step in errand.steps:
        path, _, query = step.partition("?")
        if not any(v.status == 200 and v.asked.path == path and dict(v.asked.query) == pairs(query) for v in trial.visits):
            return fail(f"{path} was not asked as it had to be")
    line = answer_line(trial.text) or ""
    count = _counts(errand.right)
    same = tokens_of(line) == tokens_of(errand.right) and _counts(line)[: len(count)] == count
    return PASS if same else fail(f"{line!r} is not {errand.right}")


def _counts(text: str) -> list[str]:
    """Numbers of an answer besides those in tokens."""
    return re.findall(r"\d+", TOKEN.sub(" ", text.lower()))


PROBE = Probe("tool.web", 1, _build, needs=("web_fetch",))
