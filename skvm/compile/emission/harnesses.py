"""What each harness reads of a skill: its folders, its limits, what it skips. Facts: profiles/harnesses.json."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Literal

from skvm.diag import UsageError
from skvm.ir import Frozen
from skvm.source import read_data

Want = Literal["front matter", "name", "description", "valid YAML", "plain name"]


class Harness(Frozen):
    """One harness.

    `project`, `home`: folders in which it finds skills. `needs`: without these it does not list a skill. `shown`: characters of
    the description that the model sees, None for all. `hides`: does `disable-model-invocation` keep the skill from the model?
    `together`: how independent steps can be done at once, empty where that is not known.
    """

    name: str
    project: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    needs: tuple[Want, ...] = ()
    shown: int | None = None
    hides: bool = True
    together: str = ""


@lru_cache(maxsize=1)
def harnesses() -> dict[str, Harness]:
    """All that are known, by name."""
    rows = json.loads(read_data("profiles", "harnesses.json"))["harnesses"]
    return {name: Harness(name=name, **row) for name, row in rows.items()}


def harness_named(name: str) -> Harness:
    """The harness of this name; raises UsageError for one that is not known."""
    found = harnesses().get(name)
    if found is None:
        raise UsageError(f"no harness is called {name}", where="--harness", help=f"known: {', '.join(sorted(harnesses()))}")
    return found
