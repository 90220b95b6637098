"""Killed at every statement it sends to the store: a process that promotes, demotes, compares and puts back.

`python crash_jit_child.py HOME`: for n = 1, 2, ... a forked process works on a fresh store and is killed before its n-th
statement; then this one opens the store and says what it finds. Ends when nothing was left to be killed. One JSON line each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deaths import deaths
from jit_kit import by_code, by_model, variant_of
from test_adapt_variants import REQUEST
from test_jit_book import program, request, tool

from skvm.app.active import PLANS, active_plan, keep, record_of
from skvm.capability.sequential import superiority
from skvm.jit import Book
from skvm.jit.adapt import AdaptPolicy, admit, back_to, compared
from skvm.plan import Artifact, Plan, SolidState
from skvm.plan.artifact import SourceInfo, TargetInfo
from skvm.ports import Offer
from skvm.store import open_store

POLICY = AdaptPolicy(error=0.5)
"""So that four wins accept a variant: crashes are looked for here, not errors."""


def plan(text: str) -> Artifact:
    source = SourceInfo(name="demo", digest="sha256:s", program="sha256:p")
    body = {"source": source, "target": TargetInfo(model="m", harness="builtin"), "plan": Plan(), "skill_text": text}
    return Artifact.model_validate(body).sealed()


COMPILED, VARIANT = plan("as compiled"), plan("the variant")


MANY = 8
"""Disagreements, more than demote code of a model that seldom strays."""


def solidify(home: Path) -> None:
    """Learn, promote, serve, see the model do otherwise until it is demoted, learn what it does now."""
    with open_store(home) as store:
        book = Book(store.blobs)
        for number, (file, by) in enumerate([("a.csv", "region"), ("eeeeee.csv", "a"), ("ccc.csv", "owner")]):
            seen = request(file, by, f"r{number}")
            book.lookup(seen)
            book.observe(seen, by_model(program, tool, seen), False)
        seen = request("dd.csv", "week", "served")
        offer = book.lookup(seen)
        if isinstance(offer, Offer):
            book.report(seen, offer.code.id, True, "", None)
        for number in range(MANY):
            seen = request("dd.csv", "week", f"against{number}")
            result = by_model(program, tool, seen)
            book.observe(seen, result.model_copy(update={"values": {**result.values, "rows": 99}}), False)


def adapt(home: Path) -> None:
    """Store a variant, compare it, accept it, go back."""
    with open_store(home) as store:
        store.blobs.save(PLANS, VARIANT.digest, VARIANT.to_json())
        keep(store, admit(record_of(store, COMPILED), VARIANT.digest, "plan", REQUEST, POLICY))
        for _ in range(4):
            keep(store, compared(record_of(store, COMPILED), False, True, POLICY))
        keep(store, back_to(record_of(store, COMPILED), "", "by hand"))


def solid_found(home: Path) -> dict[str, Any]:
    """Is all that would be served earned, and right?"""
    with open_store(home) as store:
        book = Book(store.blobs)
        codes = [v for r in book.records() for v in r.versions]
        live = [v for v in codes if v.state is SolidState.PROMOTED]
        weighing, doubts = book.policy.weighing, {id: d for r in book.records() for id, d in r.doubts.items()}
        earned = all(v.agreed >= 1 and len(v.evidence) >= 3 for v in live)
        earned = earned and not any(v.id in doubts and doubts[v.id].shown_wrong(weighing) for v in live)
        demoted = all(v.disagreed == doubts[v.id].otherwise for v in codes if v.id in doubts)
        suspended = any(v.id in doubts and doubts[v.id].suspended(weighing) for v in live)
        seen = request("after.csv", "day", "after")
        offer = book.lookup(seen)
        right = True
        if isinstance(offer, Offer) and not offer.shadow:
            served = by_code(book, offer, tool, seen)
            right = not suspended and served is not None and served.calls == by_model(program, tool, seen).calls and bool(live)
        serves = isinstance(offer, Offer) and not offer.shadow
        return {"served": serves, "right": right and earned and demoted, "states": sorted(v.state for v in codes)}


def adapt_found(home: Path) -> dict[str, Any]:
    """Is the plan that would run the compiled one, or one that was accepted and is there whole?"""
    with open_store(home) as store:
        record, runs = record_of(store, COMPILED), active_plan(store, COMPILED)
        right = runs.digest == (record.active or COMPILED.digest)
        if record.active:
            item = variant_of(record, record.active)
            right = right and superiority(item.wins, item.losses) >= 1 / item.error and runs == VARIANT
        return {"served": runs.digest == VARIANT.digest, "right": right, "states": sorted(v.state for v in record.variants)}


def main(where: Path) -> None:
    for name, work, found in (("solid", solidify, solid_found), ("adapt", adapt, adapt_found)):

        def fresh(at: int, name: str = name) -> Path:
            return where / f"{name}{at}"

        def counted(home: Path, count: Callable[[], None], work: Callable[[Path], None] = work) -> None:
            count()
            work(home)

        for death in deaths(fresh, counted):
            row = {"part": name, "at": death.at, "killed": death.killed, "exit": death.exit}
            print(json.dumps({**row, **found(death.home)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
