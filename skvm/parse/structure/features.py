"""What can be seen of a section or a block when asking: is this a stage, is this a step? Names of features are the words
of `grammar/votes.txt`, where each has its weight."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from skvm.ir import StepEncoding
from skvm.parse.draft import CODE, FENCE, HTML, LINK, Block, Role
from skvm.parse.lexicon import acts_of_lead, is_imperative, words_of
from skvm.parse.structure.sections import Part, host_of
from skvm.parse.structure.tokens import Node
from skvm.parse.structure.words import cue

SHELL = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session", "powershell", "ps1", "cmd", "fish"})
PROGRAM = frozenset(
    {"python", "py", "python3", "javascript", "js", "typescript", "ts", "r", "sql", "ruby", "go", "java", "swift"}
)
TEMPLATE = frozenset({"markdown", "md", "json", "yaml", "yml", "html", "xml", "csv", "toml", "jsonc", "tsx", "jsx", "css"})

CONDITION = cue("^condition")
LAST_WORD = re.compile(r"([A-Za-z-]+)\W*$")

KINDS = ("section", "ordered", "task", "bullet", "para", "intro", "intro_list", "fence", "row", "quote")

NEVER_STEPS = frozenset({Role.TRIGGER, Role.ANTI_TRIGGER, Role.EXAMPLES})
"""Sections of these roles hold no steps, whatever their text looks like."""

ROW_NUMBER = re.compile(r"\W*(?:(?:step|phase|stage)\s*)?\d{1,2}\W*\|\s*", re.IGNORECASE)
"""A row of a table that numbers its rows."""

ROW_LIMIT = 30
"""A longer table is data."""

ENGLISH = 50
MOST_BLOCKS = 200
"""One word in so many is an article or the like where a text is English, by its first blocks."""

_ENCODINGS = {
    "section": StepEncoding.NUMBERED_HEADING,
    "ordered": StepEncoding.ORDERED_ITEM,
    "task": StepEncoding.TASK_BOX,
    "bullet": StepEncoding.BULLET,
    "para": StepEncoding.PARAGRAPH,
    "intro": StepEncoding.PARAGRAPH,
    "intro_list": StepEncoding.PARAGRAPH,
    "quote": StepEncoding.PARAGRAPH,
    "fence": StepEncoding.FENCE,
    "row": StepEncoding.TABLE_ROW,
}


@dataclass(slots=True, eq=False)
class Candidate:
    """A block that may be a step. `blocks`: all blocks it holds; `siblings`: length of its list; `intro`: the paragraph that
    introduces its list; `under`: the candidate it is nested in; `imperative`: its text instructs; `silent`: no item of its list
    states an act."""

    kind: str
    part: Part
    lead: Block
    start: int
    end: int
    blocks: list[int]
    depth: int = 0
    siblings: int = 1
    position: int = 0
    share: float = 0.0
    intro: Block | None = None
    under: Candidate | None = None
    imperative: bool = False
    silent: bool = False
    features: dict[str, float] = field(default_factory=dict)
    score: float = 0.0

    @property
    def encoding(self) -> StepEncoding:
        """How the author wrote it down."""
        return self.lead.flow or _ENCODINGS[self.kind]


class Finder:
    """Candidates of every section of a document."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        self._imperative: dict[int, bool] = {}

    @cached_property
    def english(self) -> bool:
        """Is the text in the language of the lexicons, so that what names no act can be said to state none?"""
        words = " ".join([block.text for block in self.blocks[:MOST_BLOCKS]]).lower().split()
        return ENGLISH * sum(map(words_of("determiners").__contains__, words)) >= len(words)

    def imperative(self, block: Block) -> bool:
        """Does the block's own text instruct? Asked once per block."""
        known = self._imperative.get(block.index)
        if known is None:
            known = self._imperative[block.index] = is_imperative(block.text)
        return known

    def of_part(self, part: Part) -> list[Candidate]:
        """Candidates of a section's own pieces in text order, nested items behind their item."""
        out: list[Candidate] = []
        if part.heading is not None:
            out.append(self._section(part, part.heading))
        if part.role in NEVER_STEPS and not part.numbering:
            return out
        for node in part.pieces:
            self._piece(node, part, out)
        self._join_fences(out)
        return out

    def _section(self, part: Part, heading: Block) -> Candidate:
        """The whole section as one step; `blocks` is filled when it is chosen."""
        start = part.start if part.bold or host_of(part) is not None else self._body_start(part, heading)
        found = Candidate("section", part, heading, start, part.end, [heading.index], imperative=is_imperative(part.title))
        found.siblings = len(part.parent.children) if part.parent is not None else 1
        return found

    def _body_start(self, part: Part, heading: Block) -> int:
        """Where the text of a section begins; its heading where it has none."""
        first = heading.index + 1
        return self.blocks[first].start if first < len(self.blocks) and self.blocks[first].start < part.end else part.start

    def _single(self, kind: str, part: Part, lead: Block, blocks: list[int]) -> Candidate:
        end = lead.end if len(blocks) == 1 else max(self.blocks[i].end for i in blocks)
        return Candidate(
            kind, part, lead, lead.start, end, blocks, imperative=kind not in ("row", "fence") and self.imperative(lead)
        )

    def _piece(self, node: Node, part: Part, out: list[Candidate]) -> None:
        kind = node.kind
        if kind == "paragraph":
            out.append(self._single("para", part, self.blocks[node.block], [node.block]))
        elif kind in ("introduction", "labelled"):
            self._introduction(node, part, out)
        elif kind == "fence":
            out.append(self._single("fence", part, self.blocks[node.block], [node.block]))
        elif kind in ("ordered", "bullets", "tasks"):
            self._list(node, part, out, None, None, 0)
        elif kind == "table":
            self._table(node, part, out, None)
        elif kind == "quote":
            for inner in node.parts:
                if inner.kind == "paragraph":
                    out.append(self._single("quote", part, self.blocks[inner.block], [inner.block]))
                else:
                    self._piece(inner, part, out) if inner.kind != "quote" else None

    def _introduction(self, node: Node, part: Part, out: list[Candidate]) -> None:
        lead = self.blocks[node.block]
        attached = node.parts[0]
        if attached.kind == "fence" and self.blocks[attached.block].text:  # the fence names its own steps
            out.append(self._single("para", part, lead, [lead.index]))
            out.append(self._single("fence", part, self.blocks[attached.block], [attached.block]))
            return
        kind = "intro" if attached.kind == "fence" else "intro_list"
        inner = _indexes(attached)
        out.append(self._single(kind, part, lead, [lead.index, *inner]))
        if attached.kind in ("ordered", "bullets", "tasks"):
            self._list(attached, part, out, lead, out[-1], 0)
        elif attached.kind == "table":
            self._table(attached, part, out, lead)

    def _list(
        self, node: Node, part: Part, out: list[Candidate], intro: Block | None, under: Candidate | None, depth: int
    ) -> None:
        kind = {"ordered": "ordered", "tasks": "task", "bullets": "bullet"}[node.kind]
        made: list[Candidate] = []
        first = len(out)
        for position, item in enumerate(node.parts):
            lead = self.blocks[item.block]
            found = self._single(kind, part, lead, _indexes(item))
            found.depth, found.position, found.intro, found.under = depth, position, intro, under
            made.append(found)
            out.append(found)
            if depth < 2:
                for inner in item.parts:
                    if inner.kind in ("ordered", "bullets", "tasks"):
                        self._list(inner, part, out, None, found, depth + 1)
                    elif inner.kind in ("introduction", "labelled") and inner.parts[0].kind in ("ordered", "bullets", "tasks"):
                        self._list(inner.parts[0], part, out, self.blocks[inner.block], found, depth + 1)
        share = sum(c.imperative for c in made) / max(1, len(made))
        silent = kind == "ordered" and self.english and not any(c.imperative for c in out[first:])
        silent = silent and not any(_may_instruct(c.lead.text) for c in made)
        for found in made:
            found.siblings, found.share, found.silent = len(made), share, silent

    def _table(self, node: Node, part: Part, out: list[Candidate], intro: Block | None) -> None:
        if part.role is not Role.PROCEDURE and part.numbering != "step":
            return
        rows = [self.blocks[i] for i in self.blocks[node.block].children][: ROW_LIMIT + 1]
        made = [self._single("row", part, row, [row.index]) for row in rows if not row.header]
        for found in made:
            number = ROW_NUMBER.match(found.lead.text)
            found.imperative = number is not None and is_imperative(found.lead.text[number.end() :])
        share = sum(found.imperative for found in made) / max(1, len(made))
        for position, found in enumerate(made):
            found.siblings, found.position, found.intro, found.share = len(made), position, intro, share
        out.extend(made)

    @staticmethod
    def _join_fences(out: list[Candidate]) -> None:
        """A fence right behind a paragraph that instructs belongs to it."""
        for first, second in pairwise(out):
            if second.kind == "fence" and first.kind in ("para", "intro") and second.lead.index == max(first.blocks) + 1:
                second.under = first


