"""The draft: what the structural half of the front end hands to the logical half. All offsets are bytes of the original file.

The structural half (`blocks`, `sections`, `scenes`, `steps`) fills a `Draft`; `skvm.parse.logic.logical_layer(draft, source)`
answers with a `LogicLayer`. Records are immutable; small ones are named tuples because a skill has hundreds of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import NamedTuple

from skvm.diag import Diagnostic
from skvm.ir import Act, Control, Need, SceneType, SkillKind, Slot, StepEncoding
from skvm.ir import Block as CodeBlock
from skvm.source import Span


class BlockKind(StrEnum):
    """Block structure of CommonMark, plus tables and task boxes."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST = "list"
    ITEM = "item"
    TABLE = "table"
    ROW = "row"
    FENCE = "fence"
    QUOTE = "quote"
    HTML = "html"
    RULE = "rule"


class RunKind(StrEnum):
    """Kinds of inline runs."""

    TEXT = "text"
    CODE = "code"
    LINK = "link"
    IMAGE = "image"
    HTML = "html"


HEADING, PARAGRAPH, LIST, ITEM, TABLE, ROW, FENCE, QUOTE, HTML, RULE = BlockKind
TEXT, CODE, LINK = RunKind.TEXT, RunKind.CODE, RunKind.LINK
# To read a member off its class runs the class's own `__getattr__` hook; a skill is asked for its kinds four thousand times.


class Run(NamedTuple):
    """A piece of inline content.

    `start`, `end`: bytes of what is shown (for CODE the content between the backticks, for TEXT the text, for LINK and IMAGE
    the whole link). `at`: where its `text` begins in `Block.text` (code points). For LINK and IMAGE `text` is empty (the label
    is runs of its own) and `target` the destination. `strong`: inside bold. `jumps`: where bytes of the file and of its text
    part because of undecodable bytes, as (byte of the text, byte of the file), both counted from the start.
    """

    kind: RunKind
    start: int
    end: int
    at: int
    text: str
    strong: bool = False
    target: str = ""
    jumps: tuple[tuple[int, int], ...] = ()

    def origin(self, byte: int) -> int:
        """Byte of the file for byte `byte` of the text in UTF-8."""
        if self.jumps and (index := bisect_right(self.jumps, byte, key=itemgetter(0))):
            here, there = self.jumps[index - 1]
            byte += there - here
        return min(self.start + byte, self.end)


_at = attrgetter("at")


class Cell(NamedTuple):
    """A table cell: its bytes, plain text and runs (`Run.at` counts in the *row's* text)."""

    start: int
    end: int
    text: str


@dataclass(slots=True, eq=False)
class Block:
    """One block, filled while the events are read and never changed afterwards.

    `start`, `end` hold all of it, nested blocks too; the line end after it is not part of it.

    `line`, `last_line`: 1-based. `parent`: index of the block that holds it (an item its list, a paragraph of a loose item the
    item), `section`: index of its section. `text`: own plain text without nested blocks (an item: its first paragraph; a row:
    cells joined by " | "). `own_end`: where the own text ends. `level`: heading level 1-6, nesting depth of items (0 = top).
    `number`: of an ordered item ("3"), a heading or a bold lead ("1.5", "6a"). `checked`: of a task box. `ordered`: of lists.
    `language`, `body`: of fences (body = bytes between the fence lines; `closed` False: never closed). `flow`: of a part of a
    fence that holds steps, how they are written; its words are its `text`. `header`: of rows.
    `coded`, `linked`: some run is inline code, some run is a link, which most blocks have none of.
    `mark`: run, code point and byte that `byte_at` counted last.
    """

    index: int
    kind: BlockKind
    start: int
    end: int
    line: int
    last_line: int
    parent: int | None
    section: int
    text: str = ""
    runs: list[Run] = field(default_factory=list)
    own_end: int = 0
    level: int = 0
    number: str | None = None
    checked: bool | None = None
    ordered: bool = False
    language: str = ""
    body: tuple[int, int] = (0, 0)
    flow: StepEncoding | None = None
    closed: bool = True
    header: bool = False
    coded: bool = False
    linked: bool = False
    cells: list[Cell] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    mark: tuple[int, int, int] = field(default=(-1, 0, 0), repr=False)

    def byte_at(self, at: int) -> int:
        """Byte offset of code point `at` of `text` (exact inside a run; between runs the end of the run before)."""
        index = bisect_right(self.runs, at, key=_at) - 1
        while index >= 0 and not self.runs[index].text:
            index -= 1
        if index < 0:
            return self.start
        run = self.runs[index]
        inside = min(at - run.at, len(run.text))
        if not run.text.isascii():
            inside = self._bytes_in(index, inside)
        return run.origin(inside)

    def byte_behind(self, end: int) -> int:
        """Byte offset behind code point `end - 1` of `text`: markup that follows it does not belong to it."""
        index = bisect_left(self.runs, end, key=_at) - 1
        while index >= 0 and not self.runs[index].text:
            index -= 1
        if index < 0:
            return self.start
        run = self.runs[index]
        inside = min(end - run.at, len(run.text))
        return run.origin(inside if run.text.isascii() else self._bytes_in(index, inside))

    def _bytes_in(self, index: int, points: int) -> int:
        """Bytes of the first `points` code points of a run, counted from the last place that was asked for."""
        text = self.runs[index].text
        known, count = self.mark[1:] if self.mark[0] == index else (0, 0)
        low, high = min(known, points), max(known, points)
        between = len(text[low:high].encode("utf-8", "surrogatepass"))
        count += between if points >= known else -between
        self.mark = (index, points, count)
        return count

    @property
    def bold(self) -> str:
        """Text of the bold run the block begins with, or empty."""
        out = ""
        for run in self.runs:
            if not run.strong:
                break
            out += run.text
        return out


