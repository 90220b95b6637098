"""`python -m bench.foretold`: example skills run again and again, rules learned from that, then run with and without them.

The model is simulated: the numbers say what is saved where an oracle makes the same reads each time, and nothing about a real
model. Solidified code serves first; what is foretold are reads of steps that stay with the model. Runs with and without rules
have the same tasks and seeds, each with a store as it was after learning.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from bench import skillruns
from skvm.app import Settings
from skvm.app.foreseeing import forgotten, kept_for
from skvm.diag import UsageError


def measure(name: str, model: str, learned: int, tried: int) -> dict[str, Any]:
    """Counts of one skill; `learned` and `tried` seeds for each of its tasks."""
    skill = skillruns.find_skill(name)
    with tempfile.TemporaryDirectory(prefix="skvm-foretold-") as made:
        home = Path(made) / "home"
        wanted = skillruns.Wanted(model=model, seeds=learned)
        runs = list(skillruns.run_skill(skill, wanted, home))
        settings = Settings(home=home, cache=home / "cache")
        rules = {row["step"][:17]: len(row["rules"]) for row in kept_for(name, [], settings)["steps"] if row["rules"]}
        rows: dict[str, list[skillruns.TaskRun]] = {}
        for way in ("with", "without"):
            copy = Path(made) / way
            shutil.copytree(home, copy)
            if way == "without":
                forgotten(name, Settings(home=copy, cache=copy / "cache"))
            again = skillruns.Wanted(model=model, seeds=tried, first_seed=1000)
            rows[way] = list(skillruns.run_skill(skill, again, copy))
    return {
        "skill": name,
        "learned from": len(runs),
        "steps with rules": len(rules),
        "rules": sum(rules.values()),
        "tried": len(rows["with"]),
        **{
            f"{way}: {key}": skillruns.totals(found)[key]
            for way, found in rows.items()
            for key in ("passed", "model_calls", "tokens")
        },
    }


def main(words: list[str] | None = None) -> int:
    """Prints one JSON object a skill; exit code 1 when fewer runs pass with rules than without."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--skill", action="append", help="default: all")
    parser.add_argument("--model", default="sim/strong")
    parser.add_argument("--learned", type=int, default=6, help="seeds that are learned from, for each task")
    parser.add_argument("--tried", type=int, default=3)
    options = parser.parse_args(words)
    worse = False
    for name in options.skill or skillruns.names():
        if skillruns.lacking(skillruns.find_skill(name)):
            continue
        try:
            row = measure(name, options.model, options.learned, options.tried)
        except UsageError as error:
            row = {"skill": name, "problem": error.line()}
        print(json.dumps(row), flush=True)
        worse = worse or row.get("with: passed", 0) < row.get("without: passed", 0)
    return int(worse)


if __name__ == "__main__":
    raise SystemExit(main())
