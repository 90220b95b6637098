"""Templates: JSON values with named holes, as solidified steps store them.

Stored form is plain JSON. A string may hold `{{name}}` markers; a string that is exactly one marker stands for a value of
any JSON type; `{{{{}}` is a literal `{{`. `{"$shell": [...]}` is a command: strings are shell text as recorded, one-element
lists are words, each filled and then quoted as exactly one argument. Nothing is ever pasted into shell text.
`{"$here": [DELIMITER, BODY]}` among the words is the body of a here-document whose delimiter is quoted: taken as it is.
`{"$python": [...]}` is a Python program: strings are its text, one-element lists are literals, each filled and then written as
the literal of its value. Nothing is ever pasted into a program.
`{"$one_of": [[TEMPLATE, {hole: value}], ...]}` is for matching only: several forms of one value, such as wordings of a
request; every form says what each hole holds, by its own holes or as a value that goes with it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SHELL = "$shell"
PYTHON = "$python"
HERE = "$here"
ONE_OF = "$one_of"
MAX_MATCH = 20_000
"""Longest text `match_text` looks at; longer ones never match, so matching stays cheap whatever a task holds."""

_MARK = re.compile(r"\{\{(?:([a-z][a-z0-9_]*)|(\{\{))\}\}")


class Unfilled(LookupError):
    """A hole has no value, or one that cannot stand where the hole is."""


@dataclass(frozen=True, slots=True)
class Var:
    """A hole that stands for a whole JSON value."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A string with holes: literals and variables in turn."""

    parts: tuple[str | Var, ...]