class Role(StrEnum):
    """What a section is for, read off its heading and content."""

    TITLE = "title"
    PROCEDURE = "procedure"
    STEP = "step"
    TRIGGER = "trigger"
    ANTI_TRIGGER = "anti_trigger"
    RULES = "rules"
    PITFALLS = "pitfalls"
    SETUP = "setup"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    EXAMPLES = "examples"
    REFERENCE = "reference"
    TROUBLE = "trouble"
    CHECKLIST = "checklist"
    OVERVIEW = "overview"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it. Section 0 has no heading: it is what stands before the first one.

    `start`, `end`: bytes up to the next heading of the same or a higher level, subsections included. `blocks`: indexes of its
    own top-level blocks, heading excluded. `parent`: index of the enclosing section. `number`: the author's own.
    """

    index: int
    heading: int | None
    level: int
    title: str
    start: int
    end: int
    parent: int | None
    role: Role
    blocks: tuple[int, ...] = ()
    children: tuple[int, ...] = ()
    number: str | None = None


class DraftScene(NamedTuple):
    """A stage of the author's; `sections` are the sections it covers."""

    id: str
    start: int
    end: int
    title: str
    type: SceneType
    number: str | None
    sections: tuple[int, ...]
    parent: str | None = None


class DraftStep(NamedTuple):
    """A step. `lead` is the block that states it, `blocks` all blocks in it (nested and attached ones too) in text order."""

    id: str
    key: str
    scene: str
    start: int
    end: int
    title: str
    text: str
    encoding: StepEncoding
    number: str | None
    lead: int
    blocks: tuple[int, ...]
    parent: str | None = None


class FrontField(NamedTuple):
    """A front matter field: dotted key, plain text of a scalar (lists: one field per item, same key), bytes of the value."""

    key: str
    value: str
    start: int
    end: int
    listed: bool = False


class DraftKnowledge(NamedTuple):
    """A section steps may need. `steps`: ids of the steps that refer to it."""

    id: str
    title: str
    start: int
    end: int
    section: int | None
    steps: tuple[str, ...] = ()
    file: str | None = None


@dataclass(frozen=True)
class Draft:
    """The structural reading of one SKILL.md."""

    file: str
    kind: SkillKind
    has_procedure: bool
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...]
    scenes: tuple[DraftScene, ...]
    steps: tuple[DraftStep, ...]
    knowledge: tuple[DraftKnowledge, ...]
    front: tuple[FrontField, ...]
    body_start: int
    _cache: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    def span(self, start: int, end: int) -> Span:
        """Span of bytes `[start, end)` of the main file."""
        return Span(self.file, start, end)

    @cached_property
    def fences(self) -> tuple[Block, ...]:
        """All code fences in text order."""
        return tuple(b for b in self.blocks if b.kind is FENCE)

    @cached_property
    def step_of_block(self) -> dict[int, str]:
        """Block index to the id of the step it belongs to (the innermost, where steps nest)."""
        return {index: step.id for step in self.steps for index in step.blocks}

    @cached_property
    def knowledge_of_section(self) -> dict[int, str]:
        """Section index to the id of its knowledge unit."""
        return {k.section: k.id for k in self.knowledge if k.section is not None}

    def front_values(self, key: str) -> tuple[FrontField, ...]:
        """Fields of one dotted key, in text order."""
        return tuple(f for f in self.front if f.key == key)


@dataclass(frozen=True)
class LogicLayer:
    """What the logical half found: nodes ready for the program."""

    acts: tuple[Act, ...] = ()
    controls: tuple[Control, ...] = ()
    blocks: tuple[CodeBlock, ...] = ()
    needs: tuple[Need, ...] = ()
    slots: tuple[Slot, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
