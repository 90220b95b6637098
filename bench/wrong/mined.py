"""Templates mined from generated tools: random programs over random tools, asked for in random wordings.

A program looks things up and writes what it found; some branch on a field that a look-up shows now and then. Nothing of it is
known to what learns: only the calls and results of its runs.
"""

from __future__ import annotations

import json
import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from bench.wrong.judging import FOREIGN, judge
from bench.wrong.learning import promoted
from bench.wrong.scene import Reference
from bench.wrong.tally import Verdicts
from bench.wrong.wording import Grammar, spoilt, spoken
from bench.wrong.worlds import stem
from skvm.adapters.simulation.oracle import Done
from skvm.jit import Book
from skvm.plan import CallRecord, Executor, ExecutorKind, GuardContext, Slice, SolidStep, StepNode, StepResult, StepStatus
from skvm.ports import Blobs, Offer, StepContext
from skvm.source import Span, digest_text

VERBS = ("Show", "Collect", "Check", "List", "Total", "Sort", "Archive", "Compare")
NOUNS = ("stock", "tickets", "parcels", "visits", "grades", "tracks", "claims", "beds")
OWNERS = ("north", "harbour", "cedar", "sunset", "maple", "granite", "amber")
STATES = ("ready", "ready", "ready", "ready", "held", "lost")
RARE = 890
"""Totals of a look-up lie below 900; from this one on some programs take another course."""

SLOTS = {
    "file": r"[A-Za-z0-9][A-Za-z0-9_-]*\.csv",
    "id": r"[A-Z]{2}-[0-9]+",
    "owner": "[a-z]+",
    "count": "[0-9]+",
}


