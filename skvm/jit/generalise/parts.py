"""JSON in results: read out of texts, parts of it by their pointers, and the parts that all items of some lists have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from skvm.jit.generalise.unify import Column
from skvm.plan import Unfilled

MAX_LEAVES = 2000
"""Leaves of one JSON result that are looked at."""

MAX_TEXT = 64_000
MAX_EACH = 60
"""Parts of an item that are looked at over a whole list."""


def parsed(value: Any) -> Any:
    """JSON in a text, or the value itself when it is not a text; raises Unfilled for other texts."""
    if not isinstance(value, str):
        return value
    if len(value) > MAX_TEXT:
        raise Unfilled("json")
    try:
        return json.loads(value)
    except ValueError:
        raise Unfilled("json") from None


def pointed(value: Any, pointer: str) -> Any:
    """RFC 6901."""
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise Unfilled(pointer)
    return value


def leaves(tree: Any, pointer: str = "", budget: list[int] | None = None) -> Iterator[tuple[str, Any]]:
    """All nodes below the root by JSON pointer, in order, at most `MAX_LEAVES`."""
    budget = [MAX_LEAVES] if budget is None else budget
    rows: Iterator[tuple[str, Any]] = iter(())
    if isinstance(tree, dict):
        rows = ((str(k).replace("~", "~0").replace("/", "~1"), v) for k, v in sorted(tree.items()))
    elif isinstance(tree, list):
        rows = ((str(i), v) for i, v in enumerate(tree))
    for key, value in rows:
        budget[0] -= 1
        if budget[0] < 0:
            return
        yield f"{pointer}/{key}", value
        yield from leaves(value, f"{pointer}/{key}", budget)


def shared_leaves(column: Column) -> list[str]:
    """Pointers that lead somewhere in every item of every list; none where items are no objects or arrays."""
    try:
        trees = [parsed(item) for items in column for item in items[:MAX_LEAVES]]
    except Unfilled:
        return []
    if not trees or not all(isinstance(tree, (dict, list)) for tree in trees):
        return []
    shared = [pointer for pointer, _ in islice(leaves(trees[0]), MAX_EACH)]
    tables = [{pointer for pointer, _ in leaves(tree)} for tree in trees[1:]]
    return [pointer for pointer in shared if all(pointer in table for table in tables)]
