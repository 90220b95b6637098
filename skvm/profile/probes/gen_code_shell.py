"""gen.code.shell: one command; pipes, redirections and loops; long pipelines with sed, awk or xargs.

A script is run in folders that the prompt does not show, and what it prints and leaves is compared with what is right there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from skvm.capability import Level
from skvm.profile.kit.commands import command
from skvm.profile.kit.instance import Probe, Rng, Task, Trial, Verdict, Workbench
from skvm.profile.kit.looping import looping
from skvm.profile.kit.pipelines import pipeline
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.scripts import ASKED, Case, carried_out

NO_LOOPS = " Write it as one pipeline or a few of them: loops of the shell (for, while, until) are not allowed; those of awk "
"are."


def _build(level: Level, rng: Rng) -> Task:
    work = {Level.L1: command, Level.L2: looping, Level.L3: pipeline}[level](rng)
    loops, seed = level is not Level.L3, rng.randint(0, 2**40)

    @cache
    def cases() -> Sequence[Case]:
        again = random.Random(seed)  # noqa: S311 - tests, not secrets
        return [work.case(again) for _ in range(3)]

    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        return await carried_out(bench, trial.text, cases(), loops)

    return Task(
        prompt=f"There is a folder with files. The task for a shell script: {work.told}.\n\n{ASKED}{'' if loops else NO_LOOPS}",
        grade=grade,
        reference=says(work.right),
        variants={
            "fenced": says(f"```bash\n#!/bin/bash\nset -eu\n# as asked\n{work.right}\n```"),
            "written otherwise": says(work.other),
        },
        mutants={
            "refusal": says(REFUSAL),
            "only described": says("Use grep, sort and uniq in a pipeline and redirect the output."),
            "hard-coded": lambda: says(_hard_coded(cases()[0]))(),
            "empty": says("```bash\n```"),
            "printed too much": says(f"echo Working...\n{work.right}"),
            "a file left behind": says(f"{work.right}\necho done > progress.tmp"),
            "another language": says(f"python3 -c 'pass'\n{work.right}"),
            **({} if loops else {"with a loop": says(f"for once in 1; do\n{work.right}\ndone")}),
            **{name: says(script) for name, script in work.slips.items()},
        },
    )


def _hard_coded(case: Case) -> str:
    """A script that does what is right in one folder only."""
    made = [
        f"mkdir -p \"$(dirname '{path}')\"; printf '%s\\n' {_words(lines)} > '{path}'" for path, lines in case.after.items()
    ]
    return "\n".join([*made, f"printf '%s\\n' {_words(case.printed)}" if case.printed else ":"])


def _words(lines: Sequence[str]) -> str:
    return " ".join(f"'{line}'" for line in lines)


PROBE = Probe("gen.code.shell", 2, _build, programs=("bash", "awk", "sed", "grep", "find", "xargs", "sort"))
