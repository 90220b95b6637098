"""Fences that hold steps: numbered pseudo-code, graphs with labelled nodes, and code whose comments name what each part does.

Such a fence becomes several blocks, one per part, before the tree of the document is read. A part is a fence of its own whose
`text` is what names it; the language is kept, so that its commands are read as those of any fence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from skvm.ir import StepEncoding
from skvm.parse.draft import FENCE, HEADING, PARAGRAPH, TEXT, Block, Run
from skvm.parse.fences.plain import here_documents
from skvm.parse.lexicon import is_imperative
from skvm.parse.structure.tokens import number_of
from skvm.parse.structure.words import role_of
from skvm.source import SourceText

GRAPHS = frozenset({"mermaid", "dot", "graphviz", "gv"})
PLAIN = frozenset({"", "text", "txt", "plaintext", "pseudo", "pseudocode"})
CODED = frozenset({"bash", "sh", "shell", "zsh", "python", "py", "r"})
LARGEST = 16_384
"""A longer fence, in bytes, is data: no parts are looked for."""

MOST = 40
"""A fence with more parts than this is data."""

LINE_NUMBER = re.compile(rb"[ \t]{0,3}(?:step\s*)?(\d{1,2})[.):]\s+(\S.*)", re.IGNORECASE)
COMMENT = re.compile(rb"(?:\A|\n[ \t]*\r?\n)(#+[ \t]*([A-Za-z][^\r\n]*))")
VARIANT = re.compile(r"(?:or|alternatively)\b", re.IGNORECASE)
LABEL = re.compile(rb"""\w{1,40}[ \t]{0,4}(?:\[\(?|\(\[?|\{+)[ \t]*"?([A-Za-z][^\]\)\}"\n]*)"?[ \t]*[\]\)\}]+""")
DOT_LABEL = re.compile(rb'\blabel[ \t]*=[ \t]*"([^"\n]+)"')
DOT_NODE = re.compile(rb'(?m)^[ \t]*"([A-Za-z][^"\n]*)"[ \t]*(?:\[[^\]\n]*\])?[ \t]*;?[ \t]*\r?$')


class Part(NamedTuple):
    """A part of a fence: where it begins, and where the pieces of its text stand, in bytes of the fence's body."""

    at: int
    pieces: list[tuple[int, int]]


class Chunk(NamedTuple):
    """A part of a fence: bytes of the file, and those of the pieces of its text."""

    start: int
    end: int
    pieces: list[tuple[int, int]]
    flow: StepEncoding


def split_fences(blocks: list[Block], source: SourceText) -> list[Block]:
    """The blocks with such fences replaced by their parts; the same list where there are none."""
    found = {block.index: chunks for block in blocks if _candidate(block) and (chunks := _chunks(block, blocks, source.raw))}
    if not found:
        return blocks
    out: list[Block] = []
    moved: dict[int, int] = {}
    for block in blocks:
        moved[block.index] = len(out)
        out.extend(_parts(block, found[block.index], source) if block.index in found else [block])
    for index, block in enumerate(out):
        block.index = index
        block.children = [moved[child] for child in block.children]
        block.parent = moved[block.parent] if block.parent is not None else None
    return out


def _candidate(block: Block) -> bool:
    """Only fences of these languages at the top level; most fences are out before any text is looked at."""
    if (
        block.kind is not FENCE
        or block.parent is not None
        or not block.closed
        or not 0 < block.body[1] - block.body[0] <= LARGEST
    ):
        return False
    return _language(block) in GRAPHS | PLAIN | CODED


def _language(block: Block) -> str:
    return (block.language.split() or [""])[0].lower()


def _chunks(block: Block, blocks: list[Block], raw: bytes) -> list[Chunk]:
    """Parts of a fence, two or more, or none. Only right below a heading, at most one paragraph between."""
    heading = _heading(block, blocks)
    if heading is None:
        return []
    start, end = block.body
    numbering, _, at = number_of(heading.text)
    procedure = role_of(heading.text[at:])[0].value == "procedure"
    language, body = _language(block), raw[start:end]
    found: list[Part] = []
    flow = StepEncoding.FENCE
    if language in GRAPHS or body.lstrip()[:8] == b"digraph ":
        flow, found = StepEncoding.GRAPH, list(_labels(body)) if procedure or numbering else []
    elif language in PLAIN:
        flow, found = StepEncoding.PSEUDO_CODE, _numbered(body) if procedure or numbering else []
    elif language in CODED and numbering:
        found = _commented(body)
    if not 2 <= len(found) <= MOST:
        return []
    ends = [part.at for part in found[1:]] + [len(body)]
    chunks = [
        Chunk(start + part.at, start + stop, [(start + a, start + b) for a, b in part.pieces], flow)
        for part, stop in zip(found, ends, strict=True)
    ]
    preamble = raw[start : chunks[0].start]
    return [Chunk(start, chunks[0].start, [], flow)] * bool(preamble.strip()) + chunks


def _heading(block: Block, blocks: list[Block]) -> Block | None:
    """The heading right above a fence, when nothing stands between or one paragraph that does not instruct."""
    before = blocks[block.index - 1] if block.index else None
    if before is not None and before.kind is PARAGRAPH and before.parent is None and not is_imperative(before.text):
        before = blocks[before.index - 1] if before.index else None
    return before if before is not None and before.kind is HEADING else None


def _numbered(body: bytes) -> list[Part]:
    """Lines numbered from 1 upwards; what is not numbered belongs to the line before."""
    parts: list[Part] = []
    at = 0
    for line in body.splitlines(keepends=True):
        found = LINE_NUMBER.match(line)
        inner = line.strip()
        begin = at + line.find(inner)
        if found and int(found.group(1)) == len(parts) + 1:
            parts.append(Part(at, [(at + found.start(2), begin + len(inner))]))
        elif parts and inner:
            parts[-1].pieces.append((begin, begin + len(inner)))
        at += len(line)
    return parts


def _labels(body: bytes) -> Iterator[Part]:
    """Labels of the nodes of a graph, each once, where it first stands."""
    dotted = body.lstrip()[:7] in (b"digraph", b"graph {") or b"digraph" in body[:200]
    seen: set[bytes] = set()
    patterns = (DOT_LABEL, DOT_NODE) if dotted else (LABEL,)
    last = -1
    for found in sorted((m for pattern in patterns for m in pattern.finditer(body)), key=lambda m: m.start()):
        name = found.group(1).strip()
        at = body.rfind(b"\n", 0, found.start()) + 1 if dotted else found.start()
        if at > last and name not in seen and b" " in name and not _no_node(body, found.start(), dotted):
            seen.add(name)
            last = at
            yield Part(at, [(found.start(1), found.start(1) + len(name))])


def _no_node(body: bytes, at: int, dotted: bool) -> bool:
    """Does a label stand on an edge (a condition), or outside the brackets of any node (the name of a group)?"""
    line = body[body.rfind(b"\n", 0, at) + 1 : at]
    return dotted and body[at : at + 5] == b"label" and (b"->" in line or body.rfind(b"[", 0, at) <= body.rfind(b"]", 0, at))


def _commented(body: bytes) -> list[Part]:
    """Comments on lines of their own at the head of a paragraph of code, when most instruct and none offers a choice."""
    inside = list(here_documents(body)) if b"<<" in body else []
    found = [
        Part(m.start(1), [(m.start(2), m.start(2) + len(m.group(2).rstrip()))])
        for m in COMMENT.finditer(body)
        if not any(start <= m.start(1) < end for start, end, _ in inside)
    ]
    names = [body[slice(*part.pieces[0])].decode("utf-8", "replace") for part in found]
    variants = any(map(VARIANT.match, names))
    return found if 2 * sum(map(is_imperative, names)) > len(found) and not variants else []


def _parts(block: Block, chunks: list[Chunk], source: SourceText) -> Iterator[Block]:
    for chunk in chunks:
        end = chunk.end
        while end > chunk.start and source.raw[end - 1] in b" \t\r\n":
            end -= 1
        text, runs = _text(chunk.pieces, source)
        flow = chunk.flow if text else None
        line, last = source.lines.line(chunk.start), source.lines.last_line(chunk.start, end)
        yield Block(
            0, FENCE, chunk.start, end, line, last, None, block.section,
            text=text, runs=runs, own_end=end, language=block.language, body=(chunk.start, end), flow=flow,
        )  # fmt: skip


def _text(pieces: list[tuple[int, int]], source: SourceText) -> tuple[str, list[Run]]:
    """The pieces as sentences, each a run of its own; line breaks of labels become as many blanks."""
    text, runs = "", []
    for start, end in pieces:
        piece = SourceText.decode(source.file, source.raw[start:end])
        line = piece.text.replace("\\n", "  ").replace("<br/>", "     ").replace("<br>", "    ")
        text += " " if text.endswith((":", ".", ",")) else ". " if text else ""
        runs.append(Run(TEXT, start, end, len(text), line, jumps=piece.jumps[1:]))
        text += line
    return text, runs
