"""The catalogue of primitives, read from `profiles/catalog.json`."""

from __future__ import annotations

import json
from functools import lru_cache

from skvm.capability.model import Level
from skvm.ir import Frozen, digest_json
from skvm.source import read_data


class Primitive(Frozen):
    """One primitive capability. `levels`: what each level asks. `hints`: how to ask for one level less (by upper level)."""

    id: str
    category: str
    summary: str
    levels: dict[Level, str]
    hints: dict[Level, str] = {}


class Catalog(Frozen):
    """All primitives in catalogue order."""

    version: str
    source: str
    primitives: tuple[Primitive, ...]

    def get(self, primitive: str) -> Primitive:
        """One primitive; raises KeyError for an unknown id."""
        for item in self.primitives:
            if item.id == primitive:
                return item
        raise KeyError(primitive)


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """The shipped catalogue."""
    return Catalog.model_validate(json.loads(read_data("profiles", "catalog.json")))


@lru_cache(maxsize=1)
def catalog_digest() -> str:
    """Digest of the shipped catalogue, part of every artifact."""
    return digest_json(load_catalog().model_dump(mode="json"))
