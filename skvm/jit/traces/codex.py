"""Session files of Codex (written from what 0.169.0 leaves in `$CODEX_HOME/sessions/Y/M/D/rollout-*.jsonl`).

Rows `{type, payload}`; those of type `response_item` are the conversation, item by item: what stands between two results or
words of the user is one answer. Words that the program says as the user (where it runs, what it was told to do) are left out;
the folder it runs in is what the environment tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from skvm.jit.traces.call import Call
from skvm.jit.traces.record import Message, Run, run_of
from skvm.jit.traces.rows import WRONG, Row, Tell, words

_EXIT = re.compile(r"Process exited with code (-?\d+)")
_HEAD = 8
"""Lines within which the program says how a command ended; below `Output:` stands what the command printed."""

_PROGRAM = re.compile(r"\s*<(?P<tag>[a-z_]+)>.*</(?P=tag)>\s*", re.DOTALL)


def written(row: dict[str, Any]) -> bool:
    """Is this a row of the format?"""
    return isinstance(row.get("type"), str) and isinstance(row.get("payload"), dict)


def read(rows: Sequence[Row], tell: Tell) -> Iterator[Run]:
    """One run a file."""
    messages: list[Message] = []
    id, folder = rows[0].file.stem, ""
    for row in rows:
        try:
            payload = row.data["payload"]
            if row.data["type"] == "session_meta":
                id, folder = str(payload.get("id", id)), str(payload.get("cwd", ""))
            elif row.data["type"] == "response_item":
                _add(messages, _message(payload))
        except WRONG as error:
            tell(row.wrong(error, "not a row of a Codex session"))
    if messages:
        yield run_of(id, "", messages, {"folder": folder})


def _add(messages: list[Message], message: Message | None) -> None:
    if message is None:
        return
    if message.role == "assistant" and messages and messages[-1].role == "assistant":
        first = messages[-1]
        messages[-1] = replace(first, text=first.text + message.text, calls=(*first.calls, *message.calls))
        return
    messages.append(message)


def _message(item: dict[str, Any]) -> Message | None:
    kind = item["type"]
    if kind == "message" and item["role"] in ("user", "assistant"):
        text = words(item["content"])
        return None if item["role"] == "user" and _by_program(item, text) else Message(item["role"], text)
    if kind in ("function_call", "custom_tool_call"):
        given = {"input": item["input"]} if kind == "custom_tool_call" else json.loads(item["arguments"] or "{}")
        return Message("assistant", calls=((str(item["call_id"]), Call(str(item["name"]), dict(given))),))
    if kind in ("function_call_output", "custom_tool_call_output"):
        text, failed = _output(item["output"])
        return Message("tool", text, of=str(item["call_id"]), failed=failed)
    return None


def _by_program(item: dict[str, Any], text: str) -> bool:
    """Did the program say it? By the origin the row states, in rows that state none by the tag around it."""
    given = item.get("internal_chat_message_metadata_passthrough") or {}
    origins = [str(part["provenance"]["type"]) for part in given.get("content_item_metadata") or ()]
    return "user" not in origins if origins else _PROGRAM.fullmatch(text) is not None


def _output(output: Any) -> tuple[str, bool]:
    """The text of a result without what the program puts above it, and whether the command failed."""
    text = words(output)
    lines = text.split("\n", _HEAD)
    ends = [found for line in lines[:_HEAD] if (found := _EXIT.fullmatch(line))]
    if not ends or "Output:" not in lines[:_HEAD]:
        return text, False
    return text[sum(len(line) + 1 for line in lines[: lines.index("Output:") + 1]) :], ends[0][1] != "0"