@dataclass(frozen=True, slots=True)
class Shell:
    """A command: raw shell text (str), words (Text, or a whole program) that are quoted when filled, and here-documents."""

    parts: tuple[str | Text | Code | Here, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A Python program: its text (str) and literals (a `Var` or a text), written as Python writes a value of their type."""

    parts: tuple[str | tuple[Any], ...]


@dataclass(frozen=True, slots=True)
class Here:
    """The body of a here-document, all its lines, up to the line that is its quoted delimiter."""

    delimiter: str
    body: Text | Code


@dataclass(frozen=True, slots=True)
class OneOf:
    """Several forms, each with the values of the holes that it does not have; all of them give the same names."""

    choices: tuple[tuple[Any, dict[str, Any]], ...]


Template = Any
"""A JSON value in which `Var`, `Text` and `Shell` may stand for values (lists as tuples or lists); on its own also `OneOf`."""


def encode(template: Template) -> Any:
    """Stored JSON form; raises ValueError for an object whose keys could be taken for ours."""
    if isinstance(template, Var):
        return "{{" + template.name + "}}"
    if isinstance(template, Text):
        return _encode_text(template)
    if isinstance(template, Shell):
        return {SHELL: [p if isinstance(p, str) else [_encode_word(p)] for p in template.parts]}
    if isinstance(template, Code):
        return {PYTHON: [p if isinstance(p, str) else [encode(p[0])] for p in template.parts]}
    if isinstance(template, OneOf):
        return {ONE_OF: [[encode(form), dict(given)] for form, given in template.choices]}
    if isinstance(template, str):
        return _escape(template)
    if isinstance(template, Mapping):
        taken = {SHELL, ONE_OF, PYTHON, HERE} & template.keys()
        if taken:
            raise ValueError(f"an object with the key {taken.pop()} cannot be a template")
        return {key: encode(value) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [encode(value) for value in template]
    return template


def _encode_word(word: Text | Code | Here) -> Any:
    if isinstance(word, Here):
        return {HERE: [word.delimiter, _encode_word(word.body)]}
    return _encode_text(word) if isinstance(word, Text) else encode(word)


def _word(stored: Any) -> Text | Code | Here:
    """A word of a command: a text, a program as a whole, or a here-document."""
    if isinstance(stored, str):
        return Text(_split(stored))
    if HERE in stored:
        body = _word(stored[HERE][1])
        assert not isinstance(body, Here)
        return Here(stored[HERE][0], body)
    code = decode(stored)
    assert isinstance(code, Code)
    return code


def _escape(text: str) -> str:
    return text.replace("{{", "{{{{}}")


def _encode_text(text: Text) -> str:
    # A text of one hole must not read back as a whole-value hole: an empty literal escape cannot be written, so the
    # only such text is one with a single Var, which means the same thing once filled with a string.
    return "".join(_escape(p) if isinstance(p, str) else "{{" + p.name + "}}" for p in text.parts)


def decode(stored: Any) -> Template:
    """Template of a stored form; the inverse of `encode` up to a `Text` of one hole, which is a `Var`."""
    if isinstance(stored, str):
        parts = _split(stored)
        if all(isinstance(p, str) for p in parts):
            return "".join(p for p in parts if isinstance(p, str))
        return parts[0] if len(parts) == 1 else Text(parts)
    if isinstance(stored, Mapping):
        if set(stored) == {SHELL}:
            return Shell(tuple(p if isinstance(p, str) else _word(p[0]) for p in stored[SHELL]))
        if set(stored) == {PYTHON}:
            return Code(tuple(p if isinstance(p, str) else (decode(p[0]),) for p in stored[PYTHON]))
        if set(stored) == {ONE_OF}:
            return OneOf(tuple((decode(form), dict(given)) for form, given in stored[ONE_OF]))
        return {key: decode(value) for key, value in stored.items()}
    if isinstance(stored, (list, tuple)):
        return [decode(value) for value in stored]
    return stored


def _split(stored: str) -> tuple[str | Var, ...]:
    parts: list[str | Var] = []
    literal, at = "", 0
    for found in _MARK.finditer(stored):
        literal += stored[at : found.start()]
        at = found.end()
        if found[2]:
            literal += "{{"
            continue
        if literal:
            parts.append(literal)
        parts.append(Var(found[1]))
        literal = ""
    literal += stored[at:]
    return (*parts, literal) if literal else tuple(parts)


def fill(template: Template, values: Mapping[str, Any]) -> Any:
    """The JSON value of a template; raises Unfilled for a hole without a value or a non-scalar inside a string."""
    if isinstance(template, Var):
        if template.name not in values:
            raise Unfilled(template.name)
        return values[template.name]
    if isinstance(template, Text):
        return "".join(p if isinstance(p, str) else as_text(fill(p, values), p.name) for p in template.parts)
    if isinstance(template, Shell):
        return "".join(p if isinstance(p, str) else _part(p, values) for p in template.parts)
    if isinstance(template, Code):
        return "".join(p if isinstance(p, str) else _literal(fill(p[0], values)) for p in template.parts)
    if isinstance(template, OneOf):
        raise Unfilled(ONE_OF)
    if isinstance(template, Mapping):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [fill(value, values) for value in template]
    return template


def _part(part: Text | Code | Here, values: Mapping[str, Any]) -> str:
    """A word, quoted, or a body; raises Unfilled for what a command cannot hold there."""
    text = fill(part.body if isinstance(part, Here) else part, values)
    if "\0" in text:
        raise Unfilled(SHELL)
    if not isinstance(part, Here):
        return shlex.quote(text)
    if (text and not text.endswith("\n")) or part.delimiter in text.split("\n"):
        raise Unfilled(HERE)
    return str(text)


def _literal(value: Any) -> str:
    """A value as Python source; raises Unfilled for what is no text or number, and for numbers that have no spelling."""
    if type(value) not in (str, int, float) or value != value or value in (float("inf"), float("-inf")):
        raise Unfilled(PYTHON)
    return repr(value) if isinstance(value, str) or value >= 0 else f"({value!r})"


def as_text(value: Any, name: str = "") -> str:
    """How a scalar reads inside a string: itself, or its JSON spelling; raises Unfilled for objects, arrays and null."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise Unfilled(name)


def variables(template: Template) -> Iterator[str]:
    """Names of all holes, in order, repetitions included."""
    if isinstance(template, Var):
        yield template.name
    elif isinstance(template, OneOf):
        yield from dict.fromkeys(name for form, given in template.choices for name in (*variables(form), *given))
    elif isinstance(template, Here):
        yield from variables(template.body)
    elif isinstance(template, (Text, Shell, Code, list, tuple)):
        for part in template if isinstance(template, (list, tuple)) else template.parts:
            yield from variables(part)
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from variables(value)


def match_text(template: Template, text: str) -> dict[str, str] | None:
    """What each hole of a text template holds in `text`: every character accounted for, in exactly one way.

    None when the text does not fit, or fits in more than one way (then nobody can say what a hole holds).
    """
    parts = template.parts if isinstance(template, Text) else (template,)
    if len(text) > MAX_MATCH or not _ends_fit(parts, text):
        return None
    if len(parts) <= 3 and sum(isinstance(part, Var) for part in parts) == 1:
        return _only_hole(parts, text)
    ends = _reachable(parts, text)
    if ends is None:
        return None
    found: dict[str, str] = {}
    at = 0
    for index, part in enumerate(parts):
        if isinstance(part, str):
            at += len(part)
            continue
        choices = ends[index + 1]
        nexts = [end for end in choices if end > at and (found.get(part.name, text[at:end]) == text[at:end])]
        if len(nexts) != 1:
            return None
        found[part.name] = text[at : nexts[0]]
        at = nexts[0]
    return found


def match_tree(template: Template, value: Any, at: str = "") -> dict[str, Any] | str:
    """What each hole of a template holds in `value`; or, where it does not fit, a line that says where and how."""
    found: dict[str, Any] = {}
    reason = _match(template, value, at, found)
    return reason or found


def _match(template: Template, value: Any, at: str, found: dict[str, Any]) -> str:
    if isinstance(template, Var):
        if template.name in found and _spell(found[template.name]) != _spell(value):
            return f"{at or '/'}: expected {_brief(found[template.name])} again, saw {_brief(value)}"
        found[template.name] = value
        return ""
    if isinstance(template, OneOf):
        return _match_one(template, value, at, found)
    if isinstance(template, Text):
        got = match_text(template, value) if isinstance(value, str) else None
        if got is None:
            return f"{at or '/'}: expected {_brief(encode(template))}, saw {_brief(value)}"
        return next(filter(None, (_match(Var(k), v, at, found) for k, v in got.items())), "")
    if isinstance(template, Mapping) and isinstance(value, Mapping):
        if template.keys() != value.keys():
            return f"{at or '/'}: expected the names {sorted(template)}, saw {sorted(value)}"
        return next(filter(None, (_match(template[k], value[k], f"{at}/{k}", found) for k in sorted(template))), "")
    if isinstance(template, (list, tuple)) and isinstance(value, (list, tuple)):
        if len(template) != len(value):
            return f"{at or '/'}: expected {len(template)} items, saw {len(value)}"
        pairs = enumerate(zip(template, value, strict=True))
        return next(filter(None, (_match(t, v, f"{at}/{i}", found) for i, (t, v) in pairs)), "")
    return "" if _spell(template) == _spell(value) else f"{at or '/'}: expected {_brief(template)}, saw {_brief(value)}"


def _match_one(template: OneOf, value: Any, at: str, found: dict[str, Any]) -> str:
    rows: list[dict[str, Any]] = []
    for form, given in template.choices:
        fits = match_tree(form, value, at)
        if isinstance(fits, dict) and {**given, **fits} not in rows:
            rows.append({**given, **fits})
    if len(rows) != 1:
        how = f"none of {len(template.choices)} forms seen" if not rows else f"{len(rows)} readings"
        return f"{at or '/'}: {how} fits {_brief(value)}"
    return next(filter(None, (_match(Var(k), v, at, found) for k, v in rows[0].items())), "")


def _spell(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:117] + "..."


def _ends_fit(parts: tuple[Any, ...], text: str) -> bool:
    """Do the literals at both ends stand there? Most texts of another wording are told apart by that."""
    if not parts:
        return True
    first, last = parts[0], parts[-1]
    return (not isinstance(first, str) or text.startswith(first)) and (not isinstance(last, str) or text.endswith(last))


def _only_hole(parts: tuple[Any, ...], text: str) -> dict[str, str] | None:
    """What the one hole holds: all that is between the ends, at least one character."""
    at = next(i for i, part in enumerate(parts) if isinstance(part, Var))
    before, after = "".join(parts[:at]), "".join(parts[at + 1 :])
    held = text[len(before) : len(text) - len(after)]
    return {parts[at].name: held} if held and before + held + after == text else None


def _reachable(parts: tuple[Any, ...], text: str) -> list[list[int]] | None:
    """For each part boundary, positions that can be reached from the start and from which the end can be reached."""
    forward: list[set[int]] = [{0}]
    for part in parts:
        here = forward[-1]
        if isinstance(part, str):
            forward.append({p + len(part) for p in here if text.startswith(part, p)})
        else:
            forward.append(set(range(min(here) + 1, len(text) + 1)) if here else set())
    alive: set[int] = forward[-1] & {len(text)}
    result = [sorted(alive)]
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if isinstance(part, str):
            alive = {p - len(part) for p in alive if text.startswith(part, p - len(part)) and p >= len(part)}
        else:
            alive = set(range(max(alive))) if alive else set()
        alive &= forward[index]
        result.append(sorted(alive))
    return result[::-1] if alive else None
