"""Ways to rewrite a text: the kind of change and how it is meant, as plain strings that can be stored and shown.

`("mended", REPAIR, WHICH)`; `("dumped", STYLE)`: JSON written anew; `("set", PATH, VALUE, WHERE, STYLE)`, `("removed", PATH,
STYLE)`, `("retyped", PATH, KIND)`: one value of a JSON text; `("exchanged", WHICH)`: one stretch for another; `("assigned",
PATH, QUOTES)`: the value of a line `NAME = VALUE`; `("line added", WHERE)`, `("line removed",)`. What is not stated, a path,
a value or a line, is given beside the text. Every way raises Unfilled where the text is not of the form that it is for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from skvm.jit.generalise.rewrites import places
from skvm.jit.generalise.rewrites.mends import MENDS
from skvm.plan import Unfilled, as_text

MAX_TEXT = 64_000
KEPT = "kept"
"""The style in which all else stays as it is written."""

Way = tuple[str, ...]

_NOT_WHOLE = re.compile(r"\[cut: [0-9]+ bytes in all; go on with offset=[0-9]+\]\Z|\A\[the file is empty\]\Z|\ufffd|\0")
"""Texts that a tool did not tell whole: parts cut off, and bytes that are no text."""

ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(?P<name>[\w.-]+)[ \t]*[=:][ \t]*(?P<value>[^\r\n]*?)[ \t]*\r?$", re.MULTILINE
)
_SECTION = re.compile(r"^[ \t]*\[([^\[\]\r\n]+)\][ \t]*\r?$", re.M)


def rewritten(way: Sequence[str], text: Any, given: Sequence[Any]) -> str:
    """The text as this way makes it of another; `given` is what it takes beside the text."""
    if not isinstance(text, str) or not text or len(text) > MAX_TEXT or _NOT_WHOLE.search(text):
        raise Unfilled("text")
    kind, *named = way
    found: str = _WAYS[kind](text, *named, *given)
    if len(found) > 2 * MAX_TEXT:
        raise Unfilled("text")
    return found


def _mended(text: str, repair: str, which: str) -> str:
    return MENDS[repair][0](text, which)


def style(indent: int | str | None, *, sort: bool, ascii: bool, end: str, tight: bool = False) -> str:
    """Stored form of a style of JSON."""
    return json.dumps([indent, sort, ascii, end, tight])


def _dump(value: Any, named: str) -> str:
    indent, sort, ascii, end, tight = json.loads(named)
    separators = (",", ":") if tight else None
    text = json.dumps(value, indent=indent, sort_keys=sort, ensure_ascii=ascii, separators=separators)
    return f"{text}{end}"


def _dumped(text: str, named: str) -> str:
    return _dump(places.read(text), named)


def path_of(value: Any, reading: str) -> list[str]:
    """The keys that a path names: `dotted` (a.b), `pointer` (/a/b) or one `key`."""
    if not isinstance(value, str) or not value or len(value) > 300:
        raise Unfilled("path")
    if reading == "pointer":
        if not value.startswith("/"):
            raise Unfilled("path")
        keys = [part.replace("~1", "/").replace("~0", "~") for part in value[1:].split("/")]
    else:
        keys = value.split(".") if reading == "dotted" else [value]
    if not all(keys):
        raise Unfilled("path")
    return keys


def value_of(value: Any, reading: str) -> Any:
    """What a value that is given as text stands for: itself (`text`), or what its spelling is in JSON (`literal`)."""
    if reading == "text" or not isinstance(value, str):
        return value
    try:
        found = places.read(value)
    except Unfilled:
        if re.match(r"[\[{\"]", value):
            raise
        return value
    if not isinstance(found, (dict, list)) and json.dumps(found, ensure_ascii=False) != value:
        raise Unfilled("value")  # 1.50 is 1.5: which spelling is wanted?
    return found


def _set(text: str, path: Any, value: Any, *, reading: str, literal: str, where: str, named: str) -> str:
    keys, new = path_of(path, reading), value_of(value, literal)
    tree = places.read(text)
    there, parent = _found(tree, keys[:-1], made=where == "made")
    known = there and keys[-1] in parent
    if where == "there" and not known:
        raise Unfilled(keys[-1])
    _unambiguous(tree, path, keys)
    if known and isinstance(parent[keys[-1]], (dict, list)):
        raise Unfilled("value")
    mode, _, ascii = named.partition(" ")
    if mode != KEPT:
        parent[keys[-1]] = new
        return _dump(tree, named)
    if isinstance(new, (dict, list)) or not there:
        raise Unfilled("value")
    spelled = json.dumps(new, ensure_ascii=ascii == "ascii")
    return places.replaced(text, keys, spelled) if known else places.added(text, keys, spelled)


def _found(tree: Any, keys: Sequence[str], made: bool) -> tuple[bool, dict[str, Any]]:
    """The object that keys lead to, and whether it was there; with `made` it is, else raises Unfilled for what is no object."""
    there = True
    for key in keys:
        if not isinstance(tree, dict) or (key not in tree and not made):
            raise Unfilled(key)
        there = there and key in tree
        tree = tree.setdefault(key, {})
    if not isinstance(tree, dict):
        raise Unfilled("object")
    return there, tree


def _unambiguous(tree: Any, path: Any, keys: Sequence[str]) -> None:
    """A path of several keys may also be one key of its own."""
    if len(keys) > 1 and isinstance(tree, dict) and path in tree:
        raise Unfilled("path")


def _removed(text: str, reading: str, named: str, path: Any) -> str:
    keys = path_of(path, reading)
    tree = places.read(text)
    _, parent = _found(tree, keys[:-1], made=False)
    if keys[-1] not in parent:
        raise Unfilled(keys[-1])
    _unambiguous(tree, path, keys)
    if named == KEPT:
        return places.removed(text, keys)
    del parent[keys[-1]]
    return _dump(tree, named)


def _retyped(text: str, reading: str, kind: str, path: Any) -> str:
    """With a number that stands there as a text turned into one, or the other way round."""
    keys = path_of(path, reading)
    tree = places.read(text)
    _, parent = _found(tree, keys[:-1], made=False)
    old = parent.get(keys[-1])
    if kind == "number" and isinstance(old, str):
        new = value_of(old, "literal")
        if isinstance(new, (int, float)) and not isinstance(new, bool):
            return places.replaced(text, keys, old)
    if kind == "text" and isinstance(old, (int, float)) and not isinstance(old, bool):
        return places.replaced(text, keys, json.dumps(json.dumps(old)))
    raise Unfilled(kind)


def _exchanged(text: str, which: str, old: Any, new: Any) -> str:
    old, new = as_text(old, "old"), as_text(new, "new")
    if not old or old not in text:
        raise Unfilled("old")
    return text.replace(old, new, 1 if which == "first" else -1)


def _assigned(text: str, reading: str, quotes: str, path: Any, value: Any) -> str:
    """With another value in the one line that gives a name its value; in a text with sections, in the one of that name."""
    *within, name = path_of(path, reading)
    found = [m for m in ASSIGNMENT.finditer(text) if m["name"] == name and section(text, m.start()) == ".".join(within)]
    if len(found) != 1:
        raise Unfilled(name)
    old, new = found[0]["value"], as_text(value, "value")
    mark = old[:1] if len(old) > 1 and old[:1] in "\"'" and old[-1:] == old[:1] else ""
    if not old or re.search(r"[\r\n\"'#;]", old[1:-1] if mark else old) or re.search(r"[\r\n\"'\\#;]", new):
        raise Unfilled("value")
    new = f"{mark}{new}{mark}" if quotes == KEPT else new
    return text[: found[0].start("value")] + new + text[found[0].end("value") :]


def section(text: str, at: int) -> str:
    """The name of the section that a place of a text stands in, as of an INI file; empty before the first one."""
    name = ""
    for match in _SECTION.finditer(text, 0, at):
        name = match[1].strip()
    return name


def _lines(text: str) -> list[str]:
    if not text.endswith("\n") or "\r" in text:
        raise Unfilled("lines")
    return text.split("\n")[:-1]


def _one_line(value: Any) -> str:
    line = as_text(value, "line")
    if not line or re.search(r"[\r\n]", line):
        raise Unfilled("line")
    return line


def _line_added(text: str, where: str, value: Any) -> str:
    """With one more line: at the `end`, at the `start`, or where it belongs in sorted lines."""
    rows, line = _lines(text), _one_line(value)
    if where == "sorted":
        if any(one > two for one, two in pairwise(rows)):
            raise Unfilled("order")
        rows = sorted([*rows, line])
    else:
        rows = [*rows, line] if where == "end" else [line, *rows]
    return "\n".join(rows) + "\n"


def _line_removed(text: str, value: Any) -> str:
    rows, line = _lines(text), _one_line(value)
    if rows.count(line) != 1:
        raise Unfilled("line")
    return "".join(f"{row}\n" for row in rows if row != line)


_WAYS: dict[str, Callable[..., str]] = {
    "mended": _mended,
    "dumped": _dumped,
    "set": lambda text, reading, literal, where, named, path, value: _set(
        text, path, value, reading=reading, literal=literal, where=where, named=named
    ),
    "removed": _removed,
    "retyped": _retyped,
    "exchanged": _exchanged,
    "assigned": _assigned,
    "line added": _line_added,
    "line removed": _line_removed,
}
