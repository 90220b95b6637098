"""Constraints: sentences with a force word, and items of lists of rules."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from skvm.ir import Force
from skvm.parse.draft import CODE, ITEM, LINK, LIST, PARAGRAPH, Block, Role
from skvm.parse.guards import Guarded
from skvm.parse.lexicon import is_imperative
from skvm.parse.structure.features import Finder
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import cue, cue_words

_MUST = cue("must")
_SHOUT_MUST = Guarded(
    r"^\W*(?:critical|important|required|mandatory|constraint)(?: (?:rules?|notes?|requirements?|constraints?|points?))?"
    r"\s*[:\])—–-]|\b(?-i:CRITICAL|IMPORTANT|REQUIRED|MANDATORY)\b(?!\])"
    r"|^\W*only\b"
)
_SHOUT_NOT = re.compile(r"\b(?:NEVER|DO NOT|DON'T|MUST NOT|Never|Do not|Do NOT|Don['’]t)\b")
_BARE_NOT = Guarded(
    rf"(?:^|[.!?:;,(—–\-*✅❌] |[—–(]|\b(?:{'|'.join(cue_words('before bare no'))})\s)(?:{'|'.join(cue_words('bare no'))})\b"
)
"""A bare prohibition needs a break or an addressee before it, so that "users don't know" is no rule."""

BEFORE = Guarded(r"\bbefore (?:\w+ing|proceeding)\b")
CONTRAST = Guarded(r",\s+not\b|\binstead of\b|\brather than\b")
NO_ITEM = re.compile(
    r"^\W*no\s+[\w-]+(?![^.]{0,30}:)(?![^.]{0,40}\b(?:needed|required|necessary|found|available)\b)", re.IGNORECASE
)
QUOTED = re.compile(r"^\W{0,2}[\"“][^\"”]*[\"”]\W*$")
""" "Shall I save it?": words to say, no rule. """

DELIVERS = re.compile(
    r"^\W*when\b[^:]{3,80},\s+(?:always )?(?:provide|include|output|return|present|deliver|report)\b[^.]{0,40}:\W*$",
    re.IGNORECASE,
)
""" "When you deliver the module, provide:" obliges to what the list names. """

BARE_INTRO = re.compile(r"^\s*(?:\S+\s+){0,2}\S+\s*[:：]\W*$")
""" "Agents must not:" says nothing by itself. """

HEADED = re.compile(r"^\W*(?:ensure|preferred|preferably)\b(?!\?)", re.IGNORECASE)

CHOICE = re.compile(r"^[^→]{3,100}\s(?:→|->|=>)\s")
""" "A weekday → work out the date": what to do in one case of several. """

CONTAINED = re.compile(r"\b(?:contain|include|cover|consist|compris)\w*\b[^:]{0,30}:\W*$", re.IGNORECASE)
""" "Each rule file contains:" lists what is there. """
LABEL_NOTE = re.compile(r"\((?:recommended|optional|default)\)", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"')*_]*\s+(?=[^\sa-z])")

_NO_RULES = frozenset({Role.TRIGGER, Role.ANTI_TRIGGER, Role.EXAMPLES})


class Rule(NamedTuple):
    """A constraint: bytes, force, text, the block it stands in."""

    start: int
    end: int
    force: Force
    text: str
    block: int


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

    def __init__(
        self, parts: list[Part], blocks: list[Block], steps: dict[int, str], finder: Finder, triggers: frozenset[int]
    ) -> None:
        self.triggers = triggers
        self.finder = finder
        self.parts = {part.index: part for part in parts}
        self.blocks = blocks
        self.steps = steps
        self.out: list[Rule] = []
        self._inherited: dict[int, Force] = {}
        self._labelled: set[int] = set()

    def find(self) -> list[Rule]:
        """All constraints in text order."""
        for block in self.blocks:
            if block.kind is PARAGRAPH and block.text:
                self._paragraph(block)
            elif block.kind is ITEM and block.text:
                self._item(block)
        return self.out

    def _paragraph(self, block: Block) -> None:
        if self.parts[block.section].role in _NO_RULES and not _SHOUT_NOT.search(block.text):
            if DELIVERS.search(block.text):
                self._intro(block)
            return
        after = self.blocks[block.index + 1] if block.index + 1 < len(self.blocks) else None
        if after is not None and after.kind is LIST and set(after.children) <= self.triggers:
            return
        self._sentences(block)
        self._intro(block)

    def _intro(self, block: Block) -> None:
        """Force that a line ending in a colon hands on to the list below it."""
        follower = self.blocks[block.index + 1] if block.index + 1 < len(self.blocks) else None
        if follower is None or follower.kind is not LIST or not block.text.rstrip().endswith((":", "：")):
            return
        tail = SENTENCE_END.split(block.text)[-1]
        force = force_of(tail)
        if force is not None and not tail.lower().lstrip(" *_").startswith("before"):
            self._inherited[follower.index] = force
        elif DELIVERS.search(tail):
            self._inherited[follower.index] = Force.SHOULD
            at = block.text.rfind(tail)
            self._add(block, at, at + len(tail), Force.SHOULD)
        elif _announces_rules(tail):
            self._inherited[follower.index] = Force.SHOULD
        else:
            self._labelled.add(follower.index)

    def _item(self, block: Block) -> None:
        part = self.parts[block.section]
        inherited = self._inherited.get(block.parent if block.parent is not None else -1)
        unruly = block.index in self.triggers or (part.role in _NO_RULES and inherited is None)
        if unruly or QUOTED.match(block.text):
            return
        stated = force_of(block.text)
        if block.index in self.steps and inherited in (None, Force.SHOULD):
            self._sentences(block)
            return
        handed = None if inherited is None or _is_index(block) or CHOICE.search(block.text) else inherited
        force = stated or handed or self._listed(block, part)
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
        role = part.role if part.role is not Role.OTHER or part.parent is None else part.parent.role
        if role is Role.RULES and not _is_index(block):
            labelled = block.parent in self._labelled
            if block.level == 0 and not labelled and cue("firm title").search(part.title):
                return Force.MUST
            if self.finder.imperative(block) or (block.level == 0 and not labelled and len(block.bold.split()) > 2):
                return Force.SHOULD
        elif role is Role.PITFALLS and block.level == 0 and cue("firm pitfall").search(part.title):
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
            if force is None and block.index not in self.steps and HEADED.match(piece):
                force = Force.SHOULD
            bare = end == len(text) and BARE_INTRO.match(piece) and not is_imperative(piece)
            if force is not None and piece.strip() and not bare:
                self._add(block, at, end, force)
            at = end

    def _add(self, block: Block, at: int, end: int, force: Force) -> None:
        """Note the rule at code points `[at, end)` of a block, blanks around it left out."""
        piece = block.text[at:end]
        start = block.byte_at(at + len(piece) - len(piece.lstrip()))
        stop = block.byte_at(at + len(piece.rstrip()))
        if stop > start:
            self.out.append(Rule(start, stop, force, piece.strip(), block.index))

    @staticmethod
    def _sentence_force(piece: str) -> Force | None:
        force = force_of(LABEL_NOTE.sub("", piece))
        if force is None and (BEFORE.search(piece) or CONTRAST.search(piece)) and is_imperative(piece):
            return Force.MUST if BEFORE.search(piece) else Force.SHOULD
        return force


def _announces_rules(intro: str) -> bool:
    """Does a line introduce rules: "Follow these rules:", not "Read the rule files for details:"?"""
    named = [match.end() for match in cue("rules intro").finditer(intro)]
    if not named or CONTAINED.search(intro):
        return False
    return len(intro.split()) <= SHORT_INTRO or not intro[named[-1] :].strip(" :：*_)")


SHORT_INTRO = 5
"""Words of a line in which a word for rules may stand anywhere."""


def _is_index(block: Block) -> bool:
    """Does an item begin with a link or a file's name, so that it tells where something is written?"""
    run = next((r for r in block.runs if r.text.strip()), None)
    if run is None:
        return False
    return run.kind is LINK or (run.kind is CODE and bool(INDEXED.search(run.text)))


INDEXED = re.compile(r"\.(?:md|mdx|txt|rst|ya?ml|json|py|sh)$")
WHOLE_ITEM = 160
"""An item up to this many characters is one rule, a longer one is read sentence by sentence."""


_COLONS = (":", "：")


def _ends(block: Block) -> list[int]:
    """Ends of the sentences of a block; a bold label on a new line begins a sentence too."""
    ends = {m.start() for m in SENTENCE_END.finditer(block.text)} | {len(block.text)}
    before = None
    for run in block.runs:
        if before is not None and before.text == " " and before.end > before.start and run.strong and not before.strong:
            ends.add(before.at)
        elif before is not None and run.text == " " and run.end > run.start and before.strong and before.text.endswith(_COLONS):
            ends.add(run.at)
        before = run
    return sorted(ends)


def find_rules(
    parts: list[Part], blocks: list[Block], steps: dict[int, str], finder: Finder, triggers: frozenset[int] = frozenset()
) -> list[Rule]:
    """All constraints in text order. `triggers`: blocks that say when to use the skill."""
    return RuleFinder(parts, blocks, steps, finder, triggers).find()
