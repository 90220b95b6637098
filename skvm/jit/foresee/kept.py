"""Learned rules in the store: kept for the steps of a skill, used while they hold for this toolset and are seen to save.

Rules of runs with a simulated model never serve a real one. A step's rules fall silent when the runs that used them asked the
model no less often than the step's recorded baseline (after `TRIAL` runs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from skvm.jit.foresee.rules import Fixed, Following, Found, Placed, Rule, Source, Spoken
from skvm.jit.foresee.serve import foresee
from skvm.jit.foresee.worded import Worded
from skvm.jit.observe.observation import cost_of
from skvm.jit.prove.ladder import StepRecord, added, means
from skvm.jit.serve.table import STEPS
from skvm.jit.traces import Call, Turn
from skvm.plan import CallRecord, StepResult
from skvm.ports import Blobs, Foretold
from skvm.runtime.tools.specs import TOOLS_VERSION

RULES, TALLIES = "jit.rules", "jit.foretold"
TRIAL = 8
_KINDS: dict[str, Callable[..., Source]] = {
    "spoken": Spoken,
    "worded": Worded,
    "found": Found,
    "following": Following,
    "fixed": Fixed,
    "placed": Placed,
}


def plain(rule: Rule) -> dict[str, Any]:
    """A rule as JSON: sets and tuples as lists in a fixed order, and the rule in words."""
    sources = [{"kind": type(s).__name__.lower(), **{k: _plain(v) for k, v in asdict(s).items()}} for s in rule.sources]
    row = {"tool": rule.tool, "after": rule.after, "sources": sources, "right": rule.right, "wrong": rule.wrong}
    return {**row, "mean": round(rule.mean, 4), "text": rule.text()}


def rule_of(row: dict[str, Any]) -> Rule:
    """The rule that `plain` wrote down; raises KeyError, TypeError, ValueError for another shape."""
    sources = tuple(_source(dict(source)) for source in row["sources"])
    return Rule(row["tool"], row["after"], sources, int(row["right"]), int(row["wrong"]))


def _source(row: dict[str, Any]) -> Source:
    kind = _KINDS[row.pop("kind")]
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    known |= {name: frozenset(known[name]) for name in ("before", "sought") if name in known}
    return kind(**known)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else list(value) if isinstance(value, tuple) else value


def keep(blobs: Blobs, skill: str, step: str, rules: Iterable[Rule], runs: int, simulated: bool) -> None:
    """Keep the rules of one step (by key; empty for all steps of the skill) in place of those that were there."""
    row = {"skill": skill, "step": step, "tools": TOOLS_VERSION, "runs": runs, "simulated": simulated}
    blobs.save(RULES, f"{skill}/{step}", {**row, "rules": [plain(rule) for rule in rules]})
    blobs.drop(TALLIES, step)


def forget(blobs: Blobs, skill: str) -> int:
    """Drop all rules of a skill; how many sets there were."""
    keys = [key for key, row in blobs.records(RULES) if row["skill"] == skill]
    for key in keys:
        blobs.drop(RULES, key)
    return len(keys)


def tallies(blobs: Blobs) -> dict[str, dict[str, float]]:
    """By step key what the runs cost in which reads were foretold: sums, with `reads` and `repeated` ones."""
    return {key: dict(row) for key, row in blobs.records(TALLIES)}


class StepRules:
    """Implements `ports.Foretelling`."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)

    def next(self, said: str | None, done: tuple[CallRecord, ...]) -> Foretold | None:
        """The read that exactly one rule (or several that agree) foretells; then those that are always made, one by one."""
        calls = tuple(Call(c.tool, c.args, c.result, not c.ok) for c in done)
        loose, always = [r for r in self.rules if not r.fixed], [r for r in self.rules if r.fixed]
        heard = () if said is None else (said,)
        turn = Turn(None if calls else said, calls, (), (), heard)
        call = foresee(loose, turn)
        if call is not None:
            rule = next(r for r in loose if (found := r.call(turn)) is not None and found.key == call.key)
            return Foretold(tool=call.tool, args=call.args, rule=rule.text())
        turn = Turn(said, calls, (), (), heard)
        made = ((rule, rule.call(turn)) for rule in always)
        return next((Foretold(tool=c.tool, args=c.args, rule=rule.text()) for rule, c in made if c is not None), None)


class RuleBook:
    """Implements `ports.Foreteller` over `ports.Blobs`."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._rows = [row for _, row in blobs.records(RULES) if row["tools"] == TOOLS_VERSION]

    def __bool__(self) -> bool:
        """Is there any rule?"""
        return bool(self._rows)

    def of(self, skill: str, step: str, simulated: bool) -> StepRules | None:
        """The rules of the step and of its whole skill, those of simulated runs only with a simulated model."""
        rows = [r for r in self._rows if r["skill"] == skill and r["step"] in ("", step) and (simulated or not r["simulated"])]
        rules = {rule.text(): rule for row in rows for rule in map(rule_of, row["rules"])}
        return StepRules(tuple(rules.values())) if rules and self._saves(step) else None

    def report(self, step: str, result: StepResult, reads: int, repeated: int) -> None:
        """Add a run to the step's sums."""
        row = added(dict(self._blobs.load(TALLIES, step) or {}), cost_of(result), result.simulated)
        row["reads"] = row.get("reads", 0.0) + reads
        row["repeated"] = row.get("repeated", 0.0) + repeated
        self._blobs.save(TALLIES, step, row)

    def _saves(self, step: str) -> bool:
        tally, record = self._blobs.load(TALLIES, step), self._blobs.load(STEPS, step)
        if tally is None or record is None or tally["n"] < TRIAL:
            return True
        base = means(StepRecord.model_validate(record).baseline)
        return not base or tally["model_calls"] / tally["n"] < base["model_calls"]
