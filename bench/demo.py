"""`make demo`: one skill compiled for a strong and a weak target, run on real files, solidified, then edited.

The model is simulated: the profile decides what it can do, a solution file what a right answer is. Its calls, tokens and
seconds show how skvm behaves, not how any real model does.
"""

from __future__ import annotations

import csv
import random
import shutil
import time
from dataclasses import replace
from pathlib import Path

from skvm.app import Settings, Skvm
from skvm.app.running import RunOptions

BENCH = Path(__file__).resolve().parent
SKILL = BENCH / "skills" / "sales-report"
SOLUTION = BENCH / "solutions" / "sales-report.py"
HOME = BENCH.parent / ".skvm" / "demo"
STRONG, WEAK = "sim/strong", "sim/qwen3.5-9b@bare-agent"
"""A synthetic strong target, and a real model as it was measured (3 probes a level)."""

COLUMNS = ("region", "product", "channel")
MAX_RUNS = 24


def main() -> int:
    """Run the whole demonstration; returns the exit code."""
    began = time.monotonic()
    shutil.rmtree(HOME, ignore_errors=True)
    skill = HOME / "skill" / SKILL.name
    shutil.copytree(SKILL, skill)
    vm = Skvm(replace(Settings.from_environment(), home=HOME / "state", cache=HOME / "cache"))
    compile_for_two_targets(vm, skill)
    rows = run_until_solid(vm, skill)
    show_result(rows)
    edited = edit_and_run(vm, skill)
    table(rows, edited)
    say(f"\ndemo took {time.monotonic() - began:.1f} s after set-up; state is in .skvm/demo")
    solid = any(row.solid for row in rows)
    return 0 if solid and edited.outcome.exit_code == 0 and not edited.solid else 4


def say(text: str) -> None:
    print(text, flush=True)


def compile_for_two_targets(vm: Skvm, skill: Path) -> None:
    """The same skill for a strong and for a weak processor: gaps, bindings, concurrency, critical path."""
    from skvm.plan.describe import summary_text

    for target in (STRONG, WEAK):
        say(f"\n=== skvm compile {SKILL.name} --target {target}")
        say(summary_text(vm.compile(skill, target)))


class Row:
    """One run of the demonstration."""

    def __init__(self, label: str, outcome, column: str) -> None:
        self.label, self.outcome, self.column = label, outcome, column

    @property
    def solid(self) -> list[str]:
        """Ids of the steps that were served without a model."""
        return sorted(s.id for s in self.outcome.steps if s.executor == "solid")


def run_until_solid(vm: Skvm, skill: Path) -> list[Row]:
    """Run on one export after another until no step calls the model any more, or `MAX_RUNS`."""
    say("\n=== skvm run, again and again, on different exports (SIMULATED model)")
    rows: list[Row] = []
    for number in range(1, MAX_RUNS + 1):
        rows.append(run_once(vm, skill, number))
        if settled(rows):
            break
    return rows


def settled(rows: list[Row]) -> bool:
    """The last two runs needed no model."""
    return len(rows) > 1 and not any(row.outcome.totals.model_calls for row in rows[-2:])


def run_once(vm: Skvm, skill: Path, number: int, label: str = "") -> Row:
    """One run on one export; the prompt names its file and column."""
    from skvm.adapters.simulation.oracle import load_oracle

    name, column = f"orders_{number:02}.csv", COLUMNS[number % len(COLUMNS)]
    path = write_export(HOME / "inputs" / name, seed=number)
    task = f"Summarise the sales in {name} by {column}."
    oracle = load_oracle(SOLUTION, task, {name: name})
    options = RunOptions(model=STRONG, task=task, files={name: path}, seed=1, oracle=oracle)
    row = Row(label or f"run {number}", vm.run(skill, options), column)
    totals = row.outcome.totals
    served = f", served without a model: {', '.join(row.solid)}" if row.solid else ""
    say(
        f"{row.label:22} {row.outcome.status:6} {totals.model_calls:3} model calls {totals.tokens:6} tokens "
        f"{totals.seconds:6.2f} s{served}"
    )
    if row.outcome.exit_code:
        say(f"  {row.outcome.reason}")
    return row


def write_export(path: Path, seed: int) -> Path:
    """A month of 60 to 143 shop orders, different for every seed, with a few orders far from the rest."""
    draw = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(("order_id", "date", "region", "product", "channel", "quantity", "unit_price"))
        for n in range(60 + 53 * seed % 84):
            price = draw.choice((9.9, 24.5, 49.0, 120.0)) * (40 if draw.random() < 0.03 else 1)
            day = f"2026-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
            place = draw.choice(("North", "South", "East", "West"))
            what, how = draw.choice(("Lamp", "Desk", "Chair")), draw.choice(("web", "shop", "partner"))
            rows.writerow((f"A{seed:02}{n:04}", day, place, what, how, draw.randint(1, 9), f"{price:.2f}"))
    return path


def show_result(rows: list[Row]) -> None:
    """The real files of the last run."""
    work = rows[-1].outcome.work
    say(f"\n=== what the last run wrote: {', '.join(o.path for o in rows[-1].outcome.outputs)}")
    for name in ("out/report.md", "out/summary.md"):
        if (work / name).is_file():
            say((work / name).read_text(encoding="utf-8"))


def edit_and_run(vm: Skvm, skill: Path) -> Row:
    """Change one rule that the solidified steps see; their code must not be used any more."""
    text = (skill / "SKILL.md").read_text(encoding="utf-8")
    changed = text.replace("- Do not change the export.", "- Never change the export.")
    assert changed != text, "the demonstration edits a rule that is no longer in the skill"
    (skill / "SKILL.md").write_text(changed, encoding="utf-8")
    say("=== the skill is edited (one rule): what was solidified for the old text is not used")
    return run_once(vm, skill, MAX_RUNS + 1, "after the edit")


def table(rows: list[Row], edited: Row) -> None:
    """Before and after, from the runs' own records."""
    say("\n=== before and after (SIMULATED model: not a real model's numbers)")
    for label, row in (("first run", rows[0]), ("solidified", rows[-1]), ("after an edit", edited)):
        t = row.outcome.totals
        served = ", ".join(row.solid) or "none"
        say(f"{label:14} {t.model_calls:3} model calls {t.tokens:6} tokens {t.seconds:6.2f} s   solidified steps: {served}")
