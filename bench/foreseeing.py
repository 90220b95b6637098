"""`python -m bench.foreseeing`: reads of recorded agent runs foretold by rules learned on other tasks of the same group.

Split by task: sha256(task) even = learn, odd = serve. `--across` learns on all runs of gpt-4o and serves those of gpt-4.1.
`--kin` learns also on the same half (or model) of other groups that record the same tasks and tools. `--folds N` cuts the tasks
into N parts and foretells each from the others.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from skvm.jit.foresee import Score, learn, score
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
KIN = {
    "tau-retail-library-l0": ("tau-retail-library-l1", "tau-retail-library-l2", "tau-retail-extra"),
    "tau-retail-extra": ("tau-retail-library-l0", "tau-retail-library-l1", "tau-retail-library-l2"),
}
"""Groups of the same tasks (split alike) in which the agent has these tools too."""


def part(run: Run, parts: int = 2) -> int:
    """The part of the tasks that a run belongs to; of two, the first one is learned from."""
    return hashlib.sha256(run.task.encode()).digest()[-1] % parts


def measure(learned: list[Run], served: list[Run]) -> dict[str, Any]:
    """Rules and what they do on the other runs."""
    rules = learn(learned)
    return {"learned from": len(learned), "rules": [r.text() for r in rules], **score(rules, served).to_json()}


def crosswise(runs: list[Run], parts: int) -> dict[str, Any]:
    """Each part of the tasks foretold by rules of all the others."""
    made = Score()
    for here in range(parts):
        rules = learn([r for r in runs if part(r, parts) != here])
        score(rules, [r for r in runs if part(r, parts) == here], made)
    return {"parts": parts, **made.to_json()}


def main() -> int:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--traces", type=Path, default=TRACES)
    parser.add_argument("--group", action="append", help="default: all")
    parser.add_argument("--across", action="store_true")
    parser.add_argument("--kin", action="store_true")
    parser.add_argument("--folds", type=int, default=0)
    options = parser.parse_args()
    result = {}
    for group in options.group or GROUPS:
        runs = list(read_traces(options.traces / group))
        kin = [r for other in KIN.get(group, ()) if options.kin for r in read_traces(options.traces / other)]
        if options.across:
            learned, served = [r for r in (*runs, *kin) if "__gpt-4o__" in r.id], [r for r in runs if "__gpt-4.1__" in r.id]
        else:
            learned, served = [r for r in (*runs, *kin) if not part(r)], [r for r in runs if part(r)]
        result[group] = crosswise(runs, options.folds) if options.folds else measure(learned, served)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
