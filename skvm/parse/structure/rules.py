"""Constraints and triggers: sentences with a force word, items of lists that state rules, lines that say when to use the skill."""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.ir import Force, Polarity
from skvm.parse.draft import Block, BlockKind, FrontField, Role
from skvm.parse.lexicon import is_imperative
from skvm.parse.structure.features import Finder
from skvm.parse.structure.sections import Part

_SUBJECT = r"(?:(?<=^)|(?<=[.!?:;,(—–\-*✅❌] )|(?<=[—–(])|\b(?:you|agents?|claude|it|skill|and|but|then|please|also|or|must|should|so|we|to|will)\s+)"
"""What may stand before a bare prohibition, so that "users don't know" is no rule."""

MUST_NOT = re.compile(
    r"\b(?:must not|mustn['’]?t|may not|shall not|under no circumstances|forbidden|prohibited|not allowed|is not permitted|not permission to)\b"
    rf"|{_SUBJECT}(?:never|do not|don['’]?t)\b",
    re.IGNORECASE,
)
SHOUT_NOT = re.compile(r"\b(?:NEVER|DO NOT|DON'T|MUST NOT|Never|Do not|Do NOT|Don['’]t)\b")
MUST = re.compile(
    r"\b(?:must|always|required to|mandatory|(?:is|are) required|shall|make sure|ensure that|non-negotiable|strictly|at most|at least one)\b"
    r"|^\W*(?:critical|important|required|mandatory|constraint)\b[^.]{0,20}?[:\])—–-]|\b(?:CRITICAL|IMPORTANT|REQUIRED|MANDATORY)\b"
    r"|^\W*only\b|\bonly (?:when|if|after|before|once|then|on|to|the|for|those|key|here|with|via|from)\b|\bonly$"
    r"|\bexplicit(?:ly)? (?:\w+ )?(?:confirm\w*|approv\w*|ask\w*|request\w*|permission|consent|\W)|\bwait for explicit\b",
    re.IGNORECASE,
)
SHOULD_NOT = re.compile(r"\b(?:should not|shouldn['’]?t|avoid)\b", re.IGNORECASE)
SHOULD = re.compile(r"\b(?:should|prefer|ideally|be sure to|try to|favou?r|default to|prioriti[sz]e|recommended to)\b", re.IGNORECASE)
BEFORE = re.compile(r"^\W*before \w+ing\b|\bbefore (?:\w+ing|proceeding)\b", re.IGNORECASE)
CONTRAST = re.compile(r",\s+not\b|\binstead of\b|\brather than\b", re.IGNORECASE)
NO_ITEM = re.compile(r"^\W*no\s+[\w-]+(?![^.]{0,30}:)", re.IGNORECASE)
LABEL_NOTE = re.compile(r"\((?:recommended|optional|default)\)", re.IGNORECASE)

RULES_INTRO = re.compile(r"\b(?:rules?|requirements?|constraints?|guardrails?|principles|guidelines|conventions|best practices)\b", re.IGNORECASE)
FIRM_TITLE = re.compile(r"\b(?:rules?|must|constraints?|guardrails?|never|always|mandatory|non-negotiable|hard|policy|policies|boundaries)\b", re.IGNORECASE)
FIRM_PITFALL = re.compile(r"\b(?:must not|never|avoid|do(?:n['’]t| not)|mistakes?|anti-?patterns?|forbidden|prohibited|not to do)\b", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"')*_]*\s+(?=[^\sa-z])")

USE_LINE = re.compile(
    r"\b(?:use (?:this|the|it|when|for|if)\b.{0,40}\b(?:skill|when|if|for)|when (?:the |a )?user|invoke (?:this|when)|trigger(?:s|ed)?\b|activate (?:this|when)|"
    r"(?:use|invoked?|load|apply) (?:this )?(?:skill )?(?:when|if|for|to))\b",
    re.IGNORECASE,
)
NOT_USE = re.compile(
    r"\b(?:do not|don['’]?t|never|not) (?:use|for|trigger|invoke|intended|suitable|needed|activate)\b|\binstead\b|\bskip (?:this|when|if)\b",
    re.IGNORECASE,
)
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


def force_of(text: str) -> Force | None:
    """The strongest force a sentence states by its words."""
    if not _hints(text):
        return None
    if SHOUT_NOT.search(text) or MUST_NOT.search(text):
        return Force.MUST_NOT
    if MUST.search(text):
        return Force.MUST
    if SHOULD_NOT.search(text):
        return Force.SHOULD_NOT
    if SHOULD.search(text):
        return Force.SHOULD
    return None


_CUES = (
    "must", "mustn", "never", "always", "not", "n't", "n’t", "only", "should", "avoid", "prefer", "before ", "instead of", "rather than",
    "no ", "requir", "critical", "important", "mandatory", "shall", "ensure", "make sure", "try to", "favor", "favour", "default to",
    "prioriti", "recommended", "explicit", "strictly", "at most", "at least", "forbidden", "prohibited", "constraint", "ideally", "be sure",
    "non-negotiable", "circumstances",
)  # fmt: skip
"""Every rule contains one of these: a quick look that saves most sentences the patterns."""


def _hints(text: str) -> bool:
    lower = text.lower()
    return any(cue in lower for cue in _CUES)


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
        if self.parts[block.section].role in _NO_RULES and not SHOUT_NOT.search(block.text):
            return
        self._sentences(block)
        follower = self.blocks[block.index + 1] if block.index + 1 < len(self.blocks) else None
        if follower is None or follower.kind is not BlockKind.LIST or not block.text.rstrip().endswith((":", "：")):
            return
        tail = SENTENCE_END.split(block.text)[-1]
        force = force_of(tail)
        if force is not None and not BEFORE.match(tail):
            self._inherited[follower.index] = force
        elif RULES_INTRO.search(tail) and follower.index not in self._inherited:
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
            if block.level == 0 and FIRM_TITLE.search(part.title):
                return Force.MUST
            if self.finder.imperative(block) or (block.level == 0 and len(block.bold.split()) > 2):
                return Force.SHOULD
        elif part.role is Role.PITFALLS and block.level == 0 and FIRM_PITFALL.search(part.title):
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
            if NOT_USE.search(field.value):
                out.append(Cue(field.start, field.end, Polarity.DO_NOT_USE, field.value))
    by_section = {part.index: part for part in parts}
    for block in blocks:
        if block.kind in (BlockKind.PARAGRAPH, BlockKind.ITEM) and block.text:
            cue = _cue(block, by_section[block.section])
            if cue is not None:
                out.append(cue)
    return out


def _cue(block: Block, part: Part) -> Cue | None:
    end = max(block.own_end, block.start)
    if part.role is Role.ANTI_TRIGGER:
        return Cue(block.start, end, Polarity.DO_NOT_USE, block.text)
    if part.role is Role.TRIGGER or (part.role in (Role.TITLE, Role.OVERVIEW) and USE_LINE.search(block.text)):
        polarity = Polarity.DO_NOT_USE if NOT_USE.search(block.text) else Polarity.USE
        return Cue(block.start, end, polarity, block.text)
    return None
