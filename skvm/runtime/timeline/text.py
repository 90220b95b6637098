"""The timeline in plain text: one bar per step."""

from __future__ import annotations

from collections.abc import Iterable

from skvm.plan import Artifact, Event
from skvm.runtime.timeline.rows import Trace, TraceRow, trace

BAR = 40
FULL, THIN = "█", "▏"


def timeline_text(events: Iterable[Event], artifact: Artifact | None = None, width: int = BAR) -> str:
    """Header, one line per step with its bar (`*` = on the path the run waited for), totals."""
    seen = trace(events, artifact)
    lines = [_head(seen)]
    rows = seen.rows
    name = max([len(_name(r)) for r in rows] + [4])
    for row in rows:
        mark = "*" if row.critical else " "
        calls = f"{row.model_calls:3}m {row.tool_calls:3}t"
        timing = f"{row.start:8.3f} {row.end - row.start:8.3f} s"
        lines.append(f"{mark} {_name(row):{name}}  |{_bar(row, seen.seconds, width)}| {timing} {calls}  {_state(row)}".rstrip())
        lines += [f"      {note}" for note in row.notes]
    lines.append(f"* = the path the run waited for; {seen.model_calls} model calls, {seen.tokens} tokens")
    return "\n".join(_printable(line) for line in lines)


def _head(seen: Trace) -> str:
    simulated = "  SIMULATED model" if seen.simulated else ""
    reason = f"  ({seen.reason})" if seen.reason else ""
    skill = f"{seen.skill}, " if seen.skill else ""
    return f"{skill}run {seen.run}: {seen.status} in {seen.seconds:.3f} s{reason}{simulated}"


def _name(row: TraceRow) -> str:
    return f"{row.node} {row.scope}".strip()


def _state(row: TraceRow) -> str:
    text = f"{row.executor or '-'} {row.status}"
    title = f"  {row.title[:50]}" if row.title else ""
    return text + title + (f"  ({row.reason[:80]})" if row.reason else "")


def _bar(row: TraceRow, total: float, width: int) -> str:
    if total <= 0 or row.status == "skipped":
        return " " * width
    first = min(width - 1, int(row.start / total * width))
    cells = max(0, min(width, round(row.end / total * width)) - first)
    body = FULL * cells if cells else THIN
    return (" " * first + body).ljust(width)[:width]


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)
