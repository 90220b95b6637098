"""The two protocols of the loopback server, as the smallest events that clients accept."""

from __future__ import annotations

import json
from typing import Any

from skvm.testing.answers import Say


def _sse(data: Any, event: str = "") -> str:
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {event}\n" if event else "") + f"data: {text}\n\n"


def _arguments(value: dict[str, Any] | str) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def turn(body: dict[str, Any]) -> int:
    """How many messages or items the model is shown: makes ids of calls that differ from turn to turn, as clients expect."""
    return len(body.get("messages") or body.get("input") or ())


def _halves(text: str) -> list[str]:
    """Two pieces, split where a multi-byte character or a number may break."""
    middle = len(text) // 2
    return [p for p in (text[:middle], text[middle:]) if p]


def openai_finish(say: Say) -> str:
    """The finish reason of an answer in OpenAI's words."""
    return say.finish or ("tool_calls" if say.calls else "stop")


def openai_usage(say: Say) -> dict[str, Any]:
    """Usage in OpenAI's words: the prompt includes what was cached."""
    prompt, completion, cached = say.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def openai_events(body: dict[str, Any], say: Say, split: bool) -> list[str]:
    """A chat completion as server-sent events: role, text, calls with their arguments in pieces, finish, usage, end."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model", "loopback")}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
        return _sse({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": piece}) for piece in (_halves(say.text) if split else [say.text] if say.text else [])]
    for index, (name, arguments) in enumerate(say.calls):
        call = {
            "index": index,
            "id": f"call_{turn(body)}_{index}",
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }
        events.append(chunk({"tool_calls": [call]}))
        for piece in _halves(_arguments(arguments)):
            events.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    events.append(chunk({}, openai_finish(say)))
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(_sse({**head, "choices": [], "usage": openai_usage(say)}))
    return [*events, _sse("[DONE]")]


def openai_body(body: dict[str, Any], say: Say) -> dict[str, Any]:
    """The same answer without streaming."""
    calls = [
        {"id": f"call_{turn(body)}_{i}", "type": "function", "function": {"name": name, "arguments": _arguments(arguments)}}
        for i, (name, arguments) in enumerate(say.calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": say.text or None}
    if calls:
        message["tool_calls"] = calls
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body.get("model", "loopback"),
        "choices": [{"index": 0, "message": message, "finish_reason": openai_finish(say)}],
        "usage": openai_usage(say),
    }


def anthropic_stop(say: Say) -> str:
    """The stop reason of an answer in Anthropic's words."""
    words = {"length": "max_tokens", "filter": "refusal"}
    return words.get(say.finish, say.finish) or ("tool_use" if say.calls else "end_turn")


def anthropic_usage(say: Say) -> dict[str, Any]:
    """Usage in Anthropic's words: cached tokens stand apart from the input."""
    prompt, completion, cached = say.usage
    return {"input_tokens": prompt - cached, "cache_read_input_tokens": cached, "output_tokens": completion}


def anthropic_events(body: dict[str, Any], say: Say, split: bool) -> list[str]:
    """A message as server-sent events: start, one block per text and call, delta with the stop reason, stop."""
    start = {
        "id": f"msg_{turn(body)}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "loopback"),
        "content": [],
        "stop_reason": None,
        "usage": {**anthropic_usage(say), "output_tokens": 1},
    }
    events: list[tuple[str, dict[str, Any]]] = [("message_start", {"message": start})]
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if say.text:
        pieces = _halves(say.text) if split else [say.text]
        blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in pieces]))
    for i, (name, arguments) in enumerate(say.calls):
        pieces = _halves(_arguments(arguments))
        block = {"type": "tool_use", "id": f"toolu_{turn(body)}_{i}", "name": name, "input": {}}
        blocks.append((block, [{"type": "input_json_delta", "partial_json": p} for p in pieces]))
    for index, (block, deltas) in enumerate(blocks):
        events.append(("content_block_start", {"index": index, "content_block": block}))
        events += [("content_block_delta", {"index": index, "delta": delta}) for delta in deltas]
        events.append(("content_block_stop", {"index": index}))
    ending = {"delta": {"stop_reason": anthropic_stop(say), "stop_sequence": None}, "usage": {"output_tokens": say.usage[1]}}
    events += [("message_delta", ending), ("message_stop", {})]
    return [_sse({"type": name, **data}, name) for name, data in events]


def anthropic_body(body: dict[str, Any], say: Say) -> dict[str, Any]:
    """The same answer without streaming."""
    content: list[dict[str, Any]] = [{"type": "text", "text": say.text}] if say.text else []
    for i, (name, arguments) in enumerate(say.calls):
        value = arguments if isinstance(arguments, dict) else {}
        content.append({"type": "tool_use", "id": f"toolu_{turn(body)}_{i}", "name": name, "input": value})
    return {
        "id": f"msg_{turn(body)}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "loopback"),
        "content": content,
        "stop_reason": anthropic_stop(say),
        "stop_sequence": None,
        "usage": anthropic_usage(say),
    }
