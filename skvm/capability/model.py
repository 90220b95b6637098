"""Levels, requirements, targets and profiles."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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


MOST_PROBES = 1_000_000
"""Most probes of one level that a profile may state: a simulated model that never fails is stated so, nobody pays for more."""

Count = Annotated[int, Field(ge=0, le=MOST_PROBES)]


class Cell(Frozen):
    """What was measured for one primitive: counts (passed, n) per level, or only a letter; `offered` False = no such tool."""

    level: Level | None = Field(None, description="highest level held, as the measurement concluded; null: no conclusion")
    counts: dict[Level, tuple[Count, Count]] = Field(
        {}, description="probes passed and probes put, by level L1 to L3; a level that is absent was not probed"
    )
    offered: bool = Field(True, description="false: the harness has no such tool, which is a gap and no inability")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        """Raises ValueError for counts that no measurement can give."""
        if Level.L0 in self.counts:
            raise ValueError("L0 is not a level that can be probed")
        for level, (passed, n) in self.counts.items():
            if passed > n:
                raise ValueError(f"{level.value} has {passed} passed of {n}")
        return self

    @property
    def measured(self) -> bool:
        """Does this cell say anything about the target?"""
        return not self.offered or self.level is not None or any(n for _, n in self.counts.values())


Text = Annotated[str, Field(min_length=1)]
Moment = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?$")]


class Profile(Frozen):
    """Measured capabilities of one target. A primitive that is absent was not measured.

    `latency`: seconds to the `first` token and per output `token`, empty where unknown. `synthetic`: measured on nothing.
    """

    schema_version: Literal[1] = Field(1, description="version of this format")
    name: Text = Field(description="what the profile is called: MODEL@HARNESS without the vendor's path")
    model: Text = Field(description="model id as the measurement used it")
    harness: Text = Field(description="the program that ran the model: builtin, bare-agent, ...")
    harness_version: str = Field("", description="version of that program, empty where not recorded")
    probe_version: str = Field("", description="which probes were put")
    measured: Moment = Field("", description="date, or date and time, of the measurement; empty where unknown")
    source: str = Field("", description="where the figures come from")
    synthetic: bool = Field(False, description="true: made up for simulation, measured on nothing")
    latency: dict[Literal["first", "token"], Annotated[float, Field(ge=0)]] = Field(
        {}, description="seconds to the first token and per output token"
    )
    cells: dict[str, Cell] = Field({}, description="what was measured, by primitive; absent = not measured")

    @cached_property
    def digest(self) -> str:
        """Digest of the profile's content."""
        return digest_json(self.model_dump(mode="json"))
