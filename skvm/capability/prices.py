"""List prices by model, read from `profiles/prices.json`. A model that is not in it has no known price."""

from __future__ import annotations

import json
from functools import cached_property, lru_cache

from skvm.capability.profiles import model_key
from skvm.ir import Frozen, digest_json
from skvm.source import read_data


class Price(Frozen):
    """USD per million tokens; `cached` is the price of a prompt token read from the vendor's cache, None where not listed."""

    input: float
    output: float
    cached: float | None = None

    def cost(self, prompt: int, completion: int, cached: int = 0) -> float:
        """USD of one call; `prompt` includes the `cached` tokens."""
        read = self.input if self.cached is None else self.cached
        return ((prompt - cached) * self.input + cached * read + completion * self.output) / 1_000_000


class PriceTable(Frozen):
    """A dated snapshot of list prices by model id."""

    source: str
    date: str
    unit: str
    models: dict[str, Price]

    def get(self, model: str) -> Price | None:
        """Price of a model, whatever vendor path or date its id carries; None when unknown."""
        return self._by_key.get(model_key(model))

    @cached_property
    def _by_key(self) -> dict[str, Price]:
        """Prices by the one spelling of a model id; of two names with the same one the first counts."""
        return {model_key(name): price for name, price in reversed(self.models.items())}


@lru_cache(maxsize=1)
def load_prices() -> PriceTable:
    """The shipped table."""
    return PriceTable.model_validate(json.loads(read_data("profiles", "prices.json")))


@lru_cache(maxsize=1)
def prices_digest() -> str:
    """Digest of the shipped table, part of every artifact."""
    return digest_json(load_prices().model_dump(mode="json"))
