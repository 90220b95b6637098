"""schema: the keys of a JSON value that a step shows, with their kinds, out of the text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from skvm.capability import Level
from skvm.compile.transforms.proposal import Proposal, Transform, View, quoted
from skvm.ir import BlockRole

MOST = 24
"""Keys that are listed at most; a larger value is not made simpler by a list."""

_KINDS: tuple[tuple[type, str], ...] = ((bool, "true or false"), (int, "a number"), (float, "a number"), (str, "a text"))


class Schema(Transform):
    """Catalogue: flat keys, named one by one, instead of an example to infer them from."""

    id: ClassVar[str] = "schema"
    summary: ClassVar[str] = "the keys of the JSON that the step shows, and what each holds"
    answers: ClassVar[frozenset[str]] = frozenset({"gen.text.structured", "follow.format", "tool.call.format"})
    lowers: ClassVar = {"gen.text.structured": Level.L3, "follow.format": Level.L2}

    def propose(self, view: View) -> Proposal | None:
        """Keys of the one JSON value of the step."""
        if view.step is None:
            return None
        shown = [b for b in view.blocks if b.language.lower() in ("json", "json5", "jsonc") and b.role is not BlockRole.OUTPUT]
        if len(shown) != 1:
            return None
        try:
            value = json.loads(view.source.main.slice(shown[0].body))
        except (ValueError, RecursionError):
            return None
        keys = list(_keys(value))
        if not 0 < len(keys) <= MOST or any("`" in key for key in keys):
            return None
        text = f"The JSON is {_said(value)}. Give every key and no other one."
        return Proposal(f"names the {len(keys)} keys of the result", text, self.asks(view), spans=(shown[0].span,))


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list) and value:
        yield from _keys(value[0])


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "an object with " + ", ".join(f"{quoted(key)} ({_said(inner)})" for key, inner in value.items())
    if isinstance(value, list):
        return f"a list, each item {_said(value[0])}" if value else "a list"
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null or a value")
