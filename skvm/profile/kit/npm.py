"""Packages for Node that nobody has seen: their interface is told in a task, what they return only they know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from skvm.profile.kit.instance import JobResult, Rng
from skvm.profile.kit.ledger import Query, query, rows_for
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.programs import Case, holds

Files = dict[str, bytes]


def package(name: str, source: str) -> Files:
    """A package as it is installed beside a script."""
    about = {"name": name, "version": "1.0.0", "main": "index.js"}
    folder = f"node_modules/{name}"
    return {f"{folder}/package.json": json.dumps(about).encode(), f"{folder}/index.js": source.encode()}


@dataclass(frozen=True)
class Stamper:
    """A package `name` with a class `kind`, whose method `verb` makes a stamp of so many characters out of a text."""

    name: str
    kind: str
    verb: str
    length: int

    def told(self) -> str:
        """The interface."""
        return (
            f"The npm package `{self.name}` is installed. It exports the class `{self.kind}`: `new {self.kind}({{ length }})` "
            f"makes an object whose method `{self.verb}(text)` returns the stamp of a text, a string of `length` characters."
        )

    def files(self, salt: str) -> Files:
        """The package; another salt, other stamps."""
        return package(
            self.name,
            'const crypto = require("crypto");\n'
            f"class {self.kind} {{\n  constructor(options) {{\n    this.length = options.length;\n  }}\n"
            f"  {self.verb}(text) {{\n"
            f'    return crypto.createHash("sha256").update("{salt}/" + text).digest("hex").slice(0, this.length);\n  }}\n}}\n'
            f"exports.{self.kind} = {self.kind};\n",
        )

    def stamp(self, salt: str, text: str) -> str:
        """What the method returns."""
        return hashlib.sha256(f"{salt}/{text}".encode()).hexdigest()[: self.length]


@dataclass(frozen=True)
class Service:
    """A package `name` whose client fetches rows by id: at most `limit` at a time, some only after several tries, some never.
    `target` is the JSON file of the result."""

    name: str
    target: str
    limit: int
    groups: tuple[str, ...]
    query: Query

    def told(self) -> str:
        """The interface and what is to be done with it."""
        fold = self.query.fold
        columns = ", ".join(fold.columns)
        return (
            f"The npm package `{self.name}` is installed. Its function `connect()` returns a promise of a client, which is an "
            "EventEmitter with these members:\n"
            "- `client.list()` returns a promise of an array of ids (strings).\n"
            "- `client.fetch(id)` returns a promise of an array of rows, objects with the members `name`, `group` and "
            "`number`. It can be rejected with an error whose `code` is `EAGAIN` (try this id again, until it works) or "
            "`EGONE` (there is nothing; do not try this id again). At most "
            f"{self.limit} fetches may be under way at a time: one more is rejected with `EBUSY` and spoils the run.\n"
            '- the event `"notice"`, with a string, which can come at any time while fetches are under way.\n'
            "- `client.close()` returns a promise; it has to be called once, at the end, and waited for.\n\n"
            f"Write a JavaScript script for Node.js that fetches all ids, {self.limit} at a time as long as there are enough "
            f"of them, and then writes the file `{self.target}` in the current folder: a JSON object with three members. "
            "`notices` is how many notices came, `gone` is the alphabetical list of the ids that are gone, and `result` is a "
            "list of objects with the "
            f"members {columns}, made from the rows {self.query.keep.told} of all ids together: one {fold.told}."
        )

    def case(self, rng: Rng) -> Case:
        """A service with its own data, and what is to come of them."""
        ids = coined_words(rng, 2 * self.limit + rng.randint(2, 5))
        rows = rows_for(rng, self.groups, self.query, len(ids) * 2)
        gone = sorted(rng.sample(ids, 2))
        kept = [name for name in ids if name not in gone]
        data: dict[str, dict[str, Any]] = {name: {"rows": [], "tries": 0, "gone": name in gone} for name in ids}
        for name, group, number in rows:
            data[rng.choice(kept)]["rows"].append({"name": name, "group": group, "number": number})
        for name in rng.sample(kept, 3):
            data[name]["tries"] = rng.randint(1, 3)
        tries = sum(item["tries"] for item in data.values())
        lines = [dict(zip(self.query.fold.columns, line, strict=True)) for line in self.query.answer(rows)]
        wanted = {"notices": tries + len(gone), "gone": gone, "result": lines}
        return Case(package(self.name, self._source(data)), self._judge(wanted, len(ids) + tries))

    def _source(self, data: Any) -> str:
        return _SERVICE.replace("DATA", json.dumps(data)).replace("LIMIT", str(self.limit)).replace("LOG", f".{self.name}.json")

    def _judge(self, wanted: Any, calls: int) -> Callable[[JobResult], str]:
        log = {"peak": self.limit, "calls": calls, "busy": 0, "closed": 1}
        return lambda done: holds(f".{self.name}.json", log)(done) or holds(self.target, wanted)(done)

    def slipped(self) -> dict[str, Service]:
        """Near tasks, by what is wrong with them."""
        return {name: replace(self, query=other) for name, other in self.query.slipped().items()}


_SERVICE = """\
const { EventEmitter } = require("events");
const fs = require("fs");
const data = DATA;
const log = { peak: 0, calls: 0, busy: 0, closed: 0 };
let open = 0;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const failed = (code) => Object.assign(new Error(code), { code });
class Client extends EventEmitter {
  async list() {
    await wait(1);
    return Object.keys(data);
  }
  async fetch(id) {
    log.calls += 1;
    open += 1;
    log.peak = Math.max(log.peak, open);
    try {
      if (open > LIMIT) {
        log.busy += 1;
        throw failed("EBUSY");
      }
      const item = data[id];
      await wait(2 + (id.length % 4));
      if (item.gone || item.tries > 0) {
        item.tries -= 1;
        this.emit("notice", "not now: " + id);
        throw failed(item.gone ? "EGONE" : "EAGAIN");
      }
      return item.rows;
    } finally {
      open -= 1;
    }
  }
  async close() {
    await wait(1);
    log.closed += 1;
    fs.writeFileSync("LOG", JSON.stringify(log));
  }
}
exports.connect = async () => {
  await wait(1);
  return new Client();
};
"""


def stamper(rng: Rng) -> Stamper:
    """A package that stamps."""
    name, kind, verb = coined_words(rng, 3)
    return Stamper(name, kind.capitalize(), verb, rng.randint(6, 20))


def service(rng: Rng) -> Service:
    """A package that fetches."""
    groups = tuple(coined_words(rng, rng.randint(3, 5)))
    name, target = coined_words(rng, 2)
    return Service(name, f"{target}.json", rng.randint(2, 4), groups, query(rng, groups, ordered=False))
