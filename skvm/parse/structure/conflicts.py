"""Fields of one front matter that cannot all hold: a tool allowed and disallowed, a skill that nobody may start, one fact told
twice in different words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from skvm.parse.draft import FrontField
from skvm.parse.structure.report import Reporter
from skvm.source import SkillSource, Span

_TOOL = re.compile(r"(?a)[A-Za-z_*][\w.*:-]*(?:\([^()\n]*\))?")
_ALLOWED = frozenset({"allowedtools", "tools"})
_BARRED = frozenset({"disallowedtools"})
_FACTS = frozenset({"name", "description", "version", "license", "author", "homepage", "repository", *_ALLOWED, *_BARRED})
"""Fields that say one thing about the skill, whichever way their keys are spelled."""


def note_conflicts(source: SkillSource, fields: tuple[FrontField, ...], report: Reporter) -> None:
    """SKV120 at the later of two fields that contradict each other."""
    for later, message in _conflicts(source, fields):
        report.add("SKV120", Span(source.main.file, later[0], later[1]), message)


def _conflicts(source: SkillSource, fields: tuple[FrontField, ...]) -> Iterator[tuple[tuple[int, int], str]]:
    yield from _told_twice(source, fields)
    yield from _barred(source, fields)
    hidden = _switch(fields, "userinvocable", "false")
    manual = _switch(fields, "disablemodelinvocation", "true")
    if hidden is not None and manual is not None:
        later = max(hidden, manual, key=lambda f: f.start)
        yield (later.start, later.end), "neither a user nor a model may start this skill"


def _plain(key: str) -> str:
    return re.sub(r"[-_ ]", "", key.lower()).removeprefix("metadata.")


def _told_twice(source: SkillSource, fields: tuple[FrontField, ...]) -> Iterator[tuple[tuple[int, int], str]]:
    """The same fact under two keys ("version" and "metadata.version", "allowed-tools" and "allowed_tools") with two values."""
    seen: dict[str, dict[str, list[FrontField]]] = {}
    for field in fields:
        if _plain(field.key) in _FACTS:
            seen.setdefault(_plain(field.key), {}).setdefault(field.key, []).append(field)
    for keys in seen.values():
        first, *others = keys.values()
        for other in others:
            if _words(first) != _words(other):
                line = source.main.lines.line(first[0].start)
                message = f"{other[0].key!r} says something else than {first[0].key!r} in line {line}"
                yield (other[0].start, other[-1].end), message


def _words(fields: Iterable[FrontField]) -> frozenset[str]:
    """A value without regard to its form as a list or a text."""
    return frozenset(w for f in fields for w in re.split(r"[\s,\[\]\"']+", f.value.lower()) if w)


def _barred(source: SkillSource, fields: tuple[FrontField, ...]) -> Iterator[tuple[tuple[int, int], str]]:
    """Tools on the list of what is allowed and on that of what is not. A pattern in brackets is a tool of its own."""
    allowed = {m.group() for f in fields if _plain(f.key) in _ALLOWED for m in _TOOL.finditer(f.value)}
    for field in fields:
        if allowed and _plain(field.key) in _BARRED:
            for match in _TOOL.finditer(field.value):
                if match.group() in allowed:
                    at = source.main.raw.find(match.group().encode(), field.start, field.end)
                    if at >= 0:
                        yield (at, at + len(match.group().encode())), f"the tool {match.group()} is both allowed and disallowed"


def _switch(fields: tuple[FrontField, ...], key: str, value: str) -> FrontField | None:
    return next((f for f in fields if _plain(f.key) == key and f.value.lower() == value), None)
