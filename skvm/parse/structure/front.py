"""Front matter: found tolerantly, read as YAML with every scalar kept as text, repaired, or scanned key by key.

Order of attempts: YAML (C loader, `compose` only: nothing is constructed) -> quoting of plain values that YAML cannot read
-> scan of `key: value` lines. Whatever was needed beyond the first is a diagnostic. Before YAML two caps (decisions, "Text,
spans, limits"): 64 kB and nesting depth 64, because the C loader runs out of stack on deeply nested indicators.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from skvm.parse.draft import FrontField
from skvm.parse.structure.region import HEADED_KEY, KEY_LINE, MAX_BYTES, UNCLOSED_LINES, Region, find_region, lines_of
from skvm.parse.structure.report import Reporter
from skvm.source import SourceText, Span

MAX_DEPTH = 64
MAX_FIELDS = 2_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_PLAIN_TROUBLE = re.compile(rb"^[@`%&*!|>\[{]|:(?:[ \t]|$)| #")


class FrontMatter(NamedTuple):
    """Where the front matter lies (bytes of `encoded`), what it says, and where the body begins. `found` False: none."""

    found: bool
    start: int
    end: int
    fields: tuple[FrontField, ...]
    body: int


def read_front_matter(source: SourceText, report: Reporter) -> FrontMatter:
    """Find and read the front matter of a main file; problems go to `report`."""
    region = find_region(source, report)
    if region is None:
        at = source.span(0, min(len(source.encoded), 1))
        if not source.encoded.strip():
            return FrontMatter(False, 0, 0, (), 0)
        report.add("SKV110", at, "no front matter; agents find a skill by its name and description")
        return FrontMatter(False, 0, 0, (), 0)
    fields = _read(source, region, report)
    return FrontMatter(True, region.head, region.body, tuple(fields), region.body)


def _depth(text: bytes) -> int:
    """An upper bound of the nesting depth of YAML text, by its indicators."""
    deepest = flow = 0
    indents: list[int] = []
    for line in text.split(b"\n"):
        body = line.lstrip(b" ")
        if not body:
            continue
        indent = len(line) - len(body)
        while indents and indents[-1] >= indent:
            indents.pop()
        indents.append(indent)
        lead = body[: len(body) - len(body.lstrip(b"-? :"))]
        flow += body.count(b"[") + body.count(b"{")
        deepest = max(deepest, len(indents) + len(lead) + flow)
        flow = max(0, flow - body.count(b"]") - body.count(b"}"))
    return deepest


def _read(source: SourceText, region: Region, report: Reporter) -> list[FrontField]:
    raw = source.encoded[region.start : region.end]
    where = source.span(region.start, max(region.start, region.end))
    if not raw.strip():
        return []
    if len(raw) > MAX_BYTES or _depth(raw) > MAX_DEPTH:
        report.add(
            "SKV112", where, f"front matter of {len(raw)} bytes is too large or too deeply nested for YAML; read line by line"
        )
        return _scan(source, region, report)
    if _headed(source, region, raw, report):
        return _scan(source, region, report)
    text = raw.decode("utf-8")
    node, problem = _compose(text, source.encoded.count(b"\n", 0, region.start) + 1)
    if isinstance(node, yaml.MappingNode):
        return _Flat(source, region, text, report, {}).fields(node)
    repaired, edits = _quote(raw)
    node, _ = _compose(repaired.decode("utf-8")) if edits else (None, "")
    if isinstance(node, yaml.MappingNode):
        _report_quotes(source, region, raw, edits, report)
        shifts = {line: column for line, column, _ in edits}
        return _Flat(source, region, repaired.decode("utf-8"), report, shifts, raw).fields(node)
    report.add("SKV112", where, f"the front matter is not valid YAML ({problem or 'not a mapping'}); read line by line")
    return _scan(source, region, report)


def _headed(source: SourceText, region: Region, raw: bytes, report: Reporter) -> bool:
    """Report keys that are written as headings: for YAML they are comments."""
    found = False
    for a, b in lines_of(raw, UNCLOSED_LINES):
        match = HEADED_KEY.match(raw[a:b])
        if match is not None and not re.search(rb"^" + match.group(1) + rb"[ \t]*:", raw, re.MULTILINE):
            found = True
            span = source.span(region.start + a, region.start + a + match.end())
            fix = ("make it a key again", span, "")
            report.add("SKV113", span, "a key of the front matter is written as a heading", fix=fix)
    return found


def _compose(text: str, first: int = 0) -> tuple[yaml.Node | None, str]:
    """The tree of YAML text, or what is wrong with it; `first` is the line of the file the text begins on."""
    try:
        return yaml.compose(text, Loader=_LOADER), ""
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or str(error) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + first}" if mark is not None and first else ""
        return None, str(reason).splitlines()[0] + where


def _quote(raw: bytes) -> tuple[bytes, list[tuple[int, int, int]]]:
    """Quote plain values YAML cannot read. Edits: (line number from 0, column where the value begins, its length)."""
    out: list[bytes] = []
    edits: list[tuple[int, int, int]] = []
    for number, line in enumerate(raw.split(b"\n")):
        match = KEY_LINE.match(line)
        value = line[match.end() :].rstrip() if match else b""
        if match is None or not value or value[:1] in b"\"'" or not _PLAIN_TROUBLE.search(value) or _is_collection(value):
            out.append(line)
            continue
        edits.append((number, match.end(), len(value)))
        out.append(line[: match.end()] + b"'" + value.replace(b"'", b"''") + b"'")
    return b"\n".join(out), edits


def _is_collection(value: bytes) -> bool:
    """A flow collection, a block scalar head, or an anchor: not a plain value."""
    return (value[:1] in b"[{" and value[-1:] in b"]}") or re.match(rb"^[|>][-+0-9]*$", value) is not None


def _report_quotes(source: SourceText, region: Region, raw: bytes, edits: list[tuple[int, int, int]], report: Reporter) -> None:
    starts = [0]
    for line in raw.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    for number, column, length in edits:
        start = region.start + starts[number] + column
        span = source.span(start, start + length)
        value = source.encoded[start : start + length].decode("utf-8", "replace")
        quoted = "'" + value.replace("'", "''") + "'"
        report.add(
            "SKV113",
            span,
            "a plain value that YAML cannot read (a colon or special first letter)",
            fix=("quote it", span, quoted),
        )


class _Flat:
    """Flattens a composed mapping into dotted fields with spans of the original."""

    def __init__(
        self, source: SourceText, region: Region, text: str, report: Reporter, shifts: dict[int, int], raw: bytes = b""
    ) -> None:
        self.source = source
        self.report = report
        self.shifts = shifts
        self.base = region.start
        self.raw = raw or text.encode("utf-8")
        self.text = text
        self.ascii = text.isascii()
        self.starts: list[int] = []
        if shifts:
            at = 0
            for line in self.raw.split(b"\n"):
                self.starts.append(at)
                at += len(line) + 1
        self.out: list[FrontField] = []
        self.whole: Span | None = None

    def fields(self, node: yaml.MappingNode) -> list[FrontField]:
        """All scalar fields in text order, at most `MAX_FIELDS`."""
        self._mapping(node, "", 0)
        return self.out

    def _byte(self, mark: yaml.Mark, end: bool) -> int:
        if self.shifts:
            if mark.line >= len(self.starts):
                return self.base + len(self.raw)
            stop = self.starts[mark.line + 1] - 1 if mark.line + 1 < len(self.starts) else len(self.raw)
            column = self.shifts.get(mark.line)
            if column is not None and mark.column > column:
                return self.base + stop
            line = self.raw[self.starts[mark.line] : stop].decode("utf-8", "replace")
            return self.base + min(self.starts[mark.line] + len(line[: mark.column].encode("utf-8")), stop)
        return self.base + (mark.index if self.ascii else len(self.text[: mark.index].encode("utf-8")))

    def _mapping(self, node: yaml.MappingNode, prefix: str, depth: int) -> None:
        seen: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            name = f"{prefix}.{key.value}" if prefix else str(key.value)
            if key.value in seen and self.whole is not None:
                continue
            if key.value in seen:
                span = self.source.span(self._byte(key.start_mark, False), self._byte(key.end_mark, True))
                alike = _same(seen[key.value], value)
                _twice(str(key.value), span, self.report, self._line(key, value) if depth == 0 else None, alike)
                continue
            seen[key.value] = value
            self._value(name, value, depth, False)

    def _line(self, key: yaml.ScalarNode, value: yaml.Node) -> Span | None:
        """The line of a plain `key: value`; None where the value goes on."""
        data = self.source.encoded
        start = self._byte(key.start_mark, False)
        end = data.find(b"\n", start) + 1
        whole = isinstance(value, yaml.ScalarNode) and self._byte(value.end_mark, True) <= end
        return self.source.span(start, end) if whole and data[max(0, start - 1) : start] in (b"", b"\n") else None

    def _span(self, node: yaml.ScalarNode) -> Span:
        start, end = self._byte(node.start_mark, False), self._byte(node.end_mark, True)
        while end > start and self.source.encoded[end - 1] in b"\r\n \t":
            end -= 1
        return self.source.span(start, end)

    def _inside(self, name: str, value: str, span: Span, depth: int) -> None:
        """A map inside a string: its fields are shown by the whole string, and only where it shows them literally."""
        if _depth(value.encode("utf-8")) > MAX_DEPTH:
            return
        inner, _ = _compose(value)
        if isinstance(inner, yaml.MappingNode):
            self.whole = span
            self._mapping(inner, name, depth + 1)
            self.whole = None

    def _value(self, name: str, node: yaml.Node, depth: int, listed: bool) -> None:
        if len(self.out) >= MAX_FIELDS or depth > MAX_DEPTH:
            return
        if isinstance(node, yaml.ScalarNode):
            value = str(node.value).strip()
            span = self.whole or self._span(node)
            if self.whole is None or value in self.source.slice(span):
                self.out.append(FrontField(name, value, span.start, span.end, listed))
            if self.whole is None and value[:1] == "{" and value[-1:] == "}":
                self._inside(name, value, span, depth)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._value(name, item, depth + 1, True)
        elif isinstance(node, yaml.MappingNode):
            self._mapping(node, name, depth + 1)


def _scan(source: SourceText, region: Region, report: Reporter) -> list[FrontField]:
    """`key: value` lines at the left margin; further lines that are indented continue the value. The first of a key counts."""
    out: list[FrontField] = []
    seen: set[str] = set()
    repeated = False
    data = source.encoded
    for a, b in lines_of(data[region.start : region.end], MAX_BYTES):
        at, stop = region.start + a, region.start + b
        headed = HEADED_KEY.match(data[at:stop])
        at += headed.end() if headed else 0
        line = data[at:stop]
        match = KEY_LINE.match(line)
        if match and not match.group(1) and len(out) < MAX_FIELDS:
            key = match.group(2).decode("utf-8", "replace")
            repeated = key in seen
            if repeated:
                if not headed:
                    _twice(key, source.span(at + match.start(2), at + match.end(2)), report)
                continue
            seen.add(key)
            start, end = at + match.end(), at + len(line.rstrip())
            value = data[start : max(start, end)].decode("utf-8", "replace").strip("\"' ")
            span = source.span(start, max(start, end))
            out.append(FrontField(key, value, span.start, span.end))
        elif out and not repeated and line[:1] in (b" ", b"\t") and line.strip():
            last = out[-1]
            more = line.strip().decode("utf-8", "replace")
            head = "" if last.value in ("|", ">", "|-", ">-") else last.value
            end = source.origin(at + len(line.rstrip()))
            out[-1] = last._replace(value=f"{head} {more}".strip(), end=max(last.end, end))
    return out


def _same(one: yaml.Node, other: yaml.Node) -> bool:
    return isinstance(one, yaml.ScalarNode) and isinstance(other, yaml.ScalarNode) and one.value == other.value


def _twice(key: str, span: Span, report: Reporter, line: Span | None = None, alike: bool = False) -> None:
    """SKV118; `line` is what can be taken out, `alike` tells that nothing is lost by it."""
    fix = ("keep the first one", line, "") if line is not None else None
    report.add("SKV118", span, f"the key {key!r} stands twice; the first one counts", fix=fix, safe=alike)
