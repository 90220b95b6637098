"""A ledger in a text file, asked about by a script of any language: what is told, inputs, and the result line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.ledger import Query, Row, query, rows_for
from skvm.profile.kit.pools import coined, coined_words
from skvm.profile.kit.programs import Case, writes_lines

FIELDS = ("name", "group", "number")


@dataclass(frozen=True)
class Linewise:
    """A task on lines. `order` of the fields in a line; `cut`, `glue` between fields of input and output; `mark` of comments;
    `closing` begins the last line of the output."""

    source: str
    target: str
    order: tuple[str, ...]
    cut: str
    glue: str
    mark: str
    closing: str
    groups: tuple[str, ...]
    query: Query

    def told(self, rng: Rng) -> str:
        """The task with a small example."""
        rows = rows_for(rng, self.groups, self.query, 7)
        given, wanted = self.text(rng, rows), "\n".join(self.lines(rows))
        fold = self.query.fold
        return (
            f"It reads the text file `{self.source}` of the current folder and writes the text file `{self.target}` there.\n\n"
            f"Every line of {self.source} is a row with a {self.order[0]}, a {self.order[1]} and a {self.order[2]} in this "
            f"order, separated by `{self.cut}`. The number is whole and can be negative. Lines that are empty or begin with "
            f"`{self.mark}` are no rows. Only rows {self.query.keep.told} count; the script leaves out all others.\n\n"
            f"{self.target} gets one line {fold.told}. The parts of a line ({', '.join(fold.columns)}) are separated by "
            f"`{self.glue}`. The last line is `{self.closing}{self.glue}N`, where N is how many rows count.\n\n"
            f"For example, from this {self.source}\n\n```\n{given}```\n\nthe script makes this {self.target}\n\n"
            f"```\n{wanted}\n```\n\nIt will be run on other files of that kind, also on one without any row."
        )

    def lines(self, rows: Sequence[Row]) -> list[str]:
        """The output for some rows."""
        kept = sum(map(self.query.keep.test, rows))
        return [self.glue.join(map(str, line)) for line in (*self.query.answer(rows), (self.closing, kept))]

    def text(self, rng: Rng, rows: Sequence[Row]) -> str:
        """A file with these rows, and with comments and empty lines among them."""
        found = []
        for row in rows:
            values = dict(zip(FIELDS, map(str, row), strict=True))
            found += [self.cut.join(values[field] for field in self.order)]
        for extra in (f"{self.mark} {self.cut.join(rng.sample(found[0].split(self.cut), 3))}" if found else self.mark, ""):
            found.insert(rng.randint(0, len(found)), extra)
        return "\n".join(found) + "\n"

    def cases(self, rng: Rng) -> list[Case]:
        """Inputs that are not shown, one of them without rows."""
        own = [rows_for(rng, self.groups, self.query, rng.randint(12, 20)) for _ in range(2)]
        return [Case({self.source: self.text(rng, r).encode()}, writes_lines(self.target, self.lines(r))) for r in (*own, [])]

    def python(self) -> str:
        """A script in Python that does it."""
        places = {field: self.order.index(field) for field in FIELDS}
        return (
            f'rows = []\nwith open("{self.source}") as source:\n    for line in source:\n        line = line.strip()\n'
            f'        if not line or line.startswith("{self.mark}"):\n            continue\n'
            f'        parts = line.split("{self.cut}")\n'
            f"        name, group, amount = parts[{places['name']}], parts[{places['group']}], int(parts[{places['number']}])\n"
            f"        if {self.query.keep.python}:\n            rows.append((name, group, amount))\n"
            f'{self.query.fold.python}with open("{self.target}", "w") as target:\n    for line in result:\n'
            f'        target.write("{self.glue}".join(str(part) for part in line) + "\\n")\n'
            f'    target.write("{self.closing}{self.glue}" + str(len(rows)) + "\\n")\n'
        )

    def javascript(self) -> str:
        """A script in JavaScript (CommonJS) that does it."""
        places = {field: self.order.index(field) for field in FIELDS}
        return (
            f'const fs = require("fs");\nconst rows = [];\n'
            f'for (const line of fs.readFileSync("{self.source}", "utf8").split("\\n")) {{\n'
            f'  if (!line.trim() || line.startsWith("{self.mark}")) continue;\n'
            f'  const parts = line.trim().split("{self.cut}");\n'
            f"  const name = parts[{places['name']}], group = parts[{places['group']}], "
            f"amount = Number(parts[{places['number']}]);\n"
            f"  if ({self.query.keep.javascript}) rows.push([name, group, amount]);\n}}\n"
            f'{self.query.fold.javascript}const lines = [...result, ["{self.closing}", rows.length]];\n'
            f'fs.writeFileSync("{self.target}", lines.map((line) => line.join("{self.glue}") + "\\n").join(""));\n'
        )

    def slipped(self) -> dict[str, Linewise]:
        """Near tasks, by what is wrong with them."""
        near = {name: replace(self, query=other) for name, other in self.query.slipped().items()}
        return {
            **near,
            "comments as rows": replace(self, mark=self.mark + "!"),
            "fields in another order": replace(self, order=(self.order[1], self.order[0], self.order[2])),
            "another separator": replace(self, glue=" " + self.glue),
            "another file": replace(self, target=_near(self.target)),
        }


def _near(name: str) -> str:
    """A name near to another one."""
    stem, _, end = name.rpartition(".")
    return f"{stem}_.{end}"


def linewise(rng: Rng) -> Linewise:
    """A task."""
    groups = tuple(coined_words(rng, rng.randint(3, 5)))
    source, target = (f"{word}.txt" for word in coined_words(rng, 2))
    cut, glue = rng.sample((";", "|", ",", ":", "/", "="), 2)
    mark = rng.choice(("#", "%", "!", "--"))
    return Linewise(source, target, tuple(rng.sample(FIELDS, 3)), cut, glue, mark, coined(rng), groups, query(rng, groups))
