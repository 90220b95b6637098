"""`python -m bench.slices`: tokens of what one step is sent, against the whole skill, over the procedural texts of a corpus.

Counted are the real messages of the runtime, its own instructions included, with an empty task: `plan` one step of the plan,
`raw` the whole text in one agent. `text` leaves the instructions of either away. Steps that run as code send nothing and are
left out of the means (`steps by model` says how many are left). Reference files are not in the corpus; with them `raw` would
only grow.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, cast

from bench.corpus import CORPUS
from skvm.adapters.tokens import OfflineCounter
from skvm.app.asked import CompileOptions
from skvm.app.check import diagnose, warm_up
from skvm.app.compiling import compile_source
from skvm.app.pool import in_processes
from skvm.app.settings import Settings
from skvm.plan import ExecutorKind, StepNode
from skvm.runtime.agent.messages import PROTOCOL, RAW, step_messages
from skvm.runtime.session import Session
from skvm.runtime.state.scope import Scope
from skvm.source import load_skill

_COUNTER = OfflineCounter()
_EMPTY = cast(Session, SimpleNamespace(board=SimpleNamespace(task="", files={}, resolve=lambda *_: "")))


def one(path: Path, target: str) -> dict[str, Any] | None:
    """Tokens of one skill: whole text, mean and largest step; None without a procedure."""
    source = load_skill(path)
    program, _ = diagnose(source)
    plan = compile_source(source, CompileOptions(target), Settings.from_environment())
    steps = [n for n in plan.plan.nodes if isinstance(n, StepNode)]
    by_model = [n for n in steps if n.executor.kind is ExecutorKind.MODEL]
    if not program.skill.has_procedure or not by_model:
        return None
    sent = [[m.content for m in step_messages(_EMPTY, node, Scope())] for node in by_model]
    plans = [sum(_COUNTER.count(str(text)) for text in texts) for texts in sent]
    own = _COUNTER.count(PROTOCOL)
    whole = _COUNTER.count(source.main.text)
    raw = _COUNTER.count(RAW) + whole
    return {
        "path": str(path),
        "steps": len(steps),
        "by_model": len(by_model),
        "raw": raw,
        "whole": whole,
        "mean": sum(plans) / len(plans),
        "largest": max(plans),
        "text": sum(p - own for p in plans) / len(plans),
    }


def totals(rows: Iterable[dict[str, Any] | None]) -> dict[str, Any]:
    """Medians over skills, and cuts by the size of the skill."""
    found = [r for r in rows if r is not None]
    sizes = {"all": (0, 10**9), "under 1,000": (0, 1_000), "1,000 to 3,000": (1_000, 3_000), "from 3,000": (3_000, 10**9)}
    groups = {name: [r for r in found if low <= r["whole"] < high] for name, (low, high) in sizes.items()}
    return {
        "estimated": _COUNTER.estimated,
        "skills": len(found),
        "steps": sum(r["steps"] for r in found),
        "steps by model": sum(r["by_model"] for r in found),
        "by tokens of the skill": {name: _cuts(group) for name, group in groups.items() if group},
    }


def _cuts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    mean = [1 - r["mean"] / r["raw"] for r in rows]
    return {
        "skills": len(rows),
        "median tokens, raw": round(median(r["raw"] for r in rows)),
        "median tokens, a step": round(median(r["mean"] for r in rows)),
        "median cut": round(median(mean), 3),
        "median cut, text alone": round(median(1 - r["text"] / r["whole"] for r in rows), 3),
        "median cut, largest step": round(median(1 - r["largest"] / r["raw"] for r in rows), 3),
        "share of skills cut by 60 %": round(sum(c >= 0.6 for c in mean) / len(mean), 3),
        "share of skills where a step costs more": round(sum(c < 0 for c in mean) / len(mean), 3),
    }


def main() -> int:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--target", default="sim/strong")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    paths = sorted(options.corpus.rglob("*.md"))[: options.limit]
    print(json.dumps(totals(in_processes(partial(one, target=options.target), paths, warm_up)), indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
