"""gen.code.javascript: a script with the fs module on text files; one with built-in modules and an npm package on JSON in
folders; an asynchronous one on the client of an npm package. The packages are made for the task, so that what they return is
known to them alone, and they note how they were used. Every script runs on inputs that the model has not seen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from skvm.capability import Level
from skvm.profile.kit.archive import Archive, archive
from skvm.profile.kit.bodies import body
from skvm.profile.kit.instance import Probe, Rng, Task, Trial, Verdict, Workbench
from skvm.profile.kit.linewise import linewise
from skvm.profile.kit.npm import Service, Stamper, service, stamper
from skvm.profile.kit.plays import REFUSAL, Play, says
from skvm.profile.kit.pools import token
from skvm.profile.kit.programs import Case, holds, tried

FORM = (
    "Answer with the script alone, in one code block. It is run with Node.js 18 or newer and without arguments; it can be "
    "CommonJS (require) or an ES module (import)."
)
MODULE = re.compile(r"^\s*(?:import\b(?!\s*\()|export\b)", re.MULTILINE)


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _plain, Level.L2: _packaged, Level.L3: _asynchronous}[level](rng)


def _plain(rng: Rng) -> Task:
    asked = linewise(rng)
    prompt = f"Write a JavaScript script for Node.js that uses the fs module. {asked.told(rng)}\n\n{FORM}"
    right = asked.javascript()
    slips = {name: near.javascript() for name, near in asked.slipped().items()}
    del slips["comments as rows"]  # their numbers are NaN, which no condition keeps
    return _task(prompt, asked.cases(rng), right, slips, right.replace('const fs = require("fs")', 'import fs from "node:fs"'))


def _packaged(rng: Rng) -> Task:
    asked, stamps = archive(rng, kinds=("json",), ends=("json",)), stamper(rng)
    first = asked.query.fold.columns[0]

    def more(salt: str) -> Any:
        return lambda line: {"stamp": stamps.stamp(salt, str(line[first]))}

    extra = (
        f" Each object also has the member `stamp`: the stamp of its {first}, {stamps.length} characters long. (The stamps of "
        "the example are made up.)"
    )
    prompt = (
        f"Write a JavaScript script for Node.js that uses its built-in modules and an npm package. {stamps.told()}\n\nThe "
        f"script does this. {asked.told(rng, extra, more(token(rng)))}\n\n{FORM}"
    )
    cases = []
    for files, rows in asked.inputs(rng):
        salt = token(rng)
        wanted = [{**line, **more(salt)(line)} for line in asked.objects(rows)]
        cases.append(Case({**files, **stamps.files(salt)}, holds(asked.target, wanted)))
    right = _archived(asked, stamps)
    slips = {name: _archived(near, stamps) for name, near in asked.slipped().items()}
    slips["the top folder only"] = right.replace("entry.isDirectory()", "false && entry.isDirectory()")
    slips["other files too"] = right.replace('entry.name.endsWith(".json")', 'entry.name.includes(".json")')
    slips["a stamp of its own"] = right.replace(f'const {{ {stamps.kind} }} = require("{stamps.name}");', _OWN.format(stamps))
    slips["another length"] = right.replace(f"length: {stamps.length}", f"length: {stamps.length + 1}")
    return _task(prompt, cases, right, slips, _as_module(right))


def _asynchronous(rng: Rng) -> Task:
    asked = service(rng)
    cases = [asked.case(rng) for _ in range(2)]
    right = _fetches(asked)
    slips = {name: _fetches(near) for name, near in asked.slipped().items()}
    slips["one after another"] = right.replace(f"length: {asked.limit}", "length: 1")
    slips["all at once"] = right.replace(f"length: {asked.limit}", "length: ids.length")
    slips["not tried again"] = right.replace('error.code === "EAGAIN"', "false")
    slips["not closed"] = right.replace("  await client.close();\n", "")
    slips["not waited for"] = right.replace("  await Promise.all(", "  void (")
    slips["unsorted"] = right.replace("gone.sort()", "gone.sort().reverse()")
    slips["notices overlooked"] = right.replace("notices += 1", "notices += 0")
    return _task(f"{asked.told()} It will be run with other data of that kind.\n\n{FORM}", cases, right, slips, _batched(right))


def _batched(right: str) -> str:
    """The same as a module that waits at its top, with named imports."""
    return _as_module(right).replace("async function main() {", "{").replace("main();\n", "")


def _as_module(source: str) -> str:
    return re.sub(r"const (.+?) = require\((.+?)\);", r"import \1 from \2;", source)


_OWN = 'class {0.kind} {{ {0.verb}(text) {{ return (text + "0".repeat({0.length})).slice(0, {0.length}); }} }}'


def _archived(asked: Archive, stamps: Stamper) -> str:
    """A script for a task on an archive with stamps."""
    name, group, number = asked.columns
    columns = ", ".join(f"{column}: line[{at}]" for at, column in enumerate(asked.query.fold.columns))
    return (
        'const fs = require("fs");\nconst path = require("path");\n'
        f'const {{ {stamps.kind} }} = require("{stamps.name}");\n'
        f"const maker = new {stamps.kind}({{ length: {stamps.length} }});\nlet rows = [];\n"
        "function walk(folder) {\n  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {\n"
        "    const place = path.join(folder, entry.name);\n    if (entry.isDirectory()) walk(place);\n"
        '    else if (entry.isFile() && entry.name.endsWith(".json")) {\n'
        f'      const items = JSON.parse(fs.readFileSync(place, "utf8"))["{asked.items}"];\n'
        f'      for (const item of items) rows.push([item["{name}"], item["{group}"], item["{number}"]]);\n    }}\n  }}\n}}\n'
        f'walk("{asked.folder}");\nrows = rows.filter(([name, group, amount]) => {asked.query.keep.javascript});\n'
        f"{asked.query.fold.javascript}"
        f"const lines = result.map((line) => ({{ {columns}, stamp: maker.{stamps.verb}(line[0]) }}));\n"
        f'fs.writeFileSync("{asked.target}", JSON.stringify(lines));\n'
    )


def _fetches(asked: Service) -> str:
    """A script that fetches with as many workers as may fetch at a time."""
    columns = ", ".join(f"{column}: line[{at}]" for at, column in enumerate(asked.query.fold.columns))
    return (
        f'const fs = require("fs");\nconst {{ connect }} = require("{asked.name}");\n'
        "async function main() {\n  const client = await connect();\n  let notices = 0;\n"
        '  client.on("notice", () => { notices += 1; });\n  const ids = await client.list();\n'
        "  const gone = [], found = [];\n  let next = 0;\n"
        "  async function worker() {\n    while (next < ids.length) {\n      const id = ids[next++];\n      for (;;) {\n"
        "        try {\n          found.push(...(await client.fetch(id)));\n          break;\n        } catch (error) {\n"
        '          if (error.code === "EAGAIN") continue;\n          if (error.code === "EBUSY") throw error;\n'
        "          gone.push(id);\n          break;\n        }\n      }\n    }\n  }\n"
        f"  await Promise.all(Array.from({{ length: {asked.limit} }}, worker));\n"
        "  const rows = found.map((row) => [row.name, row.group, row.number])"
        f".filter(([name, group, amount]) => {asked.query.keep.javascript});\n"
        f"{asked.query.fold.javascript}  await client.close();\n"
        f"  const lines = result.map((line) => ({{ {columns} }}));\n"
        f'  fs.writeFileSync("{asked.target}", JSON.stringify({{ notices, gone: gone.sort(), result: lines }}));\n}}\nmain();\n'
    )


def _task(prompt: str, cases: Sequence[Case], right: str, slips: Mapping[str, str], module: str) -> Task:
    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        source = body(trial.text)
        return await tried(bench, ("node",), "script.mjs" if MODULE.search(source) else "script.cjs", source, cases)

    return Task(
        prompt=prompt,
        grade=grade,
        reference=_fenced(right),
        variants={
            "bare": says(right),
            "with words": says(f"Here it is:\n\n~~~js\n{right}~~~\n\nIt reads and writes."),
            "as a module": _fenced(module),
        },
        mutants={
            "refusal": says(REFUSAL),
            "described": says("The script opens the file, goes through its lines and writes the result."),
            "broken off": _fenced(right[: len(right) * 3 // 4]),
            "Python": _fenced("import json\nprint(json.dumps([]))\n"),
            **{name: _fenced(slip) for name, slip in slips.items()},
        },
    )


def _fenced(source: str) -> Play:
    return says(f"```javascript\n{source}```")


PROBE = Probe("gen.code.javascript", 2, _build, programs=("node",))
