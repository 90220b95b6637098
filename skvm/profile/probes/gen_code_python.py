"""gen.code.python: a script in plain syntax on text files; one with modules of the standard library on CSV, JSON and logs in
folders; one with third-party packages on YAML. Every script runs on inputs made from the seed that the model has not seen."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skvm.capability import Level
from skvm.profile.kit.archive import Archive, archive
from skvm.profile.kit.bodies import body
from skvm.profile.kit.data import read_yaml
from skvm.profile.kit.instance import Probe, Rng, Task, Trial, Verdict, Workbench, fail
from skvm.profile.kit.linewise import linewise
from skvm.profile.kit.packages import PACKAGED
from skvm.profile.kit.plays import REFUSAL, Play, says
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.programs import Case, holds, imported, tried

SCRIPT = "script.py"
FORM = "Answer with the script alone, in one code block. It is run with Python 3.11 or newer and without arguments."

Allowed = Callable[[frozenset[str]], str]
"""Why the modules that a script imports are not what was asked for; empty when they are."""


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _plain, Level.L2: _standard, Level.L3: _packaged}[level](rng)


def _plain(rng: Rng) -> Task:
    asked = linewise(rng)
    prompt = f"Write a Python script. {asked.told(rng)}\n\n{FORM}"
    slips = {name: near.python() for name, near in asked.slipped().items()}
    return _task(prompt, asked.cases(rng), asked.python(), slips, lambda found: "")


def _standard(rng: Rng) -> Task:
    """What reads and writes is named: the module of the format of the input and that of the format of the output."""
    asked = archive(rng)
    named = sorted({"re" if asked.kind == "log" else asked.kind, asked.target.rpartition(".")[2]})
    prompt = (
        f"Write a Python script that uses the standard library and no other packages. It imports {' and '.join(named)} to take "
        f"apart what it reads and to write the result, and whatever else it needs of the standard library. {asked.told(rng)}"
        f"\n\n{FORM}"
    )
    right = _archived(asked)
    slips = {name: _archived(near) for name, near in asked.slipped().items()}
    slips["the top folder only"] = right.replace("rglob", "glob")
    slips["other files too"] = right.replace(f"*.{asked.kind}", "*.*")
    slips["a module not used"] = right.replace(f"import {named[0]}\n", f'{named[0]} = __import__("{named[0]}")\n')
    slips["another package"] = f"import yaml\n{right}yaml.safe_load('1')\n"
    slips["hard-coded"] = f"import csv, json, re\ncsv, json, re\nopen({asked.target!r}, 'w').write({asked.written([])!r})\n"
    walked = right.replace(
        f'sorted(pathlib.Path("{asked.folder}").rglob("*.{asked.kind}"))', _WALK.format(asked.folder, asked.kind)
    )

    def allowed(found: frozenset[str]) -> str:
        strange, missing = sorted(found - sys.stdlib_module_names), sorted(set(named) - found)
        return f"imports {strange[0]}" if strange else f"does not use {missing[0]}" if missing else ""

    task = _task(prompt, asked.cases(rng), right, slips, allowed)
    return replace(task, variants={**task.variants, "another walk": _fenced("import os\n" + walked)})


_WALK = '[pathlib.Path(d, f) for d, _, fs in os.walk("{0}") for f in fs if os.path.splitext(f)[1] == ".{1}"]'

_READS = {
    "csv": """\
    with path.open(newline="", encoding="utf-8") as source:
        for item in csv.DictReader(source):
            found.append((item["{0}"], item["{1}"], int(item["{2}"])))
""",
    "json": """\
    for item in json.loads(path.read_text(encoding="utf-8"))["{3}"]:
        found.append((item["{0}"], item["{1}"], item["{2}"]))
""",
    "log": """\
    for line in path.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r'\\S+ \\S+ \\[([^]]+)\\] {2}=(-?\\d+) {0}="([^"]*)"', line)
        if match:
            found.append((match[3], match[1], int(match[2])))