class Shelf:
    """Records in memory, as the book keeps them."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, str]] = {}
        self._writes = 0

    def generation(self) -> int:
        return self._writes

    def save(self, table: str, key: str, value: Any) -> None:
        self._writes += 1
        self._tables.setdefault(table, {})[key] = json.dumps(value)

    def load(self, table: str, key: str) -> Any | None:
        row = self._tables.get(table, {}).get(key)
        return None if row is None else json.loads(row)

    def records(self, table: str) -> list[tuple[str, Any]]:
        return sorted((k, json.loads(v)) for k, v in self._tables.get(table, {}).items())

    def drop(self, table: str, key: str) -> None:
        self._writes += 1
        self._tables.get(table, {}).pop(key, None)

    def put(self, data: bytes) -> str:
        raise NotImplementedError

    def get(self, digest: str) -> bytes:
        raise NotImplementedError


def value_of(slot: str, rng: random.Random) -> str:
    """Something for a slot to hold."""
    match slot:
        case "file":
            return f"{stem(rng)}.csv"
        case "id":
            return f"{rng.choice(('AB', 'XY', 'QR'))}-{rng.randrange(1, 4000)}"
        case "owner":
            return rng.choice(OWNERS)
        case _:
            return str(rng.randrange(1, 500))


@dataclass(frozen=True)
class Asked:
    """A call that a program makes."""

    tool: str
    args: dict[str, Any]
    effect: str


Course = Generator[Asked, dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Program:
    """A generated program and how it is asked for. `calls`: (kind, tool, slot); `branches`: what may change its course."""

    number: int
    grammar: Grammar
    calls: tuple[tuple[str, str, str], ...]
    branches: str

    def run(self, slots: dict[str, str]) -> Reference:
        """What it does for these values."""
        done: list[CallRecord] = []
        course = self.course(slots)
        try:
            asked = next(course)
            while True:
                done.append(self.call(asked))
                asked = course.send(json.loads(done[-1].result) if asked.effect == "pure" else {})
        except StopIteration as stop:
            return Reference(tuple(done), Done(stop.value))

    def course(self, slots: dict[str, str]) -> Course:
        """Its calls, each answered with the facts of a look-up, and its values at the end."""
        facts: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for index, (kind, tool, slot) in enumerate(self.calls):
            if self.turns(facts):
                yield Asked("report_loss", {"about": slots[slot]}, "idempotent")
                return {"lost": True}
            if kind == "look":
                facts = yield Asked(tool, {"key": slots[slot], "page": index}, "pure")
                values[f"total{index}"] = facts["total"]
            elif kind == "follow" and facts:
                facts = yield Asked(tool, {"item": facts["next"]}, "pure")
            else:
                text = f"{slots[slot]}: {facts.get('total', 'none')} of {facts.get('owner', 'nobody')}\n"
                facts = yield Asked(tool, {"path": f"out/{index}.txt", "content": text}, "idempotent")
        return values

    def turns(self, facts: dict[str, Any]) -> bool:
        """Does what was looked up change the course?"""
        if self.branches == "total":
            return bool(facts.get("total", 0) >= RARE)
        return self.branches == "state" and facts.get("state") == "lost"

    def call(self, asked: Asked) -> CallRecord:
        """A call as it is recorded."""
        facts = self.facts(asked.tool, asked.args) if asked.effect == "pure" else None
        result = "saved" if facts is None else json.dumps(facts)
        return CallRecord(tool=asked.tool, args=asked.args, result=result, ok=True, effect=asked.effect)

    def facts(self, tool: str, args: dict[str, Any]) -> dict[str, Any]:
        """What a look-up tells."""
        draw = random.Random(f"{self.number} {tool} {json.dumps(args, sort_keys=True)}")
        facts = {"total": draw.randrange(900), "owner": draw.choice(OWNERS), "state": draw.choice(STATES)}
        return {**facts, "next": f"K{draw.randrange(10_000)}"}


def program(number: int, seed: int, thresholds: bool = False) -> Program:
    """The `number`-th program of a seed; with `thresholds` it takes another course at a rare number that it also passes on."""
    rng = random.Random(f"{seed} program {number}")
    names = rng.sample(list(SLOTS), rng.randrange(1, 4))
    wordings = []
    for _ in range(rng.randrange(1, 5)):
        order, noun = rng.sample(names, len(names)), rng.choice(NOUNS)
        middle = " ".join(f"{rng.choice(('for', 'with', 'in', 'of'))} {name} {{{name}}}" for name in order)
        wordings.append(f"{rng.choice(VERBS)} the {noun} {middle}{rng.choice(('.', '', ' today.', ' for the meeting'))}")
    kinds = [rng.choice(("look", "follow", "write", "write")) for _ in range(rng.randrange(1, 5))]
    calls = tuple((k, f"{k}_{rng.choice(NOUNS)}", rng.choice(names)) for k in kinds)
    grammar = Grammar(tuple(dict.fromkeys(wordings)), {n: SLOTS[n] for n in names})
    return Program(number, grammar, calls, "total" if thresholds else rng.choice(("", "state")))


def node(made: Program) -> StepNode:
    """The step that a model would do by the program."""
    key = digest_text(f"program {made.number}")
    place = Slice(goal="", text="")
    executor = Executor(kind=ExecutorKind.MODEL, target="sim/x")
    return StepNode(id="S1.s1", key=key, title="Step", span=Span("SKILL.md", 0, 1), executor=executor, slice=place)


def context(step: StepNode, task: str, run: str) -> StepContext:
    """What the step sees."""
    guard = GuardContext(slice_digest="sha256:generated", sandbox="recording")
    return StepContext(skill="generated", run=run, node=step, task=task, seen={}, guard=guard)


def request(made: Program, rng: random.Random) -> tuple[str, dict[str, str]]:
    """A valid request and the values in it."""
    values = {name: value_of(name, rng) for name in made.grammar.slots}
    return spoken(made.grammar.say(rng.randrange(len(made.grammar.wordings)), values), rng), values


def learned(made: Program, runs: int, rng: random.Random, shelf: Blobs | None = None) -> Book:
    """A book that watched the program."""
    book, step = Book(shelf or Shelf()), node(made)
    for number in range(runs):
        task, values = request(made, rng)
        seen, reference = context(step, task, f"r{number}"), made.run(values)
        offer = book.lookup(seen)
        if isinstance(offer, Offer) and not offer.shadow and serves(book, offer, seen, reference):
            continue
        assert reference.end is not None
        done = StepResult(status=StepStatus.DONE, calls=reference.calls, values=reference.end.values, model_calls=1)
        book.observe(seen, done, False)
    return book


def serves(book: Book, offer: Offer, seen: StepContext, reference: Reference) -> bool:
    """As the runtime serves an offer, call by call; what is handed back midway is reported and left to the model."""
    calls = reference.calls
    made = 0
    going: Offer | None = book.onward(offer, seen, ())
    while going is not None and book.following(going, seen, calls[:made]) is not None:
        offer = going
        if book.fill(offer, seen, made, calls[:made]) is None:
            break
        made += 1
        going = book.onward(offer, seen, calls[:made])
    ok = going is not None and book.finish(going, seen, calls[:made]) is not None
    book.report(seen, offer.code.id, ok, "" if ok else "not as expected", None)
    return ok


@dataclass
class Trained:
    """A program and the codes that were promoted of it."""

    made: Program
    codes: list[SolidStep]

    def run(self, count: int, rng: random.Random) -> Verdicts:
        """Half of the requests valid, half mutated; no verdicts where nothing was promoted."""
        step, verdicts = node(self.made), Verdicts()
        for index in range(count if self.codes else 0):
            task, values = request(self.made, rng)
            mutated = index % 2 == 1
            task = spoilt(task, values, rng) if mutated else task
            read = self.made.grammar.read(task)
            reference = FOREIGN if read is None else self.made.run(read)
            verdict = judge(self.codes, context(step, task, "q"), reference)
            verdicts.of(f"program {self.made.number}").note(verdict, mutated, repr(task))
            if not mutated:
                verdicts.requests[verdict.what] += 1
        return verdicts


def trained(made: Program, runs: int, rng: random.Random) -> Trained:
    """A program after some runs of a model."""
    return Trained(made, [code for record in learned(made, runs, rng).records() for code in promoted(record)])
