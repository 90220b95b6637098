"""A ledger spread over files in folders, as CSV, JSON or log lines, and what a script is to make of all of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

from skvm.profile.kit.data import Unreadable, read_json, same
from skvm.profile.kit.instance import JobResult, Rng
from skvm.profile.kit.ledger import Query, Row, query, rows_for
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.programs import Case, text_in

Files = dict[str, bytes]

Extra = Callable[[dict[str, Any]], dict[str, Any]]
"""Members that a line of the result has besides."""


@dataclass(frozen=True)
class Archive:
    """A task on the files of `folder`. `kind` is what they are (csv, json, log), `columns` how name, group and number are
    called in them, `items` the member of a JSON file that lists them; `target` is a JSON or CSV file."""

    folder: str
    kind: str
    columns: tuple[str, str, str]
    items: str
    target: str
    groups: tuple[str, ...]
    query: Query

    def told(self, rng: Rng, extra: str = "", more: Extra | None = None) -> str:
        """The task with a small example; in JSON each line can have members `more` of which `extra` tells."""
        rows = self.rows(rng, 5)
        shown = "\n\n".join(f"{path}\n```\n{data.decode().strip()}\n```" for path, data in self.files(rng, rows, 2).items())
        fold = self.query.fold
        return (
            f"It reads all files below the folder `{self.folder}` of the current folder, at any depth, whose names end in "
            f"`.{self.kind}`, and no others, and writes the file `{self.target}` in the current folder.\n\n{self._layout()} "
            f"Only rows {self.query.keep.told} count; the script leaves out all others.\n\n{self._result()} "
            f"one {fold.told}.{extra}\n\nFor example, from these files\n\n{shown}\n\nit makes this {self.target}\n\n"
            f"```\n{self.written(rows, more)}\n```\n\nIt will be run on other files of that kind, which are UTF-8."
        )

    def _layout(self) -> str:
        name, group, number = self.columns
        if self.kind == "csv":
            return (
                f"They are CSV with a header. The columns `{name}` (a name), `{group}` (a group) and `{number}` (a whole "
                "number) stand in another order from file to file, among other columns. Cells can be quoted, and can hold "
                "commas, quotes and line breaks. Every record is a row."
            )
        if self.kind == "json":
            return (
                f"Each holds one JSON object. Its member `{self.items}` is a list, which can be empty, of objects: the rows, "
                f"with the members `{name}` (a name), `{group}` (a group) and `{number}` (a whole number)."
            )
        return (
            f'A line of the form `DATE TIME [GROUP] {number}=NUMBER {name}="NAME"` is a row with a group, a whole number and a '
            "name (which holds no quotes); other lines are no rows."
        )

    def _result(self) -> str:
        columns = ", ".join(self.query.fold.columns)
        if self.target.endswith(".json"):
            return f"{self.target} is a JSON list of objects with the members {columns} in this order (numbers as numbers):"
        return f"{self.target} is CSV with the header {columns} and below it"

    def rows(self, rng: Rng, count: int) -> list[Row]:
        """Rows whose names are not easy to take apart."""
        extra = (', "{}"', " {}", ", {}", "\n{}", ' "{}", {}') if self.kind != "log" else (" {}", ", {}", "; [{}]", " {}=7")
        names = [word + rng.choice(extra).replace("{}", coined(rng)) for word in coined_words(rng, count)]
        return rows_for(rng, self.groups, self.query, count, names)

    def files(self, rng: Rng, rows: Sequence[Row], parts: int) -> Files:
        """The rows in so many files at several depths."""
        found = {}
        for part, stem in enumerate(coined_words(rng, parts)):
            place = "/".join([self.folder, *coined_words(rng, part % 3), f"{stem}.{self.kind}"])
            found[place] = self._file(rng, rows[part::parts])
        return found

    def _file(self, rng: Rng, rows: Sequence[Row]) -> bytes:
        return {"csv": self._csv, "json": self._json, "log": self._log}[self.kind](rng, rows).encode()

    def _csv(self, rng: Rng, rows: Sequence[Row]) -> str:
        columns = rng.sample([*self.columns, "remark"], 4)
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(columns)
        for row in rows:
            cells = {**dict(zip(self.columns, row, strict=True)), "remark": rng.choice(("", "7", 'so "called", 3', "a,b"))}
            table.writerow([cells[column] for column in columns])
        return out.getvalue()

    def _json(self, rng: Rng, rows: Sequence[Row]) -> str:
        items = [dict(zip(rng.sample(self.columns, 3), (None, None, None), strict=True)) for _ in rows]
        for item, row in zip(items, rows, strict=True):
            item.update(zip(self.columns, row, strict=True))  # type: ignore[arg-type]
        return json.dumps({"version": rng.randint(1, 9), self.items: items}, indent=rng.choice((None, 1)))

    def _log(self, rng: Rng, rows: Sequence[Row]) -> str:
        name, _, number = self.columns
        found = [f'[{row[1]}] {number}={row[2]} {name}="{row[0]}"' for row in rows]
        for noise in (f"[{rng.choice(self.groups)}] {number} is not known", f"{number}={rng.randint(1, 99)}", "restart"):
            found.insert(rng.randint(0, len(found)), noise)
        day, begin = f"20{rng.randint(24, 39)}-0{rng.randint(1, 9)}-{rng.randint(10, 28)}", rng.randint(10, 40)
        return "".join(f"{day} 09:{begin + at // 9}:{10 + at % 9} {line}\n" for at, line in enumerate(found))

    def written(self, rows: Sequence[Row], more: Extra | None = None) -> str:
        """The result for some rows."""
        columns, lines = self.query.fold.columns, self.query.answer(rows)
        if self.target.endswith(".json"):
            return json.dumps([{**line, **(more(line) if more else {})} for line in self.objects(rows)], indent=1)
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([columns, *lines])
        return out.getvalue().strip("\n")

    def cases(self, rng: Rng) -> list[Case]:
        """Inputs that are not shown."""
        return [Case(files, self._judge(rows)) for files, rows in self.inputs(rng)]

    def inputs(self, rng: Rng) -> list[tuple[Files, list[Row]]]:
        """Rows, and files that hold them among files that do not count."""
        found = []
        for count, parts in ((14, 4), (11, 3)):
            rows = self._telling(rng, count, parts)
            files = self.files(rng, rows, parts)
            stray = [f"{path}.{rng.choice(('old', 'txt'))}" for path in files] + [f"{coined(rng)}.{self.kind}"]
            files |= {path: self._file(rng, rng.sample(rows, 5)) for path in stray}
            found.append((files, rows))
        return found

    def _telling(self, rng: Rng, count: int, parts: int) -> list[Row]:
        """Rows on which every slip shows in whatever order the files are read."""
        while True:
            rows = self.rows(rng, count)
            right, orders = self.query.answer(rows), permutations([rows[part::parts] for part in range(parts)])
            read = [[row for part in order for row in part] for order in orders]
            if all(near.answer(found) != right for near in self.query.slipped().values() for found in read):
                return rows

    def objects(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """The result for some rows as objects."""
        return [dict(zip(self.query.fold.columns, line, strict=True)) for line in self.query.answer(rows)]

    def _judge(self, rows: Sequence[Row]) -> Callable[[JobResult], str]:
        columns, lines = self.query.fold.columns, self.query.answer(rows)
        objects = self.objects(rows)
        cells = [[*columns], *([str(part) for part in line] for line in lines)]

        def wrong(done: JobResult) -> str:
            text = text_in(done.files, self.target)
            if text is None:
                return f"there is no {self.target}, or it is not UTF-8"
            if self.target.endswith(".json"):
                return _wrong_json(text, objects)
            found = [row for row in csv.reader(io.StringIO(text.replace("\r\n", "\n"), newline="")) if row]
            return "" if found == cells else f"the result has {found[1:3]}... and not {cells[1:3]}..."

        return wrong

    def slipped(self) -> dict[str, Archive]:
        """Near tasks, by what is wrong with them."""
        return {name: replace(self, query=other) for name, other in self.query.slipped().items()}


def _wrong_json(text: str, objects: list[dict[str, Any]]) -> str:
    try:
        return "" if same(read_json(text), objects) else f"the result is not {objects[:2]}..."
    except Unreadable as error:
        return str(error)


def archive(rng: Rng, kinds: Sequence[str] = ("csv", "json", "log"), ends: Sequence[str] = ("json", "csv")) -> Archive:
    """A task."""
    groups = tuple(coined_words(rng, rng.randint(3, 5)))
    folder, name, group, number, items, target = coined_words(rng, 6)
    kind = rng.choice(kinds)
    end = rng.choice([end for end in ends if end != kind] or ends)
    return Archive(folder, kind, (name, group, number), items, f"{target}.{end}", groups, query(rng, groups, ordered=False))
