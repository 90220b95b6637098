"""Constraints and triggers: sentences with a force word, items of sections that list rules, lines that say when to use the skill."""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.ir import Force, Polarity
from skvm.parse.draft import Block, BlockKind, FrontField, Role
from skvm.parse.structure.sections import Part

MUST_NOT = re.compile(
    r"\b(?:must not|mustn['’]?t|never|do not|don['’]?t|cannot|can['’]?t be|may not|shall not|no longer allowed|under no circumstances|forbidden|prohibited|"
    r"not allowed|refuse to|MUST NOT|NEVER|DO NOT)\b",
    re.IGNORECASE,
)
MUST = re.compile(
    r"\b(?:must|always|required to|mandatory|is required|are required|only (?:use|if|when|after|run|with)|ensure that|make sure|shall|have to|needs? to be|critical|important)\b",
    re.IGNORECASE,
)
SHOULD_NOT = re.compile(r"\b(?:should not|shouldn['’]?t|avoid|rather than|instead of)\b", re.IGNORECASE)
SHOULD = re.compile(r"\b(?:should|prefer|recommended?|ideally|be sure to|try to|favou?r|default to)\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"')*_]*\s+(?=[^\sa-z])|\s+(?=[—–]\s)")

USE_LINE = re.compile(
    r"\b(?:use (?:this|the|it|when|for|if)\b.{0,40}\b(?:skill|when|if|for)|when (?:the |a )?user|invoke (?:this|when)|trigger(?:s|ed)?\b|activate (?:this|when)|"
    r"(?:use|invoked?|load|apply) (?:this )?(?:skill )?(?:when|if|for|to))\b",
    re.IGNORECASE,
)
NOT_USE = re.compile(
    r"\b(?:do not|don['’]?t|never|not) (?:use|for|trigger|invoke|intended|suitable|needed|activate)\b|\binstead\b|\bskip (?:this|when|if)\b",
    re.IGNORECASE,
)


class Rule(NamedTuple):
    """A constraint: bytes, force, text, the block it stands in."""

    start: int
    end: int
    force: Force
    text: str
    block: int


class Cue(NamedTuple):
    """A trigger: bytes, polarity, text."""

    start: int
    end: int
    polarity: Polarity
    text: str


def force_of(text: str) -> Force | None:
    """The strongest force a sentence states."""
    if MUST_NOT.search(text):
        return Force.MUST_NOT
    if MUST.search(text):
        return Force.MUST
    if SHOULD_NOT.search(text):
        return Force.SHOULD_NOT
    if SHOULD.search(text):
        return Force.SHOULD
    return None


def find_rules(parts: list[Part], blocks: list[Block], steps: dict[int, str]) -> list[Rule]:
    """All constraints in text order."""
    by_section = {part.index: part for part in parts}
    out: list[Rule] = []
    for block in blocks:
        if block.kind not in (BlockKind.PARAGRAPH, BlockKind.ITEM) or not block.text:
            continue
        part = by_section[block.section]
        if part.role in (Role.TRIGGER, Role.ANTI_TRIGGER, Role.EXAMPLES):
            continue
        if block.kind is BlockKind.ITEM and part.role in (Role.RULES, Role.PITFALLS) and block.index not in steps:
            force = force_of(block.text) or (Force.SHOULD if part.role is Role.RULES else Force.SHOULD_NOT)
            out.append(Rule(block.start, max(block.own_end, block.start), force, block.text, block.index))
            continue
        out.extend(_sentences(block))
    return out


def _sentences(block: Block) -> list[Rule]:
    text = block.text
    if force_of(text) is None:
        return []
    out: list[Rule] = []
    at = 0
    ends = [m.start() for m in SENTENCE_END.finditer(text)] + [len(text)]
    for end in ends:
        piece = text[at:end]
        force = force_of(piece)
        if force is not None and piece.strip():
            lead = len(piece) - len(piece.lstrip())
            start_byte, end_byte = block.byte_at(at + lead), block.byte_at(at + len(piece.rstrip()))
            if end_byte > start_byte:
                out.append(Rule(start_byte, end_byte, force, piece.strip(), block.index))
        at = end
    return out


def find_cues(parts: list[Part], blocks: list[Block], front: tuple[FrontField, ...]) -> list[Cue]:
    """All triggers in text order: front matter first, then sections that say when, then sentences that do."""
    out: list[Cue] = []
    for field in front:
        if field.key.split(".")[-1] in (
            "description",
            "triggers",
            "trigger",
            "when_to_use",
            "when-to-use",
            "activation",
            "trigger_phrases",
        ):
            if field.value and field.end > field.start:
                out.append(Cue(field.start, field.end, Polarity.USE, field.value))
                if NOT_USE.search(field.value):
                    out.append(Cue(field.start, field.end, Polarity.DO_NOT_USE, field.value))
    by_section = {part.index: part for part in parts}
    for block in blocks:
        if block.kind not in (BlockKind.PARAGRAPH, BlockKind.ITEM) or not block.text:
            continue
        part = by_section[block.section]
        end = max(block.own_end, block.start)
        if part.role is Role.ANTI_TRIGGER:
            out.append(Cue(block.start, end, Polarity.DO_NOT_USE, block.text))
        elif part.role is Role.TRIGGER or (part.role in (Role.TITLE, Role.OVERVIEW) and USE_LINE.search(block.text)):
            polarity = Polarity.DO_NOT_USE if NOT_USE.search(block.text) else Polarity.USE
            out.append(Cue(block.start, end, polarity, block.text))
    return out
