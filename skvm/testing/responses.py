"""The third protocol of the loopback server, OpenAI's responses: the smallest events that clients accept."""

from __future__ import annotations

import json
from typing import Any

from skvm.testing.answers import Say
from skvm.testing.wires import turn


def responses_events(body: dict[str, Any], say: Say, split: bool) -> list[str]:
    """An answer as server-sent events: created, each item with its text or arguments in pieces, completed with usage."""
    items = _items(body, say)
    rows: list[dict[str, Any]] = [{"type": "response.created", "response": _response(body, say, [], "in_progress")}]
    for at, item in enumerate(items):
        message = item["type"] == "message"
        empty: dict[str, Any] = {"content": []} if message else {"arguments": ""}
        opened = {**item, "status": "in_progress", **empty}
        rows.append({"type": "response.output_item.added", "output_index": at, "item": opened})
        text = item["content"][0]["text"] if message else item["arguments"]
        kind = "response.output_text.delta" if message else "response.function_call_arguments.delta"
        middle = len(text) // 2 if split else len(text)
        where = {"item_id": item["id"], "output_index": at, **({"content_index": 0} if message else {})}
        rows += [{"type": kind, **where, "delta": piece} for piece in (text[:middle], text[middle:]) if piece]
        rows.append({"type": "response.output_item.done", "output_index": at, "item": item})
    rows.append({"type": "response.completed", "response": _response(body, say, items, "completed")})
    return [f"event: {row['type']}\ndata: {json.dumps({**row, 'sequence_number': at})}\n\n" for at, row in enumerate(rows)]


def responses_body(body: dict[str, Any], say: Say) -> dict[str, Any]:
    """The same answer without streaming."""
    return _response(body, say, _items(body, say), "completed")


def _items(body: dict[str, Any], say: Say) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if say.text:
        content = [{"type": "output_text", "text": say.text, "annotations": []}]
        items.append(
            {"type": "message", "id": f"msg_{turn(body)}", "role": "assistant", "status": "completed", "content": content}
        )
    for at, (name, arguments) in enumerate(say.calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call = {"id": f"fc_{turn(body)}_{at}", "call_id": f"call_{turn(body)}_{at}", "name": name, "arguments": text}
        items.append({"type": "function_call", "status": "completed", **call})
    return items


def _response(body: dict[str, Any], say: Say, items: list[dict[str, Any]], status: str) -> dict[str, Any]:
    prompt, completion, cached = say.usage
    usage = {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + completion,
    }
    head = {"id": f"resp_{turn(body)}", "object": "response", "created_at": 1, "model": body.get("model", "loopback")}
    return {**head, "status": status, "output": items, "usage": usage if status == "completed" else None}
