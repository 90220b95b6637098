"""Constraints and triggers: sentences with a force word, items of lists of rules, lines that say when to use the skill."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from skvm.ir import Force, Polarity
from skvm.parse.draft import Block, BlockKind, FrontField, Role
from skvm.parse.lexicon import is_imperative
from skvm.parse.structure.features import Finder
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import cue, cue_words

_MUST = cue("must")
_SHOUT_MUST = re.compile(
    r"^\W*(?:critical|important|required|mandatory|constraint)\b[^.]{0,20}?[:\])—–-]|\b(?-i:CRITICAL|IMPORTANT|REQUIRED|MANDATORY)\b"
    r"|^\W*only\b|\bonly$",
    re.IGNORECASE,
)
_SHOUT_NOT = re.compile(r"\b(?:NEVER|DO NOT|DON'T|MUST NOT|Never|Do not|Do NOT|Don['’]t)\b")
_BARE_NOT = re.compile(
    rf"(?:^|[.!?:;,(—–\-*✅❌] |[—–(]|\b(?:{'|'.join(cue_words('before bare no'))})\s)(?:{'|'.join(cue_words('bare no'))})\b",
    re.IGNORECASE,
)
"""A bare prohibition needs a break or an addressee before it, so that "users don't know" is no rule."""

BEFORE = re.compile(r"\bbefore (?:\w+ing|proceeding)\b", re.IGNORECASE)
CONTRAST = re.compile(r",\s+not\b|\binstead of\b|\brather than\b", re.IGNORECASE)
NO_ITEM = re.compile(r"^\W*no\s+[\w-]+(?![^.]{0,30}:)", re.IGNORECASE)
LABEL_NOTE = re.compile(r"\((?:recommended|optional|default)\)", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"')*_]*\s+(?=[^\sa-z])")

_TRIGGER_KEYS = frozenset(
    ("description", "summary", "triggers", "trigger", "when_to_use", "when-to-use", "activation", "trigger_phrases", "use_when")
)
_NO_RULES = frozenset({Role.TRIGGER, Role.ANTI_TRIGGER, Role.EXAMPLES})


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


@lru_cache(maxsize=8)  # an item of one sentence is asked about as an item and as a sentence
def force_of(text: str) -> Force | None:
    """The strongest force a sentence states by its words."""
    if not _hints(text):
        return None
    if cue("hard no").search(text) or _SHOUT_NOT.search(text) or _BARE_NOT.search(text):
        return Force.MUST_NOT
    if _MUST.search(text) or _SHOUT_MUST.search(text):
        return Force.MUST
    if cue("should not").search(text):
        return Force.SHOULD_NOT
    return Force.SHOULD if cue("should").search(text) else None


@lru_cache(maxsize=8)
def _hints(text: str) -> bool:
    """A quick look: every rule contains one of these, and most sentences none."""
    lower = text.lower()
    return any(map(lower.__contains__, cue_words("rule hints")))


class RuleFinder:
    """Finds constraints block by block. `steps`: block index to step, because steps state no rule by being listed."""

    def __init__(self, parts: list[Part], blocks: list[Block], steps: dict[int, str], finder: Finder) -> None:
        self.finder = finder
        self.parts = {part.index: part for part in parts}
        self.blocks = blocks
        self.steps = steps
        self.out: list[Rule] = []
        self._inherited: dict[int, Force] = {}

    def find(self) -> list[Rule]:
        """All constraints in text order."""
        for block in self.blocks:
            if block.kind is BlockKind.PARAGRAPH and block.text:
                self._paragraph(block)
            elif block.kind is BlockKind.ITEM and block.text:
                self._item(block)
        return self.out

    def _paragraph(self, block: Block) -> None:
        if self.parts[block.section].role in _NO_RULES and not _SHOUT_NOT.search(block.text):
            return
        self._sentences(block)
        follower = self.blocks[block.index + 1] if block.index + 1 < len(self.blocks) else None
        if follower is None or follower.kind is not BlockKind.LIST or not block.text.rstrip().endswith((":", "：")):
            return
        tail = SENTENCE_END.split(block.text)[-1]
        force = force_of(tail)
        if force is not None and not tail.lower().lstrip(" *_").startswith("before"):
            self._inherited[follower.index] = force
        elif cue("rules intro").search(tail) and follower.index not in self._inherited:
            self._inherited[follower.index] = Force.SHOULD

    def _item(self, block: Block) -> None:
        part = self.parts[block.section]
        if part.role in _NO_RULES:
            return
        inherited = self._inherited.get(block.parent if block.parent is not None else -1)
        stated = force_of(block.text)
        if block.index in self.steps and inherited is None:
            self._sentences(block)
            return
        force = stated or inherited or self._listed(block, part)
        if force is None:
            self._sentences(block)
        else:
            whole = inherited is not None or part.role in (Role.RULES, Role.PITFALLS) or len(block.text) < WHOLE_ITEM
            if whole:
                self.out.append(Rule(block.start, max(block.own_end, block.start), force, block.text, block.index))
            else:
                self._sentences(block)

    def _listed(self, block: Block, part: Part) -> Force | None:
        """Force of an item by the section it is listed in."""
        if NO_ITEM.match(block.text) and len(block.text) < WHOLE_ITEM:
            return Force.MUST_NOT if part.role is not Role.PITFALLS else None
        if part.role is Role.RULES:
            if block.level == 0 and cue("firm title").search(part.title):
                return Force.MUST
            if self.finder.imperative(block) or (block.level == 0 and len(block.bold.split()) > 2):
                return Force.SHOULD
        elif part.role is Role.PITFALLS and block.level == 0 and cue("firm pitfall").search(part.title):
            return Force.SHOULD_NOT
        return None

    def _sentences(self, block: Block) -> None:
        text = block.text
        if not _hints(text):
            return
        at = 0
        for end in _ends(block):
            piece = text[at:end]
            force = self._sentence_force(piece)
            if force is not None and piece.strip():
                lead = len(piece) - len(piece.lstrip())
                start, stop = block.byte_at(at + lead), block.byte_at(at + len(piece.rstrip()))
                if stop > start:
                    self.out.append(Rule(start, stop, force, piece.strip(), block.index))
            at = end

    @staticmethod
    def _sentence_force(piece: str) -> Force | None:
        force = force_of(LABEL_NOTE.sub("", piece))
        if force is None and (BEFORE.search(piece) or CONTRAST.search(piece)) and is_imperative(piece):
            return Force.MUST if BEFORE.search(piece) else Force.SHOULD
        return force


WHOLE_ITEM = 160
"""An item up to this many characters is one rule, a longer one is read sentence by sentence."""


def _ends(block: Block) -> list[int]:
    """Ends of the sentences of a block; a bold label on a new line begins a sentence too."""
    ends = {m.start() for m in SENTENCE_END.finditer(block.text)} | {len(block.text)}
    before = None
    for run in block.runs:
        if run.strong and before is not None and before.text == " " and before.end > before.start and not before.strong:
            ends.add(before.at)
        before = run
    return sorted(ends)


def find_rules(parts: list[Part], blocks: list[Block], steps: dict[int, str], finder: Finder) -> list[Rule]:
    """All constraints in text order."""
    return RuleFinder(parts, blocks, steps, finder).find()


def find_cues(parts: list[Part], blocks: list[Block], front: tuple[FrontField, ...]) -> list[Cue]:
    """All triggers in text order: front matter first, then sections that say when, then sentences that do."""
    out: list[Cue] = []
    for field in front:
        if field.key.split(".")[-1] in _TRIGGER_KEYS and field.value and field.end > field.start:
            out.append(Cue(field.start, field.end, Polarity.USE, field.value))
            if cue("not use").search(field.value):
                out.append(Cue(field.start, field.end, Polarity.DO_NOT_USE, field.value))
    by_section = {part.index: part for part in parts}
    for block in blocks:
        if block.kind in (BlockKind.PARAGRAPH, BlockKind.ITEM) and block.text:
            found = _cue(block, by_section[block.section])
            if found is not None:
                out.append(found)
    return out


def _cue(block: Block, part: Part) -> Cue | None:
    end = max(block.own_end, block.start)
    if part.role is Role.ANTI_TRIGGER:
        return Cue(block.start, end, Polarity.DO_NOT_USE, block.text)
    if part.role is Role.TRIGGER or (part.role in (Role.TITLE, Role.OVERVIEW) and cue("use").search(block.text)):
        polarity = Polarity.DO_NOT_USE if cue("not use").search(block.text) else Polarity.USE
        return Cue(block.start, end, polarity, block.text)
    return None
