"""Origins evaluated: the value that an origin has at one point of a run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from skvm.jit.generalise.cells import cell, count, height
from skvm.jit.generalise.folds import FOLDS
from skvm.jit.generalise.parts import MAX_LEAVES, MAX_TEXT, parsed, pointed
from skvm.jit.generalise.rewrites.ways import Way, rewritten, value_of
from skvm.jit.generalise.spelled import SPELLINGS
from skvm.plan import CallRecord, Origin, Unfilled, as_text

REWRITE = "rewrite"
"""A step that takes values of other origins beside the text, see `Rewrite`."""

_ROOTS = ("each", "item", "task", "file", "value", "call", "const")
LATER = frozenset({"call", "each"})
"""Sources that are not there before the first call."""
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class World:
    """What can be referred to at one point of a run: captures of the inputs, the calls made so far by their place in the code
    (of a loop that is over all its rounds), and the items of the loops that this point is in."""

    captures: Mapping[str, Any]
    calls: Sequence[CallRecord | tuple[CallRecord, ...]] = ()
    items: Mapping[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> tuple[CallRecord, ...]:
        """The single calls."""
        return tuple(call for call in self.calls if not isinstance(call, tuple))


def evaluate(origin: Origin, world: World) -> Any:
    """The value of an origin; raises Unfilled when it has none here."""
    value = _root(origin, world)
    for step in origin.via:
        value = _rewritten(step[1], value, world) if step[0] == REWRITE else apply(step, value)
    return value


@dataclass(frozen=True)
class Rewrite:
    """Ways to rewrite a text that all explain what was seen, and what they take beside it: for each a sequence of pieces that
    are joined, for each piece origins that must agree. `changed`: it always made another text of it."""

    ways: tuple[Way, ...]
    given: tuple[tuple[tuple[Origin, ...], ...], ...] = ()
    changed: bool = True

    def step(self) -> tuple[str, str]:
        """The step of `Origin.via`."""
        given = [[[[o.source, o.path, o.via] for o in piece] for piece in pieces] for pieces in self.given]
        return REWRITE, json.dumps([self.ways, given, self.changed], ensure_ascii=False)


@lru_cache(maxsize=1024)
def rewrite_of(stored: str) -> Rewrite:
    """What a stored step says."""
    ways, given, changed = json.loads(stored)
    read = tuple(tuple(tuple(_origin(*o) for o in piece) for piece in pieces) for pieces in given)
    return Rewrite(tuple(map(tuple, ways)), read, changed)


def _origin(source: str, path: str, via: Sequence[Sequence[str]]) -> Origin:
    return Origin(source=source, path=path, via=tuple(map(tuple, via)))


def mentioned(origin: Origin) -> tuple[Origin, ...]:
    """An origin and all that its rewrites take beside the text."""
    inner = (o for step in origin.via if step[0] == REWRITE for g in rewrite_of(step[1]).given for p in g for o in p)
    return origin, *inner


def _rewritten(stored: str, value: Any, world: World) -> str:
    """What all ways make of a text; raises Unfilled where they do not agree."""
    found = rewrite_of(stored)
    given = [_joined([_agreed(piece, world) for piece in pieces]) for pieces in found.given]
    texts = {rewritten(way, value, given) for way in found.ways}
    if len(texts) != 1 or (found.changed and value in texts):
        raise Unfilled(REWRITE)
    return texts.pop()


def _agreed(origins: Sequence[Origin], world: World) -> Any:
    values = [evaluate(origin, world) for origin in origins]
    if any(json.dumps(value, sort_keys=True) != json.dumps(values[0], sort_keys=True) for value in values[1:]):
        raise Unfilled(origins[0].path)
    return values[0]


def _joined(pieces: Sequence[Any]) -> Any:
    return pieces[0] if len(pieces) == 1 else "".join(as_text(piece, "piece") for piece in pieces)


def _root(origin: Origin, world: World) -> Any:
    if origin.source == "const":
        return json.loads(origin.path)
    if origin.source != "call":
        table = world.items if origin.source == "each" else world.captures
        if origin.path not in table:
            raise Unfilled(origin.path)
        return table[origin.path]
    index, _, name = origin.path.partition(".")
    if int(index) >= len(world.calls):
        raise Unfilled(origin.path)
    call = world.calls[int(index)]
    if isinstance(call, tuple):
        return [told(one, name) for one in call]
    return told(call, name)


def told(call: CallRecord, name: str) -> str:
    """What a call printed (`stdout`) or told the model (`result`); raises Unfilled where it did not."""
    value = call.stdout if name == "stdout" else call.result
    if value is None:
        raise Unfilled(name)
    return value


def apply(step: Sequence[str], value: Any) -> Any:
    """One derivation; raises Unfilled where it does not apply."""
    kind, *named = step
    if kind == "pointer":
        return pointed(parsed(value), named[0])
    if kind == "text":
        return as_text(value, "text")
    if kind in ("length", "each") or kind in FOLDS:
        if not isinstance(value, list):
            raise Unfilled(kind)
        if kind in FOLDS:
            return FOLDS[kind](value, *named)
        return len(value) if kind == "length" else [apply(named, item) for item in value]
    if not isinstance(value, str):
        raise Unfilled(kind)
    return _OF_TEXTS[kind](value, *named)


def _number(text: str) -> Any:
    if not NUMBER.fullmatch(text):
        raise Unfilled("number")
    return json.loads(text)


def _lines(text: str) -> list[str]:
    """The lines of a text that has no empty one; a last end of line ends a line."""
    lines = text.removesuffix("\n").split("\n") if text else []
    if len(lines) > MAX_LEAVES or not all(lines):
        raise Unfilled("lines")
    return lines


def _column(text: str) -> str:
    """The first column of a row whose columns stand two blanks apart, such as a row of a listing."""
    head, gap, _ = text.partition("  ")
    if not gap or not head:
        raise Unfilled("column")
    return head


@lru_cache(maxsize=1024)  # each text is asked for its name, its stem and its folder, at every attempt to generalise
def _path(text: str) -> PurePosixPath:
    if not text or len(text) > 255 or re.search(r"\s", text):
        raise Unfilled("path")
    return PurePosixPath(text)


def _between(text: str, left: str, right: str, anchors: str) -> str:
    """The one stretch of a line between two literals; raises Unfilled when there is none or more than one."""
    begin, end = ("^" if "^" in anchors else ""), ("$" if "$" in anchors else "")
    pattern = f"{begin}{re.escape(left)}([^\\s](?:[^\\n]*?[^\\s])?){re.escape(right)}{end}"
    found = {(m.start(1), m[1]) for m in re.finditer(pattern, text[:MAX_TEXT], re.MULTILINE)}
    if len(found) != 1:
        raise Unfilled(left)
    return found.pop()[1]


def _only(text: str, pattern: str) -> str:
    """The one thing of its kind in a text, however often it stands there; raises Unfilled when there is none or another."""
    found = {m[0] for m in re.finditer(rf"(?<![^\s(\[<\"'`,;:=]){pattern}(?![^\W_]|[-.@/][^\W_])", text[:MAX_TEXT])}
    if len(found) != 1:
        raise Unfilled(pattern)
    return found.pop()


_OF_TEXTS: dict[str, Callable[..., Any]] = {
    "between": _between,
    "only": _only,
    "cell": cell,
    "rows": height,
    "count": count,
    "number": _number,
    "literal": lambda text: value_of(text, "literal"),
    "strip": str.strip,
    "name": lambda text: _path(text).name,
    "stem": lambda text: _path(text).stem,
    "parent": lambda text: str(_path(text).parent),
    "lower": str.lower,
    "upper": str.upper,
    "lines": _lines,
    "column": _column,
    **{name: spelling.read for name, spelling in SPELLINGS.items()},
}


def rank(origin: Origin) -> tuple[int, int, int, tuple[Any, ...]]:
    """Order of preference: fewer derivations, nearer sources, earlier paths."""
    natural = tuple(int(p) if p.isdecimal() else p for p in re.split(r"([0-9]+)", origin.path))
    return (
        len(origin.via),
        _ROOTS.index(origin.source),
        sum(len(s) for step in origin.via for s in step),
        (natural, origin.via),
    )
