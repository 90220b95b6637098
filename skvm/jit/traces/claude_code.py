"""Session files of Claude Code (written from what 2.1.330 leaves in `~/.claude/projects/FOLDER/SESSION.jsonl`).

Rows of many types; those of type `user` and `assistant` are the conversation. Each block of an answer is a row of its own, all
with the id of the same message, and results of its first calls may stand between them. Rows of sub-agents (`isSidechain`) and
what the program itself says as the user (`isMeta`) are left out. The model is told the folder it works in (`cwd`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from skvm.jit.traces.call import Call
from skvm.jit.traces.record import Message, Run, run_of
from skvm.jit.traces.rows import WRONG, Row, Tell, words


def written(row: dict[str, Any]) -> bool:
    """Is this a row of the format?"""
    return "sessionId" in row and isinstance(row.get("type"), str)


def read(rows: Sequence[Row], tell: Tell) -> Iterator[Run]:
    """One run a file."""
    messages: list[Message] = []
    answers: dict[str, int] = {}
    for row in rows:
        try:
            for id, message in _messages(row.data):
                _add(messages, answers, id, message)
        except WRONG as error:
            tell(row.wrong(error, "not a row of a Claude Code session"))
    if messages:
        folder = next((str(row.data["cwd"]) for row in rows if row.data.get("cwd")), "")
        yield run_of(str(rows[0].data.get("sessionId", rows[0].file.stem)), "", messages, {"folder": folder})


def _add(messages: list[Message], answers: dict[str, int], id: str, message: Message) -> None:
    """A further block of an answer joins the first one."""
    if id and id in answers:
        first = messages[answers[id]]
        messages[answers[id]] = replace(first, text=first.text + message.text, calls=(*first.calls, *message.calls))
        return
    if id:
        answers[id] = len(messages)
    messages.append(message)


def _messages(row: dict[str, Any]) -> Iterator[tuple[str, Message]]:
    """The messages of a row with the id of the answer they belong to (empty for others)."""
    if row.get("isSidechain") or row.get("isMeta") or row.get("type") not in ("user", "assistant"):
        return
    message = row["message"]
    content = message["content"]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if message["role"] == "assistant":
        made = tuple((str(b["id"]), Call(str(b["name"]), dict(b["input"]))) for b in blocks if b["type"] == "tool_use")
        yield str(message.get("id", "")), Message("assistant", _said(blocks), made)
        return
    for block in blocks:
        if block["type"] == "tool_result":
            failed = bool(block.get("is_error"))
            yield "", Message("tool", words(block.get("content")), of=str(block["tool_use_id"]), failed=failed)
    if _said(blocks):
        yield "", Message("user", _said(blocks))


def _said(blocks: list[dict[str, Any]]) -> str:
    return words([b for b in blocks if b["type"] == "text"])
