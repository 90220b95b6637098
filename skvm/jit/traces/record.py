"""The record of a run: what was known each time a model was asked, and the calls that it then made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from skvm.ir import canonical_json

_VERBS = "get|find|list|search|read|lookup|fetch|query|show|describe|view|check|grep|glob"
_READS = re.compile(rf"(?:^|\.)(?:{_VERBS})(?=[._]|$|[A-Z])")
_FAILED = re.compile(r"\s*(?:error\b|traceback\b|\{\s*\"error\")", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """One call: tool and arguments; `result` is the text that came back, None while it has not. `failed`: as recorded."""

    tool: str
    args: dict[str, Any]
    result: str | None = None
    failed: bool = False

    @property
    def key(self) -> tuple[str, bytes]:
        """What makes two calls the same: tool and canonical arguments."""
        return self.tool, canonical_json(self.args)

    @property
    def ok(self) -> bool:
        """Did it come back, and not with an error?"""
        return self.result is not None and not self.failed and not _FAILED.match(self.result)


@dataclass(frozen=True)
class Turn:
    """A moment at which a model was asked. `said`: the user's words when they came last, else None. `done`: earlier calls with
    their results. `made`: what the model then called. `reads`: those calls and the reads that followed without a word.
    `heard`: all words of the user so far."""

    said: str | None
    done: tuple[Call, ...]
    made: tuple[Call, ...]
    reads: tuple[Call, ...]
    heard: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """One recorded run; runs of one `task` belong together."""

    id: str
    task: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Message:
    """One message: words of the user, an answer of the model with its calls by their ids, or the result of one (`of`)."""

    role: str
    text: str = ""
    calls: tuple[tuple[str, Call], ...] = ()
    of: str = ""
    failed: bool = False


def is_read(tool: str) -> bool:
    """Does the name of a tool begin with (or hold, behind a dot) a verb of looking? Anything else counts as a write."""
    return _READS.search(tool[:1].lower() + tool[1:]) is not None


def run_of(id: str, task: str, messages: Iterable[Message]) -> Run:
    """The run of a conversation; without a `task` its first words are that."""
    rows = tuple(messages)
    return Run(id, task or next((m.text for m in rows if m.role == "user"), id), tuple(turns_of(rows)))


_Asked = tuple[str | None, tuple[Call, ...], tuple[Call, ...], tuple[str, ...]]
"""The user's words when they came last, what was done before, the calls of the answer, all words of the user so far."""


def turns_of(messages: Iterable[Message]) -> Iterator[Turn]:
    """One turn for every answer of the model. What is done stands in the order of the calls, as a model is shown it."""
    said: str | None = None
    opened = 0
    open_calls: dict[str, tuple[int, Call]] = {}
    done: dict[int, Call] = {}
    asked: list[_Asked] = []
    heard: tuple[str, ...] = ()
    for message in messages:
        if message.role == "user":
            said, heard = message.text, (*heard, message.text)
        elif message.role == "tool":
            if message.of in open_calls:
                number, call = open_calls.pop(message.of)
                done[number] = Call(call.tool, call.args, message.text, message.failed)
            said = None
        elif message.role == "assistant":
            made = tuple(call for _, call in message.calls)
            asked.append((said, tuple(done[number] for number in sorted(done)), made, heard))
            open_calls |= {id: (opened + at, call) for at, (id, call) in enumerate(message.calls)}
            opened += len(made)
            said = None
    for at, (words, before, made, spoken) in enumerate(asked):
        yield Turn(words, before, made, tuple(_reads(asked[at:])), spoken)


def _reads(rest: list[_Asked]) -> Iterator[Call]:
    """Reads from here on until the user speaks, the model answers in words, or something is written."""
    for at, (said, _, made, _) in enumerate(rest):
        if (said is not None and at) or not made:
            return
        for call in made:
            if not is_read(call.tool):
                return
            yield call
