"""What one run of a step takes and costs, before it ever ran."""

from __future__ import annotations

from collections.abc import Sequence

from skvm.capability import Profile, Target, load_prices
from skvm.plan import Estimate, ExecutorKind, Slice, StepNode

FIRST = 1.0
TOKEN = 0.015
"""Seconds to the first token and per output token where a profile says nothing: 65 tokens a second, a usual hosted model."""

TURNS = 3
"""Model turns of a step: look, act, finish. Each sends the slice again."""

OVERHEAD = 700
"""Prompt tokens that every turn carries besides the slice: instructions and tool descriptions of the step agent."""

ANSWER = 220
"""Output tokens of a turn: a tool call with its arguments, or the final result."""

COMMAND = 2.0
"""Seconds of a command."""

WINDOW = 32_000
"""Tokens that a conversation may hold: a small window, since profiles do not say how large a model's is."""

OUTPUT = 4_096
"""Output tokens of one turn that every model can give."""

PIECE = 30
"""Tokens that name one of several pieces of work in a conversation, and that say in a turn which one a call is of."""


def estimate(node: StepNode, target: Target, profile: Profile | None) -> Estimate:
    """Seconds, tokens and USD of one run of a step, by a model that of `target`; what they rest on is in `basis`."""
    if node.executor.kind is ExecutorKind.NOTHING:
        return Estimate(basis="left out")
    if node.executor.kind is not ExecutorKind.MODEL:
        return Estimate(seconds=COMMAND, basis="assumed time of a command")
    prompt, completion = tokens(node)
    price = load_prices().get(target.model)
    basis = "4 characters a token, 3 turns"
    basis += ", latency of the profile" if profile is not None and profile.latency else ", assumed latency"
    basis += "" if price is not None else ", price unknown"
    return Estimate(
        seconds=seconds(profile),
        calls=TURNS,
        tokens=prompt + completion,
        cost=round(price.cost(prompt, completion), 6) if price is not None else 0.0,
        basis=basis,
    )


def seconds(profile: Profile | None) -> float:
    """Seconds of one run of a step by a model with this profile."""
    latency = profile.latency if profile is not None else {}
    return round(TURNS * latency.get("first", FIRST) + TURNS * ANSWER * latency.get("token", TOKEN), 3)


def shared(nodes: Sequence[StepNode]) -> tuple[int, int]:
    """Tokens of several pieces of work: a conversation each, and all in one, whose calls go out together.

    What the pieces read and say is sent as often either way; what is saved is what every turn carries besides.
    """
    apart = sum(sum(tokens(node)) for node in nodes)
    return apart, TURNS * (OVERHEAD + carried(nodes) + len(nodes) * (2 * PIECE + ANSWER))


def carried(nodes: Sequence[StepNode]) -> int:
    """Prompt tokens of all slices, texts that several have in common once."""
    parts = dict.fromkeys(part for node in nodes for part in _parts(node.slice))
    return (sum(map(len, parts)) + 3) // 4


def _parts(sent: Slice) -> tuple[str, ...]:
    return (sent.text, sent.goal, *sent.constraints, *sent.knowledge, *(a.text for a in sent.added))


def tokens(node: StepNode) -> tuple[int, int]:
    """Prompt and completion tokens of one run of a step by a model."""
    size = sum(map(len, _parts(node.slice)))
    return TURNS * (OVERHEAD + (size + 3) // 4), TURNS * ANSWER