""",
}
_WRITES = {
    "csv": """\
with open("{0}", "w", newline="", encoding="utf-8") as target:
    table = csv.writer(target)
    table.writerow({1})
    table.writerows(result)
""",
    "json": """\
with open("{0}", "w", encoding="utf-8") as target:
    json.dump([dict(zip({1}, line)) for line in result], target)
""",
}


def _archived(asked: Archive) -> str:
    """A script for a task on an archive."""
    end = asked.target.rpartition(".")[2]
    modules = sorted({"re" if asked.kind == "log" else asked.kind, end, "pathlib"})
    return (
        "".join(f"import {module}\n" for module in modules)
        + f'found = []\nfor path in sorted(pathlib.Path("{asked.folder}").rglob("*.{asked.kind}")):\n'
        + _READS[asked.kind].format(*asked.columns, asked.items)
        + f"rows = [(name, group, amount) for name, group, amount in found if {asked.query.keep.python}]\n"
        + asked.query.fold.python
        + _WRITES[end].format(asked.target, repr([*asked.query.fold.columns]))
    )


def _packaged(rng: Rng) -> Task:
    """PyYAML takes apart what is read (shared parts are written once and referred to); another package does the work."""
    source, target = (f"{word}.yaml" for word in coined_words(rng, 2))
    package, told, inputs, right, slips = rng.choice(PACKAGED)(rng, source, target)
    needed = {"yaml", package}
    prompt = (
        f"Write a Python script that uses the packages PyYAML and {package}, which are installed, and otherwise only the "
        f"standard library. It reads the YAML file `{source}` of the current folder and writes the YAML file `{target}` there. "
        f"{told}\n\nFor example, from this {source}\n\n```\n{inputs[0][0]}```\n\nit makes data like these in {target}\n\n"
        f"```\n{json.dumps(inputs[0][1])}\n```\n\nIt will be run on other files of that kind. {FORM}"
    )
    cases = [Case({source: text.encode()}, holds(target, wanted, _yaml)) for text, wanted in inputs[1:]]
    table = repr(dict(inputs))
    lookup = f"import yaml\nt = {table}\nyaml.safe_dump(t[open({source!r}).read()], open({target!r}, 'w'))\n"
    slips["another mechanism"] = lookup
    slips["imported and not used"] = f"import {package}\n{lookup}"
    slips["hard-coded"] = lookup.replace(f"t[open({source!r}).read()]", f"(list(t.values())[0], {package}.__name__)[0]")
    slips["hard-coded"] = f"import {package}\n{slips['hard-coded']}"

    def allowed(found: frozenset[str]) -> str:
        strange, missing = sorted(found - sys.stdlib_module_names - needed), sorted(needed - found)
        return f"imports {strange[0]}" if strange else f"does not use {missing[0]}" if missing else ""

    return _task(prompt, cases, right, slips, allowed)


def _yaml(text: str) -> Any:
    return read_yaml(text, aliases=True)


def _task(prompt: str, cases: Sequence[Case], right: str, slips: Mapping[str, str], allowed: Allowed) -> Task:
    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        source = body(trial.text)
        try:
            reason = allowed(imported(source))
        except SyntaxError as error:
            return fail(f"no Python: {error}")
        return fail(reason) if reason else await tried(bench, ("python3",), SCRIPT, source, cases)

    return Task(
        prompt=prompt,
        grade=grade,
        reference=_fenced(right),
        variants={"bare": says(right), "with words": says(f"Here it is:\n\n~~~py\n{right}~~~\n\nIt reads and writes.")},
        mutants={
            "refusal": says(REFUSAL),
            "described": says("The script opens the file, goes through its lines and writes the result."),
            "broken off": _fenced(right[: len(right) * 3 // 4].rstrip(" )\n:")),
            **{name: _fenced(slip) for name, slip in slips.items()},
        },
    )


def _fenced(source: str) -> Play:
    return says(f"```python\n{source}```")


PROBE = Probe("gen.code.python", 4, _build, programs=("python3",))
