"""One question to a model: lane, limits, journal, retry."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.lowlevel
from pydantic_core import PydanticSerializationError, to_json

from skvm.diag import SkvmError, TargetError
from skvm.plan import EventKind
from skvm.ports import Message, ModelReply, ModelRequest, RequestTag, ToolSpec
from skvm.runtime.session import Session
from skvm.runtime.state.replay import Attempt, reply_data
from skvm.runtime.state.scope import Scope

FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
CALL_SECONDS = 600.0


@dataclass(slots=True)
class Question:
    """Who asks what. `turn` counts from 0 within an attempt; `ends` is the monotonic end of the asking step, if it has one."""

    node: str
    scope: Scope
    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    tag: RequestTag
    turn: int = 0
    tool_choice: str = "auto"
    ends: float | None = None


async def ask(session: Session, question: Question, recorded: Attempt | None = None) -> ModelReply:
    """The answer: the recorded one of a resumed attempt, else the model's.

    Raises TargetError when the target fails for good, LimitHit when a limit of the run is reached.
    """
    if recorded is not None and recorded.replies:
        return recorded.replies.popleft()
    tries = max(1, session.request.attempts)
    for attempt in range(tries):
        try:
            return await _once(session, question, attempt)
        except TargetError as error:
            wait = _wait(session, error, attempt)
            if not error.transient or attempt + 1 == tries or wait is None:
                raise
            session.emit(
                EventKind.RETRY, question.node, question.scope, kind=error.kind, wait=round(wait, 3), attempt=attempt + 1
            )
            await anyio.sleep(wait)
    raise AssertionError("the last try returns or raises")


async def _once(session: Session, question: Question, attempt: int) -> ModelReply:
    client = session.client(question.model)
    lane = session.lanes.of(question.model)
    if session.course.ending:
        await anyio.lowlevel.checkpoint_if_cancelled()  # a step that began while the run ended asks nothing any more
    await lane.take()
    try:
        prompt = _size(session, question) if session.budget.max_tokens is not None else 0
        room = await session.budget.reserve(prompt)
        try:
            request = _request(session, question, room)
            session.emit(
                EventKind.MODEL_CALL, question.node, question.scope,
                model=question.model, attempt=attempt, turn=question.turn, request=_digest(request),
                messages=len(request.messages), tools=[t.name for t in request.tools], question=question.tag.question,
            )  # fmt: skip
            session.budget.used.calls += 1
            began = session.ports.clock.monotonic()
            try:
                reply = await client.complete(request)
            except Exception as error:
                raise _failed(session, question, error, began, lane.refused) from None
        finally:
            session.budget.release(prompt, room)
    finally:
        lane.leave()
    lane.succeeded()
    session.course.refused = ""
    if not reply.seconds:
        reply = reply.altered(seconds=session.ports.clock.monotonic() - began)
    reply = _clean(session, reply)
    session.emit(EventKind.MODEL_REPLY, question.node, question.scope, **reply_data(reply))
    session.budget.spend(reply)
    return reply


def _request(session: Session, question: Question, room: int | None) -> ModelRequest:
    left = [t for t in (session.budget.left, _left(session, question.ends), CALL_SECONDS) if t is not None]
    return ModelRequest.made(
        model=question.model,
        messages=question.messages,
        tools=question.tools,
        tool_choice=question.tool_choice,
        max_tokens=room,
        temperature=session.request.temperature,
        timeout=max(0.01, min(left)),
        seed=None,
        tag=question.tag,
    )


def _failed(session: Session, question: Question, error: Exception, began: float, refused: object) -> SkvmError:
    """Journal a failed call; an exception that is none of ours is a backend that broke its contract."""
    known = error if isinstance(error, SkvmError) else TargetError(f"the backend failed: {error!r}", kind="protocol")
    kind = known.kind if isinstance(known, TargetError) else type(known).__name__
    if kind != "timeout":  # a call that the deadline cut short says nothing new
        session.course.refused = session.redactor.text(known.message)
    if kind == "rate" and callable(refused):
        refused()
    seconds = round(session.ports.clock.monotonic() - began, 6)
    session.emit(
        EventKind.MODEL_REPLY, question.node, question.scope, error=f"{kind}: {known.message}", seconds=seconds, simulated=False
    )
    return known


def _clean(session: Session, reply: ModelReply) -> ModelReply:
    """An answer that holds a secret (echoed out of a file) is redacted before anything uses it."""
    if not session.redactor.active or not reply.text:
        return reply
    return reply.altered(text=session.redactor.text(reply.text))


def _wait(session: Session, error: TargetError, attempt: int) -> float | None:
    """Seconds before the next try (exponential with full jitter, Retry-After wins); None when the deadline comes first."""
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt) * secrets.SystemRandom().uniform(0.5, 1.0)
    if error.retry_after is not None:
        wait = max(error.retry_after, 0.0)
    left = session.budget.left
    return None if left is not None and wait >= left else wait


def _left(session: Session, ends: float | None) -> float | None:
    return None if ends is None else max(0.0, ends - session.ports.clock.monotonic())


def _size(session: Session, question: Question) -> int:
    count = session.ports.counter.count
    texts = [m.content + "".join(c.arguments for c in m.calls) for m in question.messages]
    return sum(map(count, texts)) + sum(count(t.description) + count(str(t.parameters)) for t in question.tools)


def _digest(request: ModelRequest) -> str:
    """Of all that is asked; not of who asks, nor how long an answer is waited for."""
    content = _tools_hash(request.tools)
    said = [
        (m.role, m.content, m.call_id, [(c.id, c.name, c.arguments) for c in m.calls] if m.calls else ())
        for m in request.messages
    ]
    asked = (request.model, request.tool_choice, request.max_tokens, request.temperature, request.seed, said)
    try:
        content.update(to_json(asked))
    except PydanticSerializationError:  # a lone surrogate, which UTF-8 cannot hold and Python's encoder escapes
        content.update(json.dumps(asked).encode())
    return f"sha256:{content.hexdigest()}"


_kept: tuple[tuple[ToolSpec, ...], Any] = ((), hashlib.sha256(b"[]"))
"""The tools that were asked with last and the hash of their text: nearly always those of the next question as well."""


def _tools_hash(tools: tuple[ToolSpec, ...]) -> Any:
    """A hash that has taken in the tools, to go on with."""
    global _kept
    kept, content = _kept
    if tools is not kept:
        content = hashlib.sha256(json.dumps([t.model_dump(mode="json") for t in tools]).encode())
        _kept = (tools, content)
    return content.copy()
