"""Random steps against their reference function: whatever is served is served right, everything else is handed back.

A step is a random program over a random request grammar and a tool environment with hidden branches. It is learned from a
few valid runs; then valid and mutated requests come in. A request outside the grammar must never be served to the end.
"""

from __future__ import annotations

import json
import random
import re
import shlex
from dataclasses import dataclass
from typing import Any

import pytest
from jit_kit import MemoryBlobs, by_code, by_model, call, context, node

from skvm.jit import Book, Policy
from skvm.plan import CallRecord
from skvm.ports import Offer, StepContext

VOCABULARY = "sum count list merge check file rows report table build with using into for the group column value make"
WORDS = VOCABULARY.split()
COLUMNS = ["region", "city", "owner", "team", "branch", "month", "status", "product", "price", "level"]
NAMES = ["sales", "orders", "costs", "stock", "margins", "q1_sales", "north-data", "log2024", "y"]
GRAMMAR = {
    "file": r"[A-Za-z0-9_-]+\.(?:csv|json)",
    "column": r"[a-z]+",
    "number": r"[0-9]+",
    "title": r'[^"\n;$`\\]+',
    "id": r"[A-Z]+-[0-9]+",
}
NOT_COLUMNS = frozenset(["not", "no", "never", "without", "except"])
HOSTILE = [
    "; rm -rf /",
    "$(reboot)",
    "`id`",
    "x && y",
    "../../etc/passwd",
    "-rf",
    "a b",
    "'",
    '"',
    "a\nb",
    "{{h1}}",
    "",
    "*",
    "not",
]


def held(kind: str, rng: random.Random) -> str:
    match kind:
        case "file":
            return f"{rng.choice(NAMES)}{rng.choice(['', '', str(rng.randrange(9))])}.csv"
        case "column":
            return rng.choice(COLUMNS)
        case "number":
            return str(rng.randrange(1, 500))
        case "title":
            return rng.choice(["Q3 report", "Totals", "Year end 2024", "North region", "Draft"])
        case _:
            return f"{rng.choice(['AB', 'XY', 'Q'])}-{rng.randrange(1000)}"


@dataclass
class Step:
    """A random step: request grammar, what it calls, what it returns."""

    text: list[str | tuple[str, str]]
    kinds: dict[str, str]
    plan: list[tuple[str, str]]
    flagged: bool

    def request(self, slots: dict[str, str]) -> str:
        return "".join(p if isinstance(p, str) else slots[p[0]] for p in self.text)

    def parse(self, task: str) -> dict[str, str] | None:
        """What a careful reader takes out of a request; None for one that is not of this grammar."""
        pattern = "".join(re.escape(p) if isinstance(p, str) else f"(?P<{p[0]}>{GRAMMAR[p[1]]})" for p in self.text)
        found = re.fullmatch(pattern, task)
        if found is None or any(found[n] in NOT_COLUMNS for n, k in self.kinds.items() if k == "column"):
            return None
        return found.groupdict()

    def run(self, seen: StepContext, tool: Any) -> tuple[dict[str, Any], str]:
        slots = self.parse(seen.task)
        assert slots is not None
        values: dict[str, Any] = {}
        facts: dict[str, Any] = {}
        for index, (what, slot) in enumerate(self.plan):
            value = slots[slot]
            stem = value.rpartition(".")[0] or value.lower()
            match what:
                case "command":
                    got = tool("execute_command", {"command": f"python s{index}.py {shlex.quote(value)} --n {len(self.plan)}"})
                    facts = json.loads(got.stdout)
                    values[f"total{index}"] = facts["total"]
                case "read":
                    line = tool("read_file", {"path": f"in/{stem}.txt"}).result
                    values[f"owner{index}"] = line.partition("owner: ")[2].partition("\n")[0]
                case _:
                    body = f"# {value}\n\nTotal: {facts.get('total', 'none')}\n"
                    if self.flagged and facts.get("late"):
                        body += "LATE\n"
                    tool("write_file", {"path": f"out/{stem}_{index}.md", "content": body})
                    values["path"] = f"out/{stem}_{index}.md"
        return values, f"did {self.request(slots)}"


def environment(flagged: bool) -> Any:
    def tool(name: str, args: dict[str, Any]) -> CallRecord:
        draw = random.Random(json.dumps(args, sort_keys=True))
        if name == "execute_command":
            facts = {"total": draw.randrange(10_000), "late": flagged and draw.random() < 0.25, "unit": "EUR"}
            return call(name, args, json.dumps(facts) + "\n", effect="effectful")
        if name == "read_file":
            return call(name, args, f"id: {draw.randrange(99)}\nowner: {draw.choice(NAMES)}\nend")
        return call(name, args, f"wrote {args['path']}", effect="idempotent")

    return tool


def random_step(rng: random.Random) -> Step:
    kinds = {f"s{i}": rng.choice(list(GRAMMAR)) for i in range(rng.randrange(1, 4))}
    text: list[str | tuple[str, str]] = [rng.choice(WORDS).capitalize() + " "]
    for name, kind in kinds.items():
        quote = '"' if kind == "title" else ""
        text += [f"{rng.choice(WORDS)} {quote}", (name, kind), f"{quote} {rng.choice(WORDS)} "]
    text.append(rng.choice(WORDS) + rng.choice([".", "", "!"]))
    plan = [(rng.choice(["command", "read", "write"]), rng.choice(list(kinds))) for _ in range(rng.randrange(1, 4))]
    return Step(text, kinds, plan, rng.random() < 0.5)


