"""Fences and inline code of a draft, analysed once: roles, facts, and facts at offsets of the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from skvm.ir import BlockRole, StepEncoding
from skvm.parse.draft import CODE, HEADING, ITEM, PARAGRAPH, Block, Draft, Run
from skvm.parse.fences.commands import known_commands
from skvm.parse.fences.facts import CodeFacts
from skvm.parse.fences.python import analyse_python
from skvm.parse.fences.roles import is_python, is_shell, role_of
from skvm.parse.fences.shell import analyse_shell
from skvm.parse.lexicon import word_set
from skvm.parse.logic.mentions import tool_words
from skvm.source import SourceText

_COMMAND_LIKE = re.compile(r"(?a)(?:\./|\$ )?[A-Za-z_][\w.+-]*(?:/[\w.{}<>$-]+)*(?:\s+\S.*)?\Z", re.DOTALL)
_MARK = re.compile(rb"[ \t]*>")
_FLOWS = {StepEncoding.PSEUDO_CODE: BlockRole.PSEUDO, StepEncoding.GRAPH: BlockRole.GRAPH}
_HEAD = re.compile(r"(?a)([a-z][a-z0-9_-]{1,30}) [^\s=:({]")
_PHRASE = re.compile(r"(?a)[a-z]+ (?:at|in|of|for|by|from|with|and|or|the|is|are) ")
_WORDS = word_set(
    "the a an if for while when select insert update delete create alter from where import def class return print const let "
    "var async await export type interface public private static void add use set get not and or in is to of fix feat docs "
    "chore refactor test style build ci perf raise assert with yield lambda func fn go skill step phase no yes error warning"
)


class Inline(NamedTuple):
    """Inline code that is a command: the block and run it stands in, and its facts."""

    block: Block
    run: Run
    facts: CodeFacts


class Fence(NamedTuple):
    """A code fence with its role and facts. `indent`: bytes stripped from each line before analysis (fences in lists)."""

    block: Block
    role: BlockRole
    text: str
    facts: CodeFacts
    offsets: tuple[tuple[int, int], ...]
    lead: str = ""

    def origin(self, at: int) -> int:
        """Byte of the file for byte `at` of the analysed text."""
        here, there = self.offsets[bisect_right(self.offsets, at, key=itemgetter(0)) - 1]
        return min(there + at - here, self.block.body[1])


@dataclass
class Code:
    """All code of a draft. `heads`: words that the skill itself shows to be executables."""

    fences: list[Fence] = field(default_factory=list)
    heads: frozenset[str] = frozenset()
    _by_step: dict[str, list[Fence]] | None = None
    _inline: dict[int, list[Inline]] = field(default_factory=dict)

    def fences_of(self, draft: Draft) -> dict[str, list[Fence]]:
        """Fences by the step they belong to."""
        if self._by_step is None:
            self._by_step = {}
            for fence in self.fences:
                step = draft.step_of_block.get(fence.block.index)
                if step is not None:
                    self._by_step.setdefault(step, []).append(fence)
        return self._by_step

    def inline(self, block: Block) -> list[Inline]:
        """Inline code of a block that is a command line."""
        if not block.coded:
            return []
        if block.index not in self._inline:
            self._inline[block.index] = commands_in(block, self.heads)
        return self._inline[block.index]


def read_code(draft: Draft, raw: bytes, own: frozenset[str]) -> Code:
    """Analyse the fences of a draft, and the inline code of its steps that looks like a command."""
    code = Code()
    for block in draft.fences:
        text, offsets = _body(block, raw)
        lead = lead_of(draft, block)
        role = _FLOWS[block.flow] if block.flow in _FLOWS else role_of(block.language, text, lead)
        facts = _facts(block, role, text, own)
        if facts.opaque:
            role = BlockRole.OPAQUE
        code.fences.append(Fence(block, role, text, facts, offsets, lead))
    code.heads = _heads(draft, code.fences)
    return code


def _heads(draft: Draft, fences: list[Fence]) -> frozenset[str]:
    """First words of the shell fences' commands, and of three or more different pieces of inline code."""
    shown: dict[str, set[str]] = {}
    below: set[str] = set()  # "/tide plan 1": words of a command of the agent's own
    for block in draft.blocks:
        for run in block.runs if block.coded else ():
            if run.kind is not CODE or " " not in run.text:
                continue
            if (match := _HEAD.match(run.text)) is not None:
                shown.setdefault(match.group(1), set()).add(run.text)
            elif run.text.startswith("/"):
                below.update(run.text.split()[1:2])
    out = {
        head
        for head, texts in shown.items()
        if len(texts) > 2 and head not in _WORDS and head not in below and not any(_PHRASE.match(text) for text in texts)
    }
    return frozenset(out | {command.name for fence in fences for command in fence.facts.commands})


