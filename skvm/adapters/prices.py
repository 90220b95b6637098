"""What a call costs, from the shipped price list. An unknown model has no price: None, never a guess."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skvm.ports import Usage
from skvm.source.data import read_data

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens; cached input costs as much as other input where the list says nothing."""

    input: float
    output: float
    cached: float

    def cost(self, usage: Usage) -> float:
        """USD of one call. `usage.prompt` includes the cached tokens."""
        cached = min(usage.cached, usage.prompt)
        return ((usage.prompt - cached) * self.input + cached * self.cached + usage.completion * self.output) / _MILLION


class Prices:
    """A price list by model id."""

    def __init__(self, models: Mapping[str, Any]) -> None:
        self._models = {name: _price(row) for name, row in models.items()}

    def of(self, model: str) -> Price | None:
        """Price of a model id with or without its provider prefix, also below a gateway (`openrouter/anthropic/x`).

        A name without prefix is only taken when every listed model of that name costs the same.
        """
        parts = model.split("/")
        for start in range(len(parts)):
            if price := self._models.get("/".join(parts[start:])):
                return price
        if len(parts) > 1:
            return None  # a named provider that is not listed may ask another price
        rows = {price for name, price in self._models.items() if name.rpartition("/")[2] == model}
        return rows.pop() if len(rows) == 1 else None

    def cost(self, model: str, usage: Usage) -> float | None:
        """USD of one call, None when the model has no known price or the usage is an estimate of nothing."""
        price = self.of(model)
        return None if price is None else price.cost(usage)


def _price(row: Mapping[str, Any]) -> Price:
    cached = row.get("cached", row.get("cached_input", row["input"]))
    return Price(float(row["input"]), float(row["output"]), float(cached))


@functools.cache
def shipped_prices() -> Prices:
    """The list in `profiles/prices.json`; empty when it is not there or not readable, so that every cost is unknown."""
    try:
        return Prices(json.loads(read_data("profiles", "prices.json"))["models"])
    except (OSError, ValueError, KeyError, TypeError):
        return Prices({})
