"""Edits of the front matter that a harness needs before it lists a skill, and what of the listing cannot be helped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from skvm.compile.emission.edits import Edit, line_end
from skvm.compile.emission.harnesses import Harness
from skvm.ir import LeafKind, Program
from skvm.source import SkillSource, Span
from skvm.source.text import BOM

MOST = 1024
"""Characters of a description that every harness but two keeps whole (measured, see profiles/harnesses.json)."""

_PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CLOSE = re.compile(rb"(?m)^---[ \t]*\r?$")
_TOLD = (LeafKind.TRIGGER, LeafKind.KNOWLEDGE, LeafKind.RESIDUAL, LeafKind.CONSTRAINT, LeafKind.STEP)


class Head(NamedTuple):
    """The front matter as every reader finds it: bytes of its lines between the fences."""

    start: int
    end: int


def folder_name(program: Program, source: SkillSource) -> str:
    """Name of the folder: the skill's own where it is plain, else made plain from it."""
    return plain(program.skill.name or source.name)


def plain(name: str) -> str:
    """Lower case, letters and digits joined by single hyphens; `skill` where nothing is left."""
    if _PLAIN.fullmatch(name):
        return name
    return "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "skill"


def front_edits(program: Program, source: SkillSource, harness: Harness) -> list[Edit]:
    """What must change so that the harness lists the skill; empty where it does already."""
    head = head_of(source.main.raw)
    if head is None:
        return [_whole(program, source, harness)] if "front matter" in harness.needs else []
    return [*_missing(program, source, harness, head), *_wrong(program, source, harness, head)]


def head_of(raw: bytes) -> Head | None:
    """Where the lines of a front matter lie that begins the file and is closed; None where there is none."""
    at = len(BOM) if raw.startswith(BOM) else 0
    first = re.compile(rb"---[ \t]*\r?\n").match(raw, at)
    close = _CLOSE.search(raw, first.end()) if first else None
    return Head(first.end(), close.start()) if first and close else None


def _whole(program: Program, source: SkillSource, harness: Harness) -> Edit:
    end = line_end(source.main.raw)
    at = len(BOM) if source.main.bom else 0
    text, cites = description(program, source)
    rows = [b"---", b"name: " + folder_name(program, source).encode(), b"description: " + quoted(text), b"---", b"", b""]
    return Edit(at, at, end.join(rows), f"{harness.name} does not list a skill without front matter", cites)


def _missing(program: Program, source: SkillSource, harness: Harness, head: Head) -> Iterator[Edit]:
    end = line_end(source.main.raw)
    keys = _keys(source.main.raw[head.start : head.end])
    wants_name = {"name", "plain name"} & set(harness.needs)
    if wants_name and "name" not in keys:
        line = b"name: " + folder_name(program, source).encode() + end
        yield Edit(head.start, head.start, line, f"{harness.name} does not list a skill without a name")
    if "description" in harness.needs and "description" not in keys:
        text, cites = description(program, source)
        line = b"description: " + quoted(text) + end
        yield Edit(head.start, head.start, line, f"{harness.name} does not list a skill without a description", cites)


def _wrong(program: Program, source: SkillSource, harness: Harness, head: Head) -> Iterator[Edit]:
    spans, name = program.skill.spans, program.skill.name
    at = spans.get("name")
    if "plain name" in harness.needs and at is not None and not _PLAIN.fullmatch(name):
        gap = f"{harness.name} does not list a name with capitals or spaces"
        yield Edit(at.start, at.end, plain(name).encode(), gap, (at,))
    raw = source.main.raw
    where = spans.get("description")
    if "valid YAML" in harness.needs and where is not None and not _reads(raw[head.start : head.end]):
        new = quoted(program.skill.description)
        if _reads(raw[head.start : where.start] + new + raw[where.end : head.end]):
            gap = f"{harness.name} does not list a skill whose front matter is no YAML"
            yield Edit(where.start, where.end, new, gap, (where,))


def _keys(block: bytes) -> set[str]:
    return {m.group(1).decode() for m in re.finditer(rb"(?m)^([A-Za-z_-]+)[ \t]*:", block)}


def _reads(block: bytes) -> bool:
    try:
        return isinstance(yaml.safe_load(block.decode("utf-8")), dict)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return False


def quoted(text: str) -> bytes:
    """A YAML scalar that every reader takes for this text: double quotes, as in JSON."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False).encode("utf-8", "replace")


def description(program: Program, source: SkillSource) -> tuple[str, tuple[Span, ...]]:
    """The author's description, else the first words of the text, with their span."""
    if program.skill.description.strip():
        at = program.skill.spans.get("description")
        return program.skill.description[:MOST], (at,) if at is not None else ()
    for leaf in program.leaves:
        text = " ".join(source.main.slice(leaf.span).split())
        if leaf.kind in _TOLD and len(text) > 1:
            return text[:MOST], (leaf.span,)
    return program.skill.name or source.name, ()


def notes(program: Program, source: SkillSource, harness: Harness) -> Iterator[str]:
    """What the harness will not show or heed, and no edit can help without taking the author's words away."""
    size = len(program.skill.description)
    if harness.shown is not None and size > harness.shown:
        shown = program.skill.description[: harness.shown].rstrip()
        yield f"{harness.name} shows {harness.shown} of the {size} characters of the description, up to: …{shown[-40:]}"
    head = head_of(source.main.raw)
    block = source.main.raw[head.start : head.end] if head is not None else b""
    if not harness.hides and re.search(rb"(?m)^disable-model-invocation[ \t]*:[ \t]*true", block):
        yield f"{harness.name} offers the skill to the model although the author asks it not to (disable-model-invocation)"
