"""The simulated model's part in a probe: the reference play, or a mutant of it, by a draw from a known success curve."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

from skvm.capability import Level
from skvm.ports import Message, ModelReply, ModelRequest, ToolCall
from skvm.profile.kit.instance import Instance
from skvm.profile.kit.plays import Call, Play, at
from skvm.profile.probes import probe_of

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
KEY = re.compile(r"([a-z.]+):(L[123]):(\d+):v\d+")

Curves = Callable[[str, Level], float]
"""Probability of success by primitive and level."""


class ProbePlayer:
    """Answers probes by their key; the draw depends on `seed` and key alone, never on the order of requests."""

    def __init__(self, curves: Curves, seed: int = 0) -> None:
        self.curves = curves
        self.seed = seed

    def solve(self, request: ModelRequest) -> ModelReply | None:
        """The next turn, None when the request is no probe that is known."""
        found = KEY.fullmatch(request.tag.key)
        if found is None:
            return None
        instance = probe_of(found[1]).instance(Level(found[2]), int(found[3]))
        prompt = next((m.content for m in request.messages if m.role == "user"), "")
        address = ADDRESS.search(prompt)
        play = self.play(instance)
        return next_turn(at(play, address.group()) if address else play, request.messages)

    def play(self, instance: Instance) -> Play:
        """Reference or mutant of an instance."""
        if self._uniform(instance.key) < self.curves(instance.primitive, instance.level):
            return instance.task.reference
        names = sorted(instance.task.mutants)
        return instance.task.mutants[names[int(self._uniform(instance.key, "mutant") * len(names))]]

    def _uniform(self, *parts: str) -> float:
        digest = hashlib.sha256("\0".join((str(self.seed), *parts)).encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64


def next_turn(play: Play, messages: tuple[Message, ...]) -> ModelReply:
    """The play is replayed from its start against the results that the conversation holds."""
    results = {m.call_id: m.content for m in messages if m.role == "tool"}
    turns = [m for m in messages if m.role == "assistant"]
    script = play()
    try:
        calls = next(script)
        for turn in turns:
            calls = script.send([results.get(call.id, "") for call in turn.calls])
    except StopIteration as stop:
        return ModelReply(text=str(stop.value or ""))
    return ModelReply(calls=tuple(ToolCall(id="", name=c.tool, arguments=_text(c)) for c in calls))


def _text(call: Call) -> str:
    return call.raw or json.dumps(call.args, ensure_ascii=False)
