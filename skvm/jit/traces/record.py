"""The record of a run: what was known each time a model was asked, and the calls that it then made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from skvm.jit.traces.call import Call
from skvm.jit.traces.reads import is_read


@dataclass(frozen=True)
class Turn:
    """A moment at which a model was asked. `said`: the user's words when they came last, else None. `done`: earlier calls with
    their results. `made`: what the model then called. `reads`: those calls and the reads that followed without a word.
    `heard`: all words of the user so far. `env`: what the environment told the model before anybody spoke, by name."""

    said: str | None
    done: tuple[Call, ...]
    made: tuple[Call, ...]
    reads: tuple[Call, ...]
    heard: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


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


def run_of(id: str, task: str, messages: Iterable[Message], env: Mapping[str, str] | None = None) -> Run:
    """The run of a conversation; without a `task` its first words are that. `env`: see `Turn`."""
    rows = tuple(messages)
    return Run(id, task or next((m.text for m in rows if m.role == "user"), id), tuple(turns_of(rows, env or {})))


_Asked = tuple[str | None, tuple[Call, ...], tuple[Call, ...], tuple[str, ...]]
"""The user's words when they came last, what was done before, the calls of the answer, all words of the user so far."""


def turns_of(messages: Iterable[Message], env: Mapping[str, str]) -> Iterator[Turn]:
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
        yield Turn(words, before, made, tuple(_reads(asked[at:])), spoken, tuple(sorted(env.items())))


def _reads(rest: list[_Asked]) -> Iterator[Call]:
    """Reads from here on until the user speaks, the model answers in words, or something is written."""
    for at, (said, _, made, _) in enumerate(rest):
        if (said is not None and at) or not made:
            return
        for call in made:
            if not is_read(call):
                return
            yield call
