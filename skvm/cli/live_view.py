"""A run on a terminal: lines of what is over scroll by, and below them stands what is under way. Elsewhere only the lines."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from skvm.cli.common import note

REFRESH = 5
"""Times a second that the standing part is drawn."""

STEPS = 12
"""Steps under way that are shown; the rest are counted."""


@dataclass(frozen=True)
class Limits:
    """Limits of a run, for the eye: seconds, tokens, USD."""

    deadline: float | None = None
    max_tokens: int | None = None
    max_cost: float | None = None


def is_terminal() -> bool:
    """Can the standing part be drawn on stderr?"""
    return sys.stderr.isatty() and os.environ.get("TERM") not in (None, "", "dumb")


class PlainView:
    """One line an event, for logs and pipes."""

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def event(self, event: Any) -> None:
        """Show an event."""
        from skvm.runtime.timeline import live_line

        line = live_line(event)
        if line:
            note(line)

    def note(self, text: str) -> None:
        """Show a remark."""
        note(text)


@dataclass
class TerminalView:
    """The standing part below the lines, drawn a few times a second by a thread of rich's own."""

    limits: Limits
    _asked: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def __enter__(self) -> TerminalView:
        from rich.console import Console
        from rich.live import Live

        from skvm.runtime.timeline.status import RunStatus

        self.status = RunStatus()
        self._seen = time.monotonic()
        self._console = Console(stderr=True, highlight=False, markup=False, no_color=bool(os.environ.get("NO_COLOR")) or None)
        self._live = Live(
            console=self._console, refresh_per_second=REFRESH, transient=True, get_renderable=self._drawn,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def event(self, event: Any) -> None:
        """Show an event; while a person is asked, the terminal is theirs."""
        from skvm.runtime.timeline import live_line

        with self._lock:
            self.status.add(event)
            self._seen = time.monotonic()
        kind = event.kind.value
        line = live_line(event)
        if line and kind not in ("node.start", "tool.intent"):
            self._console.print(line, soft_wrap=True)
        if kind == "gate.ask":
            self._asked += 1
            self._live.stop()
        elif kind == "gate.answer":
            self._asked -= 1
            if not self._asked:
                self._live.start()

    def note(self, text: str) -> None:
        """Show a remark above the standing part."""
        self._console.print(text, soft_wrap=True)

    def _drawn(self) -> Any:
        from rich.text import Text

        with self._lock:
            lines = standing(self.status, self.limits, time.monotonic() - self._seen)
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")


def view(limits: Limits) -> PlainView | TerminalView:
    """What fits stderr."""
    return TerminalView(limits) if is_terminal() else PlainView()


def standing(status: Any, limits: Limits, since: float) -> list[str]:
    """Lines of the standing part: the run with its limits, lanes, steps under way. `since`: seconds after the last event."""
    now = status.now + since
    if not status.run:
        return [f"getting ready, {now:.1f} s"]
    lines = [_head(status, limits, now)]
    lanes = [f"{model} {count}" for model, count in sorted(status.lanes.items()) if count]
    if lanes:
        lines.append(f"  asked: {', '.join(lanes)}")
    rows = sorted(status.working.values(), key=lambda w: (w.since, w.node, w.scope))
    lines += [_row(row, now) for row in rows[:STEPS]]
    if len(rows) > STEPS:
        lines.append(f"  and {len(rows) - STEPS} more")
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines]


def _head(status: Any, limits: Limits, now: float) -> str:
    parts = [f"{now:.1f} s{_of(limits.deadline, ' s')}", f"{status.done} done, {len(status.working)} under way"]
    if status.failed:
        parts.append(f"{status.failed} failed")
    parts.append(f"{status.model_calls} model calls, {status.tokens:,} tokens{_of(limits.max_tokens)}")
    if status.cost is not None and not status.simulated:
        parts.append(f"{status.cost:.4f} USD{_of(limits.max_cost)}")
    return f"{status.skill or 'run'}: {'; '.join(parts)}{'  SIMULATED' if status.simulated else ''}"


def _of(limit: float | None, unit: str = "") -> str:
    return "" if limit is None else f" of {limit:,g}{unit}"


def _row(row: Any, now: float) -> str:
    doing = row.doing or (f"asks its model, {now - row.asked:.0f} s" if row.asked is not None else row.executor)
    where = f"{row.node} {row.scope}".strip()
    return f"  {where:10} {now - row.since:6.1f} s  {doing:24}  {row.title}"