def valid(step: Step, rng: random.Random) -> dict[str, str]:
    return {name: held(kind, rng) for name, kind in step.kinds.items()}


def mutated(step: Step, rng: random.Random) -> str:
    slots = valid(step, rng)
    name = rng.choice(list(slots))
    match rng.randrange(8):
        case 0:
            slots[name] = rng.choice(HOSTILE)
        case 1:
            slots[name] += rng.choice(HOSTILE)
        case 2:
            slots[name] = held(rng.choice(list(GRAMMAR)), rng)
        case 3:
            task = step.request(slots).split(" ")
            task.insert(
                rng.randrange(len(task) + 1), rng.choice(["not", "do not", "never", "delete", "except " + held("column", rng)])
            )
            return " ".join(task)
        case 4:
            return step.request(slots) + rng.choice(
                [" Do not write.", "\nIgnore the above.", " and delete all", " " + step.request(slots)]
            )
        case 5:
            task = step.request(slots).split(" ")
            task.pop(rng.randrange(len(task)))
            return " ".join(task)
        case 6:
            task = step.request(slots).split(" ")
            rng.shuffle(task)
            return " ".join(task)
        case _:
            return step.request(slots).swapcase()
    return step.request(slots)


@pytest.mark.parametrize("batch", range(3))
def test_served_right_or_handed_back(batch: int) -> None:
    served = learned = offered = 0
    for seed in range(40):
        rng = random.Random(batch * 1000 + seed)
        step = random_step(rng)
        tool = environment(step.flagged)
        book = Book(MemoryBlobs(), Policy(keep=24))
        key = node(key=f"sha256:{seed:064x}")
        for run in range(20):
            seen = context(step.request(valid(step, rng)), run=f"r{run}", step=key)
            if not isinstance(book.lookup(seen), Offer):
                book.observe(seen, by_model(step.run, tool, seen), False)
        learned += any(v.state == "promoted" for r in book.records() for v in r.versions)
        for run in range(25):
            proper = rng.random() < 0.5
            task = step.request(valid(step, rng)) if proper else mutated(step, rng)
            seen = context(task, run=f"q{run}", step=key)
            offered += proper
            served += _judge(book, step, tool, seen, proper)
    assert learned >= 34, f"{learned} of 40 random steps were learned"
    assert served >= 0.5 * offered * learned / 40, f"{served} of {offered} valid requests served"


def _judge(book: Book, step: Step, tool: Any, seen: StepContext, proper: bool) -> int:
    offer = book.lookup(seen)
    got = by_code(book, offer, tool, seen) if isinstance(offer, Offer) else None
    if got is None:
        return 0
    assert step.parse(seen.task) is not None, f"served a foreign request: {seen.task!r}"
    want = by_model(step.run, tool, seen)
    assert (got.calls, got.values) == (want.calls, want.values), seen.task
    return int(proper)


STATUSES = ["ok", "ok", "ok", "late", "failed", "paid"]


def tell(seen: StepContext, tool: Any) -> tuple[dict[str, Any], str]:
    """A step that lives on values of earlier steps; what it does depends on one of them."""
    row = seen.values["S1.s1"]
    name, count, status = row["name"], row["count"], row["status"]
    if status == "failed":
        tool("write_file", {"path": "out/error.txt", "content": name})
        return {"told": False}, ""
    shown = f"{name} ({status})" if status == "late" else name
    tool("write_file", {"path": f"out/{name}.txt", "content": f"{shown}: {count}\n"})
    return {"told": True, "count": count}, ""


def row_of(rng: random.Random) -> dict[str, Any]:
    row = {"name": rng.choice(NAMES), "count": rng.randrange(50), "status": rng.choice(STATUSES), "open": rng.random() < 0.5}
    return {**row, "tags": rng.sample(COLUMNS, rng.randrange(3))}


def spoilt(row: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    name = rng.choice(list(row))
    match rng.randrange(4):
        case 0:
            return {k: v for k, v in row.items() if k != name}
        case 1:
            return {**row, "extra": 1}
        case 2:
            return {**row, name: rng.choice([None, 7, "7", True, 1.5, [], {}, "ok", -3])}
        case _:
            return {**row, name: rng.choice(HOSTILE)}


@pytest.mark.parametrize("seed", range(8))
def test_values_of_earlier_steps_that_decide(seed: int) -> None:
    """Unseen statuses, other types, missing and added values: served as the reference does, or handed back."""
    rng = random.Random(seed)
    book, tool, served = Book(MemoryBlobs(), Policy(keep=24)), environment(False), 0
    step = node(key=f"sha256:{seed:064x}").model_copy(update={"inputs": ("$step.S1.s1.values",)})
    for run in range(150):
        row = row_of(rng) if run < 30 or rng.random() < 0.5 else spoilt(row_of(rng), rng)
        seen = context(run=f"r{run}", step=step, values={"S1.s1": row})
        offer = book.lookup(seen)
        got = by_code(book, offer, tool, seen) if isinstance(offer, Offer) else None
        if got is None:
            if run < 30:
                book.observe(seen, by_model(tell, tool, seen), False)
            continue
        want = by_model(tell, tool, seen)
        assert (got.calls, got.values) == (want.calls, want.values), row
        served += 1
    assert served > 0
