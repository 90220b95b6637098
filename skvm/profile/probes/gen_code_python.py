"""gen.code.python: a script in plain syntax on text files; one with modules of the standard library on CSV, JSON and logs in
folders; one with third-party packages on YAML. Every script runs on inputs made from the seed that the model has not seen."""

from __future__ import annotations

from skvm.capability import Level
from skvm.profile.kit.bodies import body
from skvm.profile.kit.instance import Probe, Rng, Task, Trial, Verdict, Workbench
from skvm.profile.kit.linewise import linewise
from skvm.profile.kit.plays import REFUSAL, Play, says
from skvm.profile.kit.programs import Case, tried

SCRIPT = "script.py"


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _plain}[level](rng)


FORM = "Answer with the script alone, in one code block. It is run with Python 3.11 or newer and without arguments."


def _plain(rng: Rng) -> Task:
    asked = linewise(rng)
    right = asked.python()
    prompt = f"Write a Python script. {asked.told(rng)}\n\n{FORM}"
    return _task(prompt, asked.cases(rng), right, {name: near.python() for name, near in asked.slipped().items()})


def _task(prompt: str, cases: list[Case], right: str, slips: dict[str, str]) -> Task:
    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        return await tried(bench, ("python3",), SCRIPT, body(trial.text), cases)

    return Task(
        prompt=prompt,
        grade=grade,
        reference=_fenced(right),
        variants={"bare": says(right), "with words": says(f"Here it is:\n\n~~~py\n{right}~~~\n\nIt reads and writes.")},
        mutants={
            "refusal": says(REFUSAL),
            "described": says("The script opens the file, goes through its lines and writes the result."),
            **{name: _fenced(slip) for name, slip in slips.items()},
        },
    )


def _fenced(source: str) -> Play:
    return says(f"```python\n{source}```")


PROBE = Probe("gen.code.python", 1, _build, programs=("python3",))
