"""What is known about skills on targets, for people: which plan runs, what was compared, what moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skvm.ir import Frozen
from skvm.jit.adapt.record import AdaptRecord, Variant


class Page(Frozen):
    """One answer: `text` for a terminal, `data` as JSON."""

    text: str
    data: Any


def adapted_page(records: Sequence[AdaptRecord], skill: str | None = None) -> Page:
    """Every skill (or one) and target with its plans, estimates out of runs, odd inputs and history."""
    known = ", ".join(sorted({r.skill for r in records}))
    records = [r for r in records if skill in (None, r.skill)]
    lines = [line for record in records for line in _lines(record)]
    nothing = f"nothing is known of {skill}; known: {known}" if known else "nothing was adapted yet: see `skvm run --adapt`"
    text = "\n".join(lines or [nothing]) + "\n"
    return Page(text=text, data={"items": [_row(r) for r in records]})


def _row(record: AdaptRecord) -> dict[str, Any]:
    kept = {"skill", "target", "active", "outcomes", "failures", "simulated", "tallies", "changed", "again", "helped"}
    row = record.model_dump(mode="json", include=kept)
    return row | {
        "variants": [v.model_dump(mode="json") for v in record.variants],
        "stubborn": [s.model_dump(mode="json") for s in record.stubborn],
        "history": [h.model_dump(mode="json") for h in record.history],
    }


def _lines(record: AdaptRecord) -> list[str]:
    note = f", {record.simulated} of a simulated model" if record.simulated else ""
    runs = record.active.removeprefix("sha256:")[:12] if record.active else "as compiled from the profile"
    head = f"{record.skill} on {record.target}: {record.outcomes} outcomes of model steps ({record.failures} failed{note})"
    lines = [head, f"  runs: {runs}"]
    lines += [f"  {_variant(v)}" for v in record.variants]
    for name, levels in sorted(record.tallies.items()):
        told = ", ".join(f"{level} {t.passed:.1f} of {t.n:.1f}" for level, t in sorted(levels.items()))
        lines.append(f"  {name}: {told}" + (" (the profile no longer tells of it)" if name in record.changed else ""))
    if record.again:
        lines.append(f"  failed tasks done once more by the original text: {record.again}, right then: {record.helped}")
    lines += [f"  {s.step} fails with one input only ({s.failures} times in a row, first in {s.run})" for s in record.stubborn]
    return lines + [f"  - {h.what}" + (f"  [{h.run}]" if h.run else "") for h in record.history]


def _variant(item: Variant) -> str:
    counts = f"{item.wins} won, {item.losses} lost, {item.ties} alike"
    name = item.digest.removeprefix("sha256:")[:12]
    return f"{name}  {item.state.value:<8} variant {item.number} of {', '.join(item.steps)}: {counts} at error {item.error:.4g}"
