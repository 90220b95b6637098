"""Killed at every statement it sends to the store: a process that takes a run in, compiles again, and compares a variant.

`python crash_adapt_child.py HOME`: prepares a store twice (one outcome before a request, one pair before a variant is
accepted); for n = 1, 2, ... a forked process goes on from a copy and is killed before its n-th statement; then this one says
which plan would run, and what comes of doing the same once more. One JSON line each.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deaths import deaths
from test_adapting import POOL, SALES, TARGET, Played, settings_of

from skvm.app.active import active_plan, stored_plan
from skvm.app.adapting import Adapting
from skvm.app.running import RunOptions
from skvm.app.settings import Settings
from skvm.jit.adapt import AdaptPolicy, VariantState
from skvm.runtime import RunOutcome
from skvm.store import open_store

LOST_AT = 12


def made_on(storage: Any, settings: Settings, first: int) -> tuple[Adapting, Played]:
    play = Played(storage)
    play.count, play.lost = first, True
    options = RunOptions(model=TARGET, task="t")
    adapting = Adapting(SALES, options, settings, storage, AdaptPolicy(), play, lambda o: o.exit_code == 0, (POOL,))
    return adapting, play


def prepared(home: Path) -> dict[str, tuple[Path, RunOutcome, int]]:
    """Stores right before something happens, the run that is to be taken in, and how many runs there were."""
    found: dict[str, tuple[Path, RunOutcome, int]] = {}
    settings = settings_of(home / "work")
    for number in range(60):
        with open_store(settings.home) as storage:
            adapting, play = made_on(storage, settings, 3 * number)
            play.lost = number >= LOST_AT
            outcome = play(adapting._plan(adapting.record()), adapting.options)
        before = home / "before"
        shutil.rmtree(before, ignore_errors=True)
        shutil.copytree(settings.home.parent, before)
        with open_store(settings.home) as storage:
            adapting, _ = made_on(storage, settings, 3 * number + 1)
            had = adapting.record()
            now = adapting.after(outcome)
        for name, there in (("recompile", now.tried > had.tried), ("accept", bool(now.active) and not had.active)):
            if there and name not in found:
                found[name] = (home / name, outcome, 3 * number + 1)
                shutil.copytree(before, home / name)
        if len(found) == 2:
            return found
    raise AssertionError("nothing was compiled again")


def seen(home: Path, outcome: RunOutcome, first: int) -> dict[str, Any]:
    """Is the plan that would run now whole and earned, and what is known when the same is done once more?"""
    settings = settings_of(home)
    with open_store(settings.home) as storage:
        adapting, _ = made_on(storage, settings, first + 500)
        record = adapting.record()
        runs = active_plan(storage, adapting.compiled)
        shadow = record.variant(VariantState.SHADOW)
        whole = shadow is None or stored_plan(storage, shadow.digest) is not None
        earned = all(v.wins > v.losses for v in record.variants if v.digest == record.active)
        right = runs.digest == (record.active or adapting.compiled.digest) and whole and earned
        after = adapting.after(outcome)
        end = {
            "tried": after.tried,
            "outcomes": after.outcomes,
            "active": after.active,
            "variants": [(v.digest, v.state.value, v.wins, v.losses, v.ties) for v in after.variants],
        }
        return {"right": right, "active": bool(record.active), "tried": record.tried, "end": end}


def main(where: Path) -> None:
    for name, (store, outcome, first) in prepared(where).items():

        def fresh(at: int, name: str = name, store: Path = store) -> Path:
            return Path(shutil.copytree(store, where / f"{name}{at}"))

        def work(home: Path, count: Callable[[], None], outcome: RunOutcome = outcome, first: int = first) -> None:
            settings = settings_of(home)
            with open_store(settings.home) as storage:
                adapting, _ = made_on(storage, settings, first)
                count()
                adapting.after(outcome)

        for death in deaths(fresh, work):
            row = {"part": name, "at": death.at, "killed": death.killed, "exit": death.exit}
            print(json.dumps({**row, **seen(death.home, outcome, first)}), flush=True)
            shutil.rmtree(death.home)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