def _may_instruct(text: str) -> bool:
    """Does a text state an act, or begin as an order of a verb that the lexicon lacks: with a word before an article?"""
    first, second, *_ = [*text.lower().split(maxsplit=2), "", ""]
    articles = words_of("determiners")
    told = first.endswith("s") and not first.endswith(("ss", "us"))  # "sorts them" tells what a tool does
    return (second in articles and first not in articles and not told) or bool(acts_of_lead(text))


def _indexes(node: Node) -> list[int]:
    """Blocks of a node, its own first; iterative because lists nest as deep as the author likes."""
    out: list[int] = []
    stack = [node]
    while stack:
        here = stack.pop()
        if here.block >= 0:
            out.append(here.block)
        stack.extend(reversed(here.parts))
    return out


def section_class(part: Part) -> str:
    """The one word that says most about a section: its numbering, else its role."""
    if part.numbering == "step":
        return "step"
    if is_tag(part) and part.role is Role.OTHER:
        return "tag"
    if part.bold:
        return "bold"
    if part.numbering == "number":
        return "number"
    return part.role.value


def turns_to_person(text: str) -> bool:
    """Does it ask, wait for or show something to a person?"""
    found = cue("turning").search(text)
    return found is not None and cue("person").search(text, found.end(), found.end() + 50) is not None


def is_tag(part: Part) -> bool:
    """Marked by a tag, not by a heading."""
    return part.heading is not None and part.heading.kind is HTML


def above(part: Part) -> Role:
    """Role of the nearest enclosing section that has one."""
    here = part.parent
    while here is not None:
        if here.numbering == "step":
            return Role.STEP
        if here.role not in (Role.OTHER, Role.TITLE):
            return here.role
        here = here.parent
    return Role.OTHER


def starts_with_code(block: Block) -> bool:
    """Does the text begin with inline code or a link (a list of files, options, references)?"""
    return bool(block.runs) and block.runs[0].kind in (CODE, LINK)


def is_fence(block: Block) -> bool:
    """A code fence."""
    return block.kind is FENCE
