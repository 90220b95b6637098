"""Triggers: front matter, sections that say when, lists under "use this skill for:", and what users are said to ask for."""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.ir import Polarity
from skvm.parse.draft import ITEM, LIST, PARAGRAPH, Block, FrontField, Role
from skvm.parse.lexicon import is_imperative
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import cue

_KEYS = frozenset(
    ("description", "summary", "triggers", "trigger", "when_to_use", "when-to-use", "activation", "trigger_phrases", "use_when")
)
_INTRODUCED = re.compile(
    r"^\W*(?:do not |don['’]t )?(?:use|activate|apply|invoke|load|trigger|run) (?:this|the) skill\b[^.]*[:：]\W*$",
    re.IGNORECASE,
)
_USERS = re.compile(
    r"^\W*(?:the )?users? (?:asks?|wants?|needs?|mentions?|requests?|says?|is asking|explicitly asks?)\b", re.IGNORECASE
)
_WHICH_PART = re.compile(r"\bwhen to use (?:the |these )?(?:references?|each|which|what)\b", re.IGNORECASE)
"""Such a section is about the parts of the skill, not about the skill."""

_OF_MATTER = re.compile(r"^\W*(?:\w+ing triggers?|triggers? conditions?)\b", re.IGNORECASE)
""" "Refactoring triggers" tell when to refactor. """

_TRIGGER, _ANTI_TRIGGER = Role.TRIGGER, Role.ANTI_TRIGGER
_OPENING = frozenset({Role.TITLE, Role.OVERVIEW})
_NO_USERS = frozenset({Role.PROCEDURE, Role.EXAMPLES, Role.TROUBLE, Role.RULES, Role.PITFALLS, Role.CHECKLIST})
"""Sections in which what a user asks for is a case of the work, no reason to begin it."""


class Cue(NamedTuple):
    """A trigger: bytes, polarity, text, and its block (-1: front matter)."""

    start: int
    end: int
    polarity: Polarity
    text: str
    block: int = -1


def find_cues(
    parts: list[Part], blocks: list[Block], front: tuple[FrontField, ...], steps: dict[int, str], raw: bytes
) -> list[Cue]:
    """All triggers in text order: front matter first, then the body. `raw`: bytes of the file."""
    out: list[Cue] = []
    for field in front:
        if field.key.split(".")[-1] in _KEYS and field.value and field.end > field.start:
            start = _first_line(field, raw)
            out.append(Cue(start, field.end, Polarity.USE, field.value))
            if cue("not use").search(field.value):
                out.append(Cue(start, field.end, Polarity.DO_NOT_USE, field.value))
    by_section = {part.index: part for part in parts}
    asked = _introduced(blocks)
    for block in blocks:
        if block.kind in (PARAGRAPH, ITEM) and block.text:
            polarity = asked.get(block.parent if block.parent is not None else -1)
            if polarity is None:
                polarity = _polarity(block, by_section[block.section], blocks, staged=block.index in steps)
            if polarity is not None:
                out.append(Cue(block.start, max(block.own_end, block.start), polarity, block.text, block.index))
    return out


def _first_line(field: FrontField, raw: bytes) -> int:
    """Where a value begins, the mark of a block scalar (`>-`) left out."""
    if raw[field.start : field.start + 1] not in (b">", b"|"):
        return field.start
    at = raw.find(b"\n", field.start, field.end)
    while 0 <= at < field.end and raw[at : at + 1] in b" \t\r\n":
        at += 1
    return at if 0 < at < field.end else field.start


def _introduced(blocks: list[Block]) -> dict[int, Polarity]:
    """Lists that a line "Use this skill for:" introduces, in whatever section."""
    out: dict[int, Polarity] = {}
    for block in blocks:
        if block.kind is LIST and block.index:
            before = blocks[block.index - 1]
            if before.kind is PARAGRAPH and before.section == block.section and _INTRODUCED.match(before.text):
                out[block.index] = _way(before)
    return out


def _way(block: Block) -> Polarity:
    return Polarity.DO_NOT_USE if cue("not use").search(block.text) else Polarity.USE


def _polarity(block: Block, part: Part, blocks: list[Block], *, staged: bool) -> Polarity | None:
    """What a block says about when to use the skill; None when it says nothing."""
    if _introduces(block, blocks):
        return None
    if part.role is _ANTI_TRIGGER:
        return Polarity.DO_NOT_USE
    if part.role is _TRIGGER and _about_skill(part):
        return _way(block)
    if part.role in _OPENING and cue("use").search(block.text):
        return _way(block)
    if block.kind is ITEM and not staged and part.role not in _NO_USERS and _USERS.match(block.text):
        return _way(block)
    return None


def _introduces(block: Block, blocks: list[Block]) -> bool:
    """Is it the line above a list? The items say when."""
    after = blocks[block.index + 1] if block.index + 1 < len(blocks) else None
    listed = block.kind is PARAGRAPH and after is not None and after.kind is LIST
    return listed and block.text.rstrip().endswith((":", "："))


def _about_skill(part: Part) -> bool:
    """Is the section about when to use the skill, not about a trigger in its matter ("Refactoring triggers")?"""
    title = part.title
    return part.whole or not (_WHICH_PART.search(title) or _OF_MATTER.match(title) or is_imperative(title))