def commands_in(block: Block, heads: frozenset[str]) -> list[Inline]:
    """Inline code of a block that is a command line; `heads`: further words known to be executables."""
    out: list[Inline] = []
    for run in block.runs:
        if run.kind is CODE and is_command(run.text, heads):
            facts = analyse_shell(run.text)
            if facts.commands and not facts.opaque:
                out.append(Inline(block, run, facts))
    return out


def is_command(text: str, heads: frozenset[str] = frozenset()) -> bool:
    """Is inline code a command line: a known executable with arguments, or a path of a script?"""
    text = text.strip()
    if not text or len(text) > 2000 or not _COMMAND_LIKE.match(text):
        return False
    words = text.split()
    if words[0] == "$":
        words = words[1:]
    head = words[0].rsplit("/", 1)[-1]
    if head in known_commands() or head in tool_words("bins"):
        return len(words) > 1 and not words[1].startswith(("=", "("))
    if "/" in words[0] and words[0].endswith((".sh", ".py", ".js", ".mjs")):
        return len(words) > 1 or words[0].endswith(".sh")
    return len(words) > 1 and head in heads and "(" not in text


def lead_of(draft: Draft, block: Block) -> str:
    """Plain text that introduces a fence: the block before it, else its section's title."""
    if block.index > 0:
        before = draft.blocks[block.index - 1]
        if before.section == block.section and before.kind in (PARAGRAPH, ITEM, HEADING):
            return before.text[-240:]
    return draft.sections[block.section].title if block.section < len(draft.sections) else ""


def _facts(block: Block, role: BlockRole, text: str, own: frozenset[str]) -> CodeFacts:
    if is_shell(block.language, role):
        return analyse_shell(text)
    if is_python(block.language, text, role):
        return analyse_python(text, own)
    return CodeFacts()


def _body(block: Block, raw: bytes) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Text of a fence without what its list item or quotation puts before each line, and where its bytes lie in the file."""
    start, end = block.body
    body = raw[start:end]
    quoted = raw.count(b">", raw.rfind(b"\n", 0, block.start) + 1, block.start)
    if not quoted and not body.startswith((b" ", b"\t")) and _plain(body):
        return body.decode("utf-8"), ((0, start),)
    rows = body.split(b"\n")
    marks = [_marks(row, quoted) for row in rows]
    indent = min((_blanks(row, mark) for row, mark in zip(rows, marks, strict=True) if row[mark:].strip()), default=0)
    texts: list[str] = []
    offsets: list[tuple[int, int]] = []
    here, there = 0, start
    for row, mark in zip(rows, marks, strict=True):
        cut = mark + min(indent, _blanks(row, mark))
        line = SourceText.decode(block.language, row[cut:])
        texts.append(line.text)
        offsets += [(here + at, there + cut + origin) for at, origin in line.jumps]
        here += len(line.encoded) + 1
        there += len(row) + 1
    return "\n".join(texts), tuple(offsets)


def _marks(row: bytes, quoted: int) -> int:
    """Bytes of the marks of a quotation, `quoted` of them, at the head of a line."""
    at = 0
    for _ in range(quoted):
        mark = _MARK.match(row, at)
        if mark is None:
            break
        at = mark.end()
    return at


def _blanks(row: bytes, at: int) -> int:
    """Blanks of a line from byte `at` on."""
    return len(row) - at - len(row[at:].lstrip(b" "))


def _plain(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
