"""OpenAI's chat messages: one conversation a line (`{"messages": [...]}`), or one message a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from skvm.jit.traces.call import Call
from skvm.jit.traces.record import Message, Run, run_of
from skvm.jit.traces.rows import WRONG, Row, Tell, words


def written(row: dict[str, Any]) -> bool:
    """Is this a row of the format?"""
    return "messages" in row or (isinstance(row.get("role"), str) and ("content" in row or "tool_calls" in row))


def read(rows: Sequence[Row], tell: Tell) -> Iterator[Run]:
    """One run a row that is a conversation; the rows that are messages are one run together."""
    single: list[Message] = []
    for row in rows:
        try:
            if "messages" not in row.data:
                single.append(_message(row.data))
                continue
            id = str(row.data.get("id", f"{row.file.stem}:{row.line}"))
            made = run_of(id, str(row.data.get("task", id)), tuple(map(_message, row.data["messages"])))
        except WRONG as error:
            tell(row.wrong(error))
            continue
        yield made
    if single:
        yield run_of(rows[0].file.stem, "", single)


def _message(row: dict[str, Any]) -> Message:
    calls = tuple((str(c["id"]), Call(str(c["function"]["name"]), _arguments(c))) for c in row.get("tool_calls") or ())
    return Message(row["role"], words(row.get("content")), calls, str(row.get("tool_call_id", "")))


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    given = call["function"]["arguments"]
    return dict(given if isinstance(given, dict) else json.loads(given or "{}"))
