"""What must hold of a run that was killed after some event and resumed: its result, and what became of each effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crash_plans import PLANS

from skvm.plan import Event, EventKind

EVENTS = {"steps": 50, "controls": 73, "gated": 24, "edited": 38, "spread": 23, "handed": 46, "shared": 40}
"""Events of each plan when nothing happens to it."""


@dataclass(frozen=True)
class Left:
    """What a run left behind: its end, files with their text, lines of effects."""

    status: str
    values: dict[str, Any]
    files: dict[str, str]
    sent: Counter[str]


def folder(root: Path) -> Path:
    """A work folder as every plan finds it."""
    work = root / "work"
    work.mkdir(parents=True)
    (work / "in.txt").write_text("1\n2\n3\n")
    return work


def left(outcome: dict[str, Any], work: Path) -> Left:
    """Read it off the outcome and the work folder."""
    files = {p.name: p.read_text() for p in sorted(work.glob("*.txt"))}
    lines = Counter(line for p in sorted(work.glob("*.log")) for line in p.read_text().split("\n") if line)
    # Of a map's items, whichever ended last is the one that shows at the top.
    values = {node: value for node, value in outcome["values"].items() if node != "m"}
    return Left(outcome["status"], values, files, lines)


def begun(events: Iterable[Event]) -> list[str]:
    """Effects that were begun, that nobody can read back, and whose end is not recorded: tool and arguments as text."""
    open_calls: dict[tuple[str, str], str] = {}
    for event in events:
        place = (event.scope, str(event.data.get("call")))
        if event.kind is EventKind.TOOL_INTENT and event.data["effect"] == "effectful" and not event.data.get("digests"):
            open_calls[place] = f"{event.data['tool']} {event.data['args']}"
        elif event.kind is EventKind.TOOL_RESULT:
            open_calls.pop(place, None)
    return sorted(open_calls.values())


def judge(plan: str, whole: Left, before: list[Event], outcome: dict[str, Any], work: Path) -> str:
    """The guarantee that was given: `same` (everything as in the unbroken run) or `in doubt`; raises AssertionError."""
    now, doubt = left(outcome, work), begun(before)
    assert all(count == 1 for count in now.sent.values()), f"an effect happened twice: {now.sent}"
    assert set(now.sent) <= set(PLANS[plan].sent)
    if now.status == "in_doubt":
        assert doubt, "only an effect that was begun can be in doubt"
        assert outcome["exit_code"] == 4
        return "in doubt"
    assert not doubt, f"an effect in doubt was guessed: {doubt}"
    assert now == whole, f"{now} is not {whole}"
    return "same"


def judge_declined(doubtful: Left, outcome: dict[str, Any], work: Path) -> None:
    """A person said that the effect in doubt is not to be run again: nothing more happened, and the run still says so."""
    now = left(outcome, work)
    assert outcome["questions"], "nobody was asked"
    assert (now.status, outcome["exit_code"]) == ("in_doubt", 4), f"declined, and the run is {now.status}"
    assert now.sent == doubtful.sent, f"declined, and done: {now.sent} after {doubtful.sent}"


def judge_approved(plan: str, whole: Left, doubt: list[str], doubtful: Left, outcome: dict[str, Any], work: Path) -> None:
    """A person said that it is to be run again: each effect in doubt happened once more, every other one once, and all else is
    as in the unbroken run. `doubt`: what was begun; `doubtful`: what lay there when the person was asked."""
    now = left(outcome, work)
    assert outcome["questions"], "nobody was asked"
    again = {line for line in PLANS[plan].sent if any(f"echo {line} " in words for words in doubt)}
    expected = {line: doubtful.sent[line] + 1 if line in again else 1 for line in PLANS[plan].sent}
    assert dict(now.sent) == expected, f"{dict(now.sent)} is not {expected}"
    rest = (now.status, now.values, now.files)
    assert rest == (whole.status, whole.values, whole.files), f"{rest} is not {whole}"
