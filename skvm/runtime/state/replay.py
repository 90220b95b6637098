"""What an earlier part of the same run left in the journal, so that a resumed run goes on instead of starting over."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from skvm.plan import CallRecord, Event, StepResult, StepStatus
from skvm.ports import ModelReply, ToolCall, Usage
from skvm.runtime.state.budget import Used

Place = tuple[str, str]
KEPT = (StepStatus.DONE, StepStatus.SKIPPED)


@dataclass
class Attempt:
    """One attempt at a step: answers that came, calls begun and ended, in order; `prior` calls of attempts before it, and
    why it was `handed` over to a model, if it was. `unasked`: ids of calls that were begun before a model had a part in it;
    `asked`: it had one, be it that reads were foretold for it."""

    number: int
    replies: deque[ModelReply] = field(default_factory=deque)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: StepResult | None = None
    prior: tuple[CallRecord, ...] = ()
    handed: str = ""
    unasked: list[str] = field(default_factory=list)
    asked: bool = False

    def begin(self, intent: dict[str, Any]) -> None:
        """Take note of a call that was begun."""
        self.intents[intent["call"]] = intent
        self.asked = self.asked or "foretold" in intent
        if not self.asked:
            self.unasked.append(intent["call"])


class Replay:
    """The journal of one run by (node, scope). Empty for a new run."""

    def __init__(self, events: tuple[Event, ...] = ()) -> None:
        self.finished: dict[Place, StepResult] = {}
        self.attempts: dict[Place, Attempt] = {}
        self.choices: dict[Place, dict[str, Any]] = {}
        self.answers: dict[Place, dict[str, Any]] = {}
        self.items: dict[Place, list[Any]] = {}
        self.skipped: set[Place] = set()
        self.scopes: set[str] = set()
        self.used = Used()
        self.counts: dict[Place, int] = defaultdict(int)
        for event in events:
            self.scopes.add(event.scope)
            handler = getattr(self, "_" + event.kind.name.lower(), None)
            if handler is not None:
                handler(event, (event.node, event.scope))

    def open_attempt(self, place: Place) -> Attempt | None:
        """The attempt that was cut off, None where there is none: ended attempts are not continued."""
        attempt = self.attempts.get(place)
        if attempt is None or (attempt.ended is not None and attempt.ended.status not in CUT):
            return None
        return attempt

    def began(self, scope: str) -> bool:
        """Did anything happen in this scope or inside it?"""
        return any(s == scope or s.startswith(f"{scope}/") for s in self.scopes)

    def failed(self, place: Place) -> StepResult | None:
        """How a step failed for good, if it did."""
        attempt = self.attempts.get(place)
        ended = attempt.ended if attempt is not None else None
        return ended if ended is not None and ended.status in (StepStatus.FAILED, StepStatus.CANNOT) else None

    def earlier(self, place: Place) -> tuple[int, StepResult | None]:
        """Number of the next attempt, and how the last one failed."""
        attempt = self.attempts.get(place)
        return (0, None) if attempt is None else (attempt.number + 1, attempt.ended)

    def _node_start(self, event: Event, place: Place) -> None:
        if "items" in event.data:
            self.items[place] = event.data["items"]
        number = int(event.data.get("attempt", 0))
        known = self.attempts.get(place)
        if known is None or known.number != number:
            prior = known.ended.calls if known is not None and known.ended is not None else ()
            self.attempts[place] = Attempt(number, prior=prior, handed=event.data.get("handed", ""))
        else:
            known.ended = None

    def _node_end(self, event: Event, place: Place) -> None:
        result = StepResult.model_validate(event.data["result"])
        if result.status in KEPT:
            self.finished[place] = result
        if place in self.attempts:
            self.attempts[place].ended = result

    def _node_skip(self, event: Event, place: Place) -> None:
        self.skipped.add(place)

    def _model_call(self, event: Event, place: Place) -> None:
        self.used.calls += 1
        if place in self.attempts:
            self.attempts[place].asked = True

    def _model_reply(self, event: Event, place: Place) -> None:
        data = event.data
        if data.get("error"):
            return
        reply = reply_from(data)
        self.used.replies += 1
        self.used.prompt += reply.usage.prompt
        self.used.completion += reply.usage.completion
        self.used.simulated = self.used.simulated or reply.simulated
        self.used.cost += reply.cost or 0.0
        self.used.unknown_cost = self.used.unknown_cost or reply.cost is None
        if place in self.attempts:
            self.attempts[place].replies.append(reply)

    def _tool_intent(self, event: Event, place: Place) -> None:
        self.used.tools += 1
        if place in self.attempts:
            self.attempts[place].begin(event.data)

    def _tool_result(self, event: Event, place: Place) -> None:
        if place in self.attempts:
            self.attempts[place].results[event.data["call"]] = event.data

    def _branch_choose(self, event: Event, place: Place) -> None:
        self.choices[place] = event.data

    def _gate_answer(self, event: Event, place: Place) -> None:
        self.answers[place] = event.data


CUT = (StepStatus.LIMIT, StepStatus.CANCELLED, StepStatus.IN_DOUBT, StepStatus.WAITING)


def reply_data(reply: ModelReply) -> dict[str, Any]:
    """A reply as it stands in the journal."""
    return {
        "usage": {"prompt": reply.usage.prompt, "completion": reply.usage.completion, "cached": reply.usage.cached},
        "seconds": round(reply.seconds, 6),
        "cost": reply.cost,
        "text": reply.text,
        "calls": [{"tool": c.name, "args": _decoded(c.arguments), "id": c.id} for c in reply.calls],
        "finish": reply.finish,
        "error": "",
        "simulated": reply.simulated,
    }


def reply_from(data: dict[str, Any]) -> ModelReply:
    """The reply that `reply_data` wrote down."""
    calls = tuple(ToolCall(id=c.get("id", ""), name=c["tool"], arguments=_encoded(c["args"])) for c in data.get("calls", ()))
    return ModelReply(
        text=data.get("text", ""),
        calls=calls,
        usage=Usage(**data.get("usage", {})),
        finish=data.get("finish", "stop"),
        cost=data.get("cost"),
        seconds=data.get("seconds", 0.0),
        simulated=data.get("simulated", False),
    )


def _decoded(text: str) -> Any:
    """Arguments as an object where they are one, else the text as it came."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) else text


def _encoded(args: Any) -> str:
    return args if isinstance(args, str) else json.dumps(args, ensure_ascii=False)
