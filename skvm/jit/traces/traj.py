"""`traj/1`: one object a run, with `steps` of role, text, calls and results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from skvm.jit.traces.call import Call
from skvm.jit.traces.record import Message, Run, run_of
from skvm.jit.traces.rows import WRONG, Row, Tell


def written(row: dict[str, Any]) -> bool:
    """Is this a row of the format?"""
    return row.get("schema") == "traj/1"


def read(rows: Sequence[Row], tell: Tell) -> Iterator[Run]:
    """One run a row."""
    for row in rows:
        try:
            made = run_of(str(row.data["id"]), str(row.data["task"]), tuple(_messages(row.data["steps"])))
        except WRONG as error:
            tell(row.wrong(error))
            continue
        yield made


def _messages(steps: list[dict[str, Any]]) -> Iterator[Message]:
    for step in steps:
        calls = tuple((str(c["id"]), Call(str(c["tool"]), dict(c["args"]))) for c in step.get("calls") or ())
        yield Message(step["role"], step.get("text") or "", calls, str(step.get("result_of", "")))
