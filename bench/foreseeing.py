"""`python -m bench.foreseeing`: reads of recorded agent runs foretold by rules learned on other tasks of the same group.

Split by task: sha256(task) even = learn, odd = serve. `--across` learns on all runs of gpt-4o and serves those of gpt-4.1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from skvm.jit.foresee import learn, score
from skvm.jit.traces import Run, read_traces

TRACES = Path(__file__).resolve().parents[2] / "shared" / "data" / "trajectories"
GROUPS = (
    "tau-retail-library-l0",
    "tau-retail-extra",
    "tau-airline-gpt4o",
    "tau2-gpt5",
    "tau2-gpt41mini",
    "medagentbench",
    "swebench-mini-gemini3pro",
)


def learns(run: Run) -> bool:
    """Does a run belong to the half that is learned from?"""
    return hashlib.sha256(run.task.encode()).digest()[-1] % 2 == 0


def measure(learned: list[Run], served: list[Run]) -> dict[str, Any]:
    """Rules and what they do on the other runs."""
    rules = learn(learned)
    return {"learned from": len(learned), "rules": [r.text() for r in rules], **score(rules, served).to_json()}


def main() -> int:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--group", action="append", help="default: all")
    parser.add_argument("--across", action="store_true")
    options = parser.parse_args()
    result = {}
    for group in options.group or GROUPS:
        runs = list(read_traces(options.traces / group))
        if options.across:
            halves = [r for r in runs if "__gpt-4o__" in r.id], [r for r in runs if "__gpt-4.1__" in r.id]
        else:
            halves = [r for r in runs if learns(r)], [r for r in runs if not learns(r)]
        result[group] = measure(*halves)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
