"""Several wordings of one request: a template for each, with holes that mean the same in all of them.

Requests of one wording differ in single values only: data, or words that what was done holds. A hole of one wording is a hole
of another when what they hold stands in the same places of what was done, or of what earlier steps passed on. A wording that
was seen once is taken as it is, but for the names of input files in it: that those may vary, the other wordings have shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from skvm.jit.generalise.patterns import looks_like_data
from skvm.jit.generalise.results import Abstain
from skvm.jit.generalise.unify import Column, Unified, tokens, unify
from skvm.jit.observe.observation import Observation
from skvm.plan import OneOf, Template, Text, Var, as_text

Place = tuple[str, int]
"""A leaf of what was done and a word in it."""

MAX_WORDINGS = 24


Words = Sequence[tuple[Place, str]]
"""Every word of what was done, by place."""


@dataclass(frozen=True)
class Wording:
    """One wording: its template, which observations say it so, with how many different texts, and what its holes hold.

    `named`: holes that name an input file, by which one.
    """

    template: Template
    members: tuple[int, ...]
    distinct: int
    table: Mapping[str, Column]
    named: Mapping[str, Place]


def wordings(observations: Sequence[Observation], prefix: str = "t") -> tuple[Template, dict[str, Column]]:
    """One template for the tasks of all observations and its holes; raises Abstain where their holes cannot be matched."""
    deeds = [_words_of(o) for o in observations]
    groups = _groups([str(o.inputs["task"]) for o in observations], deeds)
    if not 2 <= len(groups) <= MAX_WORDINGS:
        raise Abstain(f"the tasks have {len(groups)} wordings")
    found = [_wording(observations, deeds, group) for group in groups]
    roles = _roles(found, deeds)
    if not roles and all(len(w.members) == 1 for w in found):
        raise Abstain("the tasks are worded differently and have nothing in common")
    names = {role: f"{prefix}{number}" for number, role in enumerate(roles, 1)}
    table: dict[str, list[Any]] = {name: [None] * len(observations) for name in names.values()}
    choices: list[tuple[Template, dict[str, Any]]] = []
    for wording in found:
        match = _matched(roles, wording, [deeds[m] for m in wording.members])
        holes: dict[str, Template] = {hole: column[0] for hole, column in wording.table.items()}
        fixed: dict[str, Any] = {}
        for role, hole in match.items():
            for member, value in zip(wording.members, wording.table[hole], strict=True):
                table[names[role]][member] = value
            if wording.distinct > 1 or hole in wording.named:
                holes[hole] = Var(names[role])
            else:
                fixed[names[role]] = wording.table[hole][0]
        choices.append((_with(wording.template, holes), fixed))
    return OneOf(tuple(choices)), {name: tuple(column) for name, column in table.items()}


def _roles(found: Sequence[Wording], deeds: Sequence[Words]) -> dict[str, frozenset[Place]]:
    """What requests vary in: the input files that all wordings name, and what else varies in the one seen most.

    With the places where that stands in what was done; none for files, which are known by their names.
    """
    files = set.intersection(*({_role(at) for at in w.named.values()} for w in found))
    lead = max(found, key=lambda w: (w.distinct, len(w.members), -w.members[0]))
    roles: dict[str, frozenset[Place]] = {name: frozenset() for name in sorted(files)}
    for hole, column in lead.table.items():
        if lead.distinct > 1 and not (hole in lead.named and _role(lead.named[hole]) in files):
            roles[hole] = _places(column, [deeds[m] for m in lead.members])
            if not roles[hole]:
                raise Abstain("the tasks are worded differently and what differs is not used")
    return roles


def _role(named: Place) -> str:
    return f"{named[0]} {named[1]}"


def used_words(observations: Sequence[Observation], column: Column) -> bool:
    """Does what was done hold, as whole words, what a hole of the task holds?"""
    return all(_holds(o, value) for o, value in zip(observations, column, strict=True))


def _holds(seen: Observation, value: str) -> bool:
    return any(_in(value, word) for _, word in _words_of(seen))


def _groups(tasks: Sequence[str], deeds: Sequence[Words]) -> list[list[int]]:
    """Indices of the tasks by wording; the order of observations does not matter."""
    groups: list[list[int]] = []
    for index in sorted(range(len(tasks)), key=lambda i: tasks[i]):
        for group in groups:
            if _alike(tasks[group[0]], tasks[index], deeds[group[0]], deeds[index]):
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def _alike(one: str, two: str, done: Words, too: Words) -> bool:
    columns = _difference(one, two)
    if columns is None:
        return False
    return all(
        all(looks_like_data(v) for v in column)
        or (any(_in(column[0], w) for _, w in done) and any(_in(column[1], w) for _, w in too))
        for column in columns
    )


@lru_cache(maxsize=4096)
def _difference(one: str, two: str) -> tuple[tuple[str, str], ...] | None:
    """What two texts differ in; None when it is more than single words, or all of them."""
    pair = unify((one, two))
    if isinstance(pair.template, Var) or any(re.search(r"\s", v) for column in pair.table.values() for v in column):
        return None
    literal = "".join(p for p in pair.template.parts if isinstance(p, str)) if isinstance(pair.template, Text) else one
    stated = len(re.findall(r"[^\W_]+", literal))
    plain = sum(not all(looks_like_data(v) for v in column) for column in pair.table.values())
    return tuple(pair.table.values()) if stated >= max(1, plain) else None


def _wording(observations: Sequence[Observation], deeds: Sequence[Words], group: list[int]) -> Wording:
    members = tuple(sorted(group))
    tasks = [str(observations[m].inputs["task"]) for m in members]
    if len(set(tasks)) > 1:
        made: Unified = unify(tasks)
        template, table = made.template, dict(made.table)
    else:
        template, table = _marked(tasks[0], deeds[members[0]], _named(observations[members[0]]), len(members))
    named: dict[str, Place] = {}
    for hole, column in table.items():
        cells = {_named(observations[m]).get(value) for m, value in zip(members, column, strict=True)}
        cell = cells.pop() if len(cells) == 1 else None
        if cell is not None:
            named[hole] = cell
    return Wording(template, members, len(set(tasks)), table, named)


def _marked(task: str, done: Words, files: Mapping[str, Place], count: int) -> tuple[Template, dict[str, Column]]:
    """A wording seen once: every token that may be a value is a hole, so that it can be matched with those of others."""
    held = [t for t in dict.fromkeys(tokens(task)) if t in files or _single(t, done)]
    names = {value: f"h{number}" for number, value in enumerate(held, 1)}
    parts: list[str | Var] = []
    for token in tokens(task):
        if token in names:
            parts.append(Var(names[token]))
        elif parts and isinstance(parts[-1], str):
            parts[-1] += token
        else:
            parts.append(token)
    return Text(tuple(parts)), {name: (value,) * count for value, name in names.items()}


def _single(token: str, done: Words) -> bool:
    return re.search(r"[^\W_]", token) is not None and any(_in(token, word) for _, word in done)


def _places(column: Column, deeds: Sequence[Words]) -> frozenset[Place]:
    """Words of what was done that hold the values of the column in every member."""
    found = [frozenset(at for at, word in done if _in(value, word)) for value, done in zip(column, deeds, strict=True)]
    return frozenset.intersection(*found)


def _matched(roles: Mapping[str, frozenset[Place]], wording: Wording, deeds: Sequence[Words]) -> dict[str, str]:
    """The hole of a wording for each role; raises Abstain where there is none or more than one, or a hole is left over."""
    files = {_role(cell): hole for hole, cell in wording.named.items() if _role(cell) in roles}
    places = {hole: _places(column, deeds) for hole, column in wording.table.items()}
    match: dict[str, str] = {}
    for role, wanted in roles.items():
        fits = [hole for hole, seen in places.items() if wanted <= seen and hole not in files.values()]
        fits = [files[role]] if role in files else fits
        if len(fits) != 1 or fits[0] in match.values():
            raise Abstain("the tasks are worded differently and their parts cannot be matched")
        match[role] = fits[0]
    if wording.distinct > 1 and len(match) < len(wording.table):
        raise Abstain("the tasks are worded differently and a part of one wording is not in the others")
    return match


def _with(template: Template, holes: Mapping[str, Template]) -> Template:
    """The template with its holes renamed or filled; holes that mean nothing are what they held."""
    if isinstance(template, Var):
        return holes.get(template.name, template)
    if not isinstance(template, Text):
        return template
    parts: list[str | Var] = []
    for part in template.parts:
        new = part if isinstance(part, str) else holes[part.name]
        if isinstance(new, str) and parts and isinstance(parts[-1], str):
            parts[-1] += new
        else:
            parts.append(new)
    return parts[0] if len(parts) == 1 else Text(tuple(parts))


def _named(seen: Observation) -> dict[str, Place]:
    """Names of input files, as a request may mention them, by row and column."""
    found: dict[str, Place] = {}
    for row, cells in enumerate(seen.inputs.get("files") or ()):
        for index, cell in enumerate(cells):
            found.setdefault(str(cell), (f"file {row}", index))
    return found


@lru_cache(maxsize=100_000)
def _in(value: str, word: str) -> bool:
    """Does a word hold the value, not as a part of a longer one?"""
    return value in word and re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", word) is not None


def _words_of(seen: Observation) -> list[tuple[Place, str]]:
    rows: list[tuple[Place, str]] = []
    for index, call in enumerate(seen.calls):
        rows += _words(call.args, f"{index}")
    return [*rows, *_words(seen.values, "values"), *_words(seen.inputs.get("values") or {}, "given")]


def _words(value: Any, at: str) -> Iterator[tuple[Place, str]]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _words(value[key], f"{at}/{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _words(item, f"{at}/{index}")
    elif isinstance(value, (str, int, float)):
        for index, word in enumerate(as_text(value).split()):
            yield (at, index), word
