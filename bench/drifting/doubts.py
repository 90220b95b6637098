"""Checks of promoted code by a model that strays: is code that is right left alone, is code that is wrong found? SIMULATED.

Weighing, shares and demotion are the product's (`skvm.jit.prove.doubt`); whether code or model is wrong is drawn, each by
itself, and an answer that strays never hits the right one by chance. Beside it the rule that one disagreement demotes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import median
from typing import Any

from skvm.jit.prove.doubt import Doubt, Known, Weighing, checked, strays

CHECKS = 1_000
TAX = 0.05
"""Share that is checked where nothing speaks against the code; between that of new code and that of established one."""

STRAYS = (0.02, 0.10, 0.27)
WRONG = (0.0, 0.2, 0.5, 1.0)
HISTORY = 200
"""Runs from which the rate of straying is known where it is measured."""


@dataclass
class Trial:
    """One code. `demoted`: after how many checks; `served` runs, of which `wrong`; `suspended`: checks while it was."""

    demoted: int | None = None
    checks: int = 0
    served: int = 0
    wrong: int = 0


def trial(rng: random.Random, strayed: float, wrong: float, reckoned: float, weighing: Weighing) -> Trial:
    """Requests until demotion or `CHECKS` checks."""
    made, doubt = Trial(), Doubt()
    while made.checks < CHECKS:
        bad = rng.random() < wrong
        if not doubt.suspended(weighing) and rng.random() >= doubt.share(weighing, TAX):
            made.served, made.wrong = made.served + 1, made.wrong + bad
            continue
        made.checks += 1
        doubt = checked(doubt, not bad and rng.random() >= strayed, reckoned, weighing)
        if doubt.shown_wrong(weighing):
            made.demoted = made.checks
            return made
    return made


def at_once(rng: random.Random, strayed: float, wrong: float) -> Trial:
    """The same where the first disagreement demotes."""
    made = Trial()
    while made.checks < CHECKS:
        bad = rng.random() < wrong
        if rng.random() >= TAX:
            made.served, made.wrong = made.served + 1, made.wrong + bad
            continue
        made.checks += 1
        if bad or rng.random() < strayed:
            made.demoted = made.checks
            return made
    return made


def measured(strayed: float, weighing: Weighing) -> float:
    """What is reckoned with after `HISTORY` pairs of answers to one request that differed at the rate of straying."""
    return strays(Known(twice=HISTORY, differed=round(HISTORY * strayed)), None, weighing)


def row(trials: int, seed: int, strayed: float, wrong: float, reckoned: float) -> dict[str, Any]:
    """Figures of one setting beside the rule of one disagreement."""
    weighing = Weighing()
    made = [trial(random.Random(f"doubt {seed} {n}"), strayed, wrong, reckoned, weighing) for n in range(trials)]
    once = [at_once(random.Random(f"doubt {seed} {n}"), strayed, wrong) for n in range(trials)]
    found = [t.demoted for t in made if t.demoted is not None]
    checks, served = sum(t.checks for t in made), sum(t.served for t in made)
    return {
        "strays": strayed,
        "reckoned": round(reckoned, 3),
        "wrong": wrong,
        "demoted": len(found),
        "median_checks": median(found) if found else None,
        "per_1000_checks": round(1000 * len(found) / checks, 2),
        "served_share": round(served / (served + checks), 3),
        "wrong_served": round(sum(t.wrong for t in made) / trials, 1),
        "once_median_checks": median([t.demoted for t in once if t.demoted is not None] or [0]),
        "once_per_1000_checks": round(1000 * sum(t.demoted is not None for t in once) / sum(t.checks for t in once), 2),
        "once_wrong_served": round(sum(t.wrong for t in once) / trials, 1),
    }


def measure(trials: int, seed: int) -> dict[str, Any]:
    """Right and wrong code under models that stray more or less, with the rate measured and not."""
    weighing = Weighing()
    settings = [(s, measured(s, weighing)) for s in STRAYS] + [(0.27, weighing.unmeasured)]
    rows = [row(trials, seed, s, w, reckoned) for s, reckoned in settings for w in WRONG]
    bar = 1000 / weighing.demote
    held = all(r["per_1000_checks"] <= 2 * bar for r in rows if not r["wrong"] and r["reckoned"] >= r["strays"])
    held = held and all(r["demoted"] == trials for r in rows if r["wrong"])
    lines = [
        f"doubt (SIMULATED): {trials} codes each, up to {CHECKS} checks; stated: right code is demoted once in "
        f"{weighing.demote:.0f} checks or more where the model strays no more often than reckoned"
    ]
    lines += [_line(r, trials) for r in rows]
    lines.append(f"  {'held' if held else 'MISSED'}")
    return {"trials": trials, "rows": rows, "held": held, "text": "\n".join(lines)}


def _line(r: dict[str, Any], trials: int) -> str:
    return (
        f"  model strays {r['strays']:.0%} (reckoned {r['reckoned']:.0%}), code wrong in {r['wrong']:.0%}: "
        f"{r['demoted']} of {trials} demoted, median after {r['median_checks']} checks, {r['per_1000_checks']} per 1,000; "
        f"serves {r['served_share']:.0%} of requests, {r['wrong_served']} wrong"
        f" | one disagreement demotes: after {r['once_median_checks']}, {r['once_per_1000_checks']} per 1,000, "
        f"{r['once_wrong_served']} wrong"
    )
