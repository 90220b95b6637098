"""CommonMark events to blocks with exact byte ranges of the original file.

The event reader is pyromark (pulldown-cmark); it is contained here: whatever it raises, the text comes back as plain
paragraphs with a diagnostic. One pass, a stack of open blocks, cost linear in the events.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, NamedTuple

import pyromark

from skvm.parse.draft import (
    CODE,
    FENCE,
    HEADING,
    HTML,
    ITEM,
    LINK,
    LIST,
    PARAGRAPH,
    QUOTE,
    ROW,
    RULE,
    TABLE,
    TEXT,
    Block,
    BlockKind,
    Cell,
    Run,
    RunKind,
)
from skvm.source import SourceText

READER = pyromark.Markdown(options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_TASKLISTS)

_CONTAINERS = {
    "Paragraph": PARAGRAPH,
    "Item": ITEM,
    "TableHead": ROW,
    "TableRow": ROW,
    "HtmlBlock": HTML,
}
_PLAIN = {"Table": TABLE, "BlockQuote": QUOTE}
_LINKS = {"Link": LINK, "Image": RunKind.IMAGE}
_TEXT_HOLDERS = frozenset({PARAGRAPH, HEADING, ITEM, ROW})


_TAG_LINE = re.compile(rb"^[ ]{0,3}<(/?)([A-Za-z][A-Za-z0-9_-]{1,40})>[ \t]*\r?$", re.MULTILINE)
_FENCE_LINE = re.compile(rb"^[ \t>]*(`{3,}|~{3,})", re.MULTILINE)
_HTML_TAGS = frozenset(
    b"a b i u p br hr em div img pre sub sup table thead tbody tr td th ul ol li dl dt dd span code strong details summary "
    b"center small kbd blockquote h1 h2 h3 h4 h5 h6 html head body style script svg video iframe picture source font section "
    b"article form input button".split()
)


MAX_TAGS = 8


class Tag(NamedTuple):
    """A line that is nothing but `<name>` or `</name>`: authors use such tags as section marks. Offsets in the body."""

    start: int
    end: int
    name: str
    closes: bool


def section_tags(body: bytes) -> list[Tag]:
    """Tag lines outside fences whose tag is opened and closed in the body and is no HTML element."""
    found = [m for m in _TAG_LINE.finditer(body) if m.group(2).lower() not in _HTML_TAGS]
    if not found:
        return []
    fences = _fenced(body)
    tags = []
    at = 0
    for match in found:
        while at < len(fences) and fences[at][1] <= match.start():
            at += 1
        if at < len(fences) and fences[at][0] <= match.start():
            continue
        tags.append(Tag(match.start(), match.end(), match.group(2).decode("ascii"), bool(match.group(1))))
    return _paired(tags)


def _fenced(body: bytes) -> list[tuple[int, int]]:
    """Byte ranges of fences by their lines alone."""
    out: list[tuple[int, int]] = []
    opened: tuple[int, bytes] | None = None
    for match in _FENCE_LINE.finditer(body):
        mark = match.group(1)
        if opened is None:
            opened = (match.start(), mark)
        elif mark[:1] == opened[1][:1] and len(mark) >= len(opened[1]):
            out.append((opened[0], match.end()))
            opened = None
    if opened is not None:
        out.append((opened[0], len(body)))
    return out


def _paired(tags: list[Tag]) -> list[Tag]:
    """Tags that nest properly; what has no partner is left to Markdown."""
    kept: list[Tag] = []
    opened: list[Tag] = []
    for tag in tags:
        if not tag.closes:
            opened.append(tag)
            continue
        depth = next((d for d in range(1, min(len(opened), 20) + 1) if opened[-d].name == tag.name), 0)
        if depth:
            kept += (opened[-depth], tag)
            del opened[-depth:]
    return _shallow(sorted(kept))


def _shallow(tags: list[Tag]) -> list[Tag]:
    """Pairs down to `MAX_TAGS` levels; deeper ones mark no sections."""
    out: list[Tag] = []
    depth = 0
    for tag in tags:
        depth += 0 if tag.closes else 1
        if depth <= MAX_TAGS:
            out.append(tag)
        depth -= 1 if tag.closes else 0
    return out


class BlockReader:
    """Reads one body into `blocks`. `base` is the offset of the body in `source.encoded`."""

    def __init__(self, source: SourceText, base: int) -> None:
        self.source = source
        self.base = base
        self.blocks: list[Block] = []
        self.failed = False
        self._stack: list[Block] = []
        self._holders: list[Block] = []
        self._strong = 0
        self._cell: tuple[int, int, int] | None = None
        self._depth = 0
        self._ordinals: list[int] = []
        shift = source.jumps[0][1] + base
        self._shift = shift if len(source.jumps) == 1 else None
        self._starts = source.lines.starts
        self._tags: list[Tag] = []
        self._tag_starts: dict[int, int] = {}
        self._next_tag = 0
        self._last_end = 0

    def read(self) -> list[Block]:
        """All blocks in text order."""
        data = self.source.encoded[self.base :]
        self._tags = section_tags(data)
        if self._tags:
            blank = bytearray(data)
            for tag in self._tags:
                blank[tag.start : tag.end] = b" " * (tag.end - tag.start)
            self._tag_starts = {self._at(t.start + len(data[t.start : t.end].rstrip())): self._at(t.start) for t in self._tags}
            data = bytes(blank)
        body = data.decode("utf-8")
        try:
            self._events(body)
            self._emit_tags(len(data))
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException:  # a panic of the reader arrives as a BaseException; law 1 wants a program all the same
            self._plain(body)
        return self.blocks

    def _plain(self, body: str) -> None:
        self.failed = True
        self.blocks.clear()
        self._stack.clear()
        at = 0
        for line in body.splitlines(keepends=True):
            size = len(line.encode("utf-8"))
            if line.strip():
                block = self._open(PARAGRAPH, at, at + size)
                block.text = line.strip()
                block.own_end = block.end
                block.runs.append(Run(TEXT, block.start, block.end, 0, block.text))
                self._stack.pop()
            at += size

    def _at(self, offset: int) -> int:
        return offset + self._shift if self._shift is not None else self.source.origin(offset + self.base)

    def _emit_tags(self, before: int) -> None:
        """Tag lines up to an offset as markup blocks with `target` in `language`."""
        while self._next_tag < len(self._tags) and self._tags[self._next_tag].start < before:
            tag = self._tags[self._next_tag]
            self._next_tag += 1
            block = self._make(HTML, tag.start, tag.end, None)
            if self._last_end > block.start:  # it lay inside a container; the marks of sections stand between blocks
                block.start = block.end = block.own_end = self._last_end
            block.language = f"</{tag.name}>" if tag.closes else f"<{tag.name}>"

    def _open(self, kind: BlockKind, start: int, end: int) -> Block:
        parent = self._stack[-1] if self._stack else None
        if parent is None and self._next_tag < len(self._tags):
            self._emit_tags(start)
        block = self._make(kind, start, end, parent)
        if parent is None:
            self._last_end = block.end
        self._stack.append(block)
        return block

    def _text_end(self, first: int, last: int) -> int:
        """End of a block without the blanks and the tag lines behind its text: those mark sections and belong to none."""
        raw = self.source.raw
        while last > first:
            if raw[last - 1] in b"\r\n \t":
                last -= 1
            elif first < self._tag_starts.get(last, first):
                last = self._tag_starts[last]
            else:
                break
        return last

    def _make(self, kind: BlockKind, start: int, end: int, parent: Block | None) -> Block:
        first, last = self._at(start), self._at(end)
        last = self._text_end(first, last)
        line = bisect_right(self._starts, first)
        block = Block(
            len(self.blocks), kind, first, last, line, bisect_right(self._starts, max(first, last - 1)),
            parent.index if parent is not None else None, 0,
        )  # fmt: skip
        block.own_end = last
        if parent is not None:
            parent.children.append(block.index)
        self.blocks.append(block)
        return block

    def _events(self, body: str) -> None:
        stream: Any = READER.events_with_range(body, merge_text=True)  # its type stubs do not narrow events by name
        start, end, add = self._start, self._end, self._add
        for event, place in stream:
            if event.__class__ is str:
                self._mark(event, place)
                continue
            for name, value in event.items():  # there is one; a loop unpacks it at least cost
                if name == "Text":
                    add(TEXT, place["start"], place["end"], value)
                elif name == "Start":
                    start(value, place)
                elif name == "End":
                    end(value)
                else:
                    self._inline(name, value, place)

    def _inline(self, name: str, value: Any, place: dict[str, int]) -> None:
        if name == "Code":
            self._code(value, place["start"], place["end"])
        elif name == "TaskListMarker" and self._stack:
            self._stack[-1].checked = bool(value)
        elif name in ("InlineHtml", "Html"):
            self._html(value, place["start"], place["end"])

    def _mark(self, event: str, place: dict[str, int]) -> None:
        if event == "Rule":
            self._open(RULE, place["start"], place["end"])
            self._stack.pop()
        elif event in ("SoftBreak", "HardBreak"):
            self._add(TEXT, place["start"], place["end"], " ")

    # -- inline content ------------------------------------------------------------------------------------------------

    def _holder(self) -> Block | None:
        """The block that the inline content at hand belongs to."""
        if not self._stack:
            return None
        top = self._stack[-1]
        if top.kind in _TEXT_HOLDERS:
            return top
        return None

    def _add(self, kind: RunKind, start: int, end: int, text: str, target: str = "") -> None:
        """A run of bytes `[start, end)` of the body, where a block that holds text is open."""
        top = self._stack[-1] if self._stack else None
        if top is None or top.kind not in _TEXT_HOLDERS:
            return
        jumps: tuple[tuple[int, int], ...] = ()
        if self._shift is not None:
            start, end = start + self._shift, end + self._shift
        else:
            jumps = self.source.jumps_within(start + self.base, end + self.base)
            start, end = self._at(start), self._at(end)
        runs = top.runs
        at = runs[-1].at + len(runs[-1].text) if runs else 0
        runs.append(Run(kind, start, end, at, text, self._strong > 0, target, jumps))
        if kind is CODE:
            top.coded = True
        elif kind is LINK:
            top.linked = True

    def _code(self, text: str, start: int, end: int) -> None:
        encoded = self.source.encoded
        low, high = self.base + start, self.base + end
        while low < high and encoded[low] == 96 and encoded[high - 1] == 96:
            low += 1
            high -= 1
        while (
            low < high and encoded[low] == 32 and encoded[high - 1] == 32 and len(text.encode("utf-8", "replace")) < high - low
        ):
            low += 1
            high -= 1
        self._add(CODE, low - self.base, high - self.base, text)

    def _html(self, text: str, start: int, end: int) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and top.kind is HTML:
            top.text += text
        else:
            self._add(RunKind.HTML, start, end, "", text)

    # -- blocks --------------------------------------------------------------------------------------------------------

    def _start(self, value: Any, place: dict[str, int]) -> None:
        start, end = place["start"], place["end"]
        if isinstance(value, str):
            if value == "Strong":
                self._strong += 1
            elif value == "TableCell":
                self._start_cell(start, end)
            elif value in _CONTAINERS:
                self._start_container(value, start, end)
            return
        ((name, detail),) = value.items()
        if name == "Heading":
            self._open(HEADING, start, end).level = int(detail["level"][1])
        elif name == "List":
            self._start_list(detail, start, end)
        elif name == "CodeBlock":
            self._start_fence(detail, start, end)
        elif name in _PLAIN:
            self._open(_PLAIN[name], start, end)
        elif name in _LINKS:
            self._add(_LINKS[name], start, end, "", detail.get("dest_url", ""))

    def _start_list(self, first: int | None, start: int, end: int) -> None:
        block = self._open(LIST, start, end)
        block.ordered = first is not None
        block.level = self._depth
        self._depth += 1
        self._ordinals.append(first if first is not None else 0)

    def _start_container(self, name: str, start: int, end: int) -> None:
        kind = _CONTAINERS[name]
        if kind is PARAGRAPH and self._stack and self._first_of_item(self._stack[-1]):
            self._holders.append(self._stack[-1])  # the first paragraph of a loose item is the item's own text
            self._stack.append(self._stack[-1])
            return
        block = self._open(kind, start, end)
        if kind is ITEM:
            block.level = self._depth - 1
            block.number = self._item_number(block)
            self._ordinals[-1] += 1
        elif kind is ROW:
            block.header = name == "TableHead"

    @staticmethod
    def _first_of_item(block: Block) -> bool:
        return block.kind is ITEM and not block.runs and not block.children

    def _item_number(self, block: Block) -> str | None:
        if len(self._stack) < 2 or not self._stack[-2].ordered:
            return None
        head = self.source.raw[block.start : block.start + 12].decode("ascii", "replace")
        digits = head[: len(head) - len(head.lstrip("0123456789"))]
        return digits or str(self._ordinals[-1])

    def _start_fence(self, detail: Any, start: int, end: int) -> None:
        block = self._open(FENCE, start, end)
        raw = self.source.raw
        if isinstance(detail, dict):
            block.language = detail["Fenced"].strip()
            first = min(self._line_after(block.start), block.end)
            last = self.source.lines.line_span(block.last_line)[0]
            closing = raw[last : block.end].lstrip(b" \t>")
            mark = raw[block.start : block.start + 3]
            block.closed = last >= first and block.last_line > block.line and closing[:3] == mark
            block.body = (first, max(first, last) if block.closed else block.end)
        else:
            block.language = "indented"
            block.body = (block.start, block.end)

    def _line_after(self, offset: int) -> int:
        line = bisect_right(self._starts, offset)
        return self._starts[line] if line < len(self._starts) else len(self.source.raw)

    def _start_cell(self, start: int, end: int) -> None:
        top = self._holder()
        if top is None:
            return
        if top.cells:
            self._add(TEXT, start, start, " | ")
        self._cell = (self._at(start), self._at(end), len(top.runs))

    def _end(self, value: Any) -> None:
        name = value if isinstance(value, str) else next(iter(value))
        if name == "Strong":
            self._strong -= 1
        elif name == "TableCell":
            self._end_cell()
        elif name in ("Link", "Image", "Emphasis"):
            return
        elif self._stack:
            if name == "List":
                self._depth -= 1
                self._ordinals.pop()
            if self._holders and name == "Paragraph" and self._stack[-1] is self._holders[-1]:
                self._holders.pop()
                self._stack.pop()
                return
            self._close(self._stack.pop())

    def _end_cell(self) -> None:
        top = self._holder()
        if top is None or self._cell is None:
            return
        start, end, first = self._cell
        top.cells.append(Cell(start, end, "".join([run.text for run in top.runs[first:]]).strip()))
        self._cell = None

    def _close(self, block: Block) -> None:
        if block.runs:
            block.text = "".join([run.text for run in block.runs])
        if block.kind is ITEM and block.children:
            raw, last = self.source.raw, self.blocks[block.children[0]].start
            while last > block.start and raw[last - 1] in b"\r\n \t>":
                last -= 1
            block.own_end = last
