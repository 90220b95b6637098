"""Plans with branches: read from numbered lines, written, and compared by walking both for every course of outcomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Plan = dict[str, tuple[str, dict[str, str]]]
"""Action and what comes next by outcome, by place; places `DONE` and `STOP` end the work."""

ENDS = ("DONE", "STOP")
LINE = re.compile(r"^\W*(\d+)\W*?[.):]\W*(.+)$")
NEXT = re.compile(r"([a-z]+)\W*?(?:->|=>|→|:)\W*(?:(?:go\s*to|line|step)\W*)*(\d+|done|stop)\b", re.IGNORECASE)


def parsed(text: str, outcomes: Mapping[str, Sequence[str]]) -> Plan | None:
    """The plan in a text, None when no line is one; a line counts where it names a known action before its first `|`."""
    found: Plan = {}
    for line in text.splitlines():
        match = LINE.match(line)
        action, _, rest = match.group(2).partition("|") if match else ("", "", "")
        name = " ".join(re.sub(r"[`*_\"']", " ", action).lower().split())
        if match and name in outcomes:
            after = {outcome.lower(): place.upper() for outcome, place in NEXT.findall(rest)}
            found[match.group(1)] = (name, after)
    return found or None


def shown(plan: Plan, start: str, backwards: bool = False) -> str:
    """The plan as numbered lines, `start` first; `backwards` numbers the others the other way round."""
    others = [place for place in plan if place != start]
    places = [start, *(reversed(others) if backwards else others)]
    number = {place: str(n) for n, place in enumerate(places, 1)} | {end: end for end in ENDS}
    rows = [(place, *plan[place]) for place in places]
    return "\n".join(
        " | ".join([f"{number[place]}. {action}", *(f"{key} -> {number.get(to, 'STOP')}" for key, to in after.items())])
        for place, action, after in rows
    )


def rewired(plan: Plan, skipped: str, by: str) -> Plan:
    """The plan with one place left out, what led there leading elsewhere."""
    return {
        place: (action, {key: by if to == skipped else to for key, to in after.items()})
        for place, (action, after) in plan.items()
        if place != skipped
    }


def different(plan: Plan, start: str, wanted: Plan, begin: str) -> str:
    """Where a plan does something else than the wanted one, in words; empty when they agree whatever happens."""
    seen: set[tuple[str, str]] = set()
    todo = [(start, begin)]
    while todo:
        here, there = todo.pop()
        if (here, there) in seen:
            continue
        seen.add((here, there))
        reason = _mismatch(plan, here, wanted, there)
        if reason:
            return reason
        if there not in ENDS:
            after = plan[here][1]
            todo += [(after[key], to) for key, to in wanted[there][1].items()]
    return ""


def _mismatch(plan: Plan, here: str, wanted: Plan, there: str) -> str:
    if there in ENDS or here in ENDS or here not in plan:
        return "" if here == there else f"the plan comes to {here} where {wanted.get(there, (there, {}))[0]} is due"
    action, after = plan[here]
    due, outcomes = wanted[there]
    if action != due:
        return f"line {here} does {action} where {due} is due"
    missing = [key for key in outcomes if key not in after]
    return f"line {here} does not say what comes after {missing[0]}" if missing else ""
