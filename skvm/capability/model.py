"""Levels, requirements, targets and profiles."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property

from skvm.ir import Frozen, digest_json
from skvm.source import Span


class Level(StrEnum):
    """What is asked or can be done; `L0` = not even L1."""

    L0 = "L0"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"

    @property
    def rank(self) -> int:
        """0 to 3."""
        return int(self.value[1])

    @classmethod
    def of(cls, rank: int) -> Level:
        """Level of a rank 0 to 3."""
        return cls(f"L{rank}")


class Requirement(Frozen):
    """A primitive at a level that a step (or, with `step` None, the whole skill) needs, with the spans that show it."""

    primitive: str
    level: Level
    weight: float = 1.0
    step: str | None = None
    spans: tuple[Span, ...]
    reason: str = ""


class Target(Frozen):
    """A processor: model and harness."""

    model: str
    harness: str = "builtin"

    def __str__(self) -> str:
        return self.model if self.harness == "builtin" else f"{self.model}@{self.harness}"

    @classmethod
    def parse(cls, text: str, harnesses: tuple[str, ...]) -> Target:
        """Split at the last `@` only when what follows is a known harness (some model ids contain `@`)."""
        model, at, harness = text.rpartition("@")
        return cls(model=model, harness=harness) if at and harness in harnesses else cls(model=text)


class Cell(Frozen):
    """What was measured for one primitive: counts (passed, n) per level, or only a letter; `offered` False = no such tool."""

    level: Level | None = None
    counts: dict[Level, tuple[int, int]] = {}
    offered: bool = True


class Profile(Frozen):
    """Measured capabilities of one target. A primitive that is absent was not measured.

    `latency`: seconds to the `first` token and per output `token`, empty where unknown. `synthetic`: measured on nothing.
    """

    schema_version: int = 1
    name: str
    model: str
    harness: str
    harness_version: str = ""
    probe_version: str = ""
    measured: str = ""
    source: str = ""
    synthetic: bool = False
    latency: dict[str, float] = {}
    cells: dict[str, Cell] = {}

    @cached_property
    def digest(self) -> str:
        """Digest of the profile's content."""
        return digest_json(self.model_dump(mode="json"))
