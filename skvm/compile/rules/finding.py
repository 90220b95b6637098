"""What a rule answers."""

from __future__ import annotations

from typing import NamedTuple

from skvm.capability import Level
from skvm.source import Span


class Finding(NamedTuple):
    """A primitive is needed at a level. `weight` 1 = clearly; below `KEEP` a finding is dropped."""

    level: Level
    spans: tuple[Span, ...]
    reason: str
    weight: float = 1.0


MOST_SPANS = 6


def finding(rank: int, spans: list[Span], reason: str, weight: float = 1.0) -> Finding | None:
    """A finding with at most `MOST_SPANS` spans, None without any (law 2: no span, no claim)."""
    if not spans:
        return None
    return Finding(Level.of(rank), tuple(dict.fromkeys(spans))[:MOST_SPANS], reason, weight)
