"""Diagnostics with printable positions. The only place that turns spans into lines and columns for output."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from skvm.diag.model import Applicability, Diagnostic, Edit, Fix, Severity
from skvm.source import LineIndex, SkillSource, SourceText, Span

SHOWN = 400
BEFORE = 120
"""Bytes of a line that are kept to be shown, and how many of them stand before the place when it lies far behind."""


@dataclass(frozen=True)
class Located:
    """A diagnostic and where it is printed: 1-based lines and columns.

    `line_text` is of the first line it points at, from column `line_from` on: a megabyte line is never shown whole.
    """

    diagnostic: Diagnostic
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    line_text: str
    line_from: int = 1

    def to_json(self) -> dict[str, Any]:
        """The published JSON form; offsets are bytes of the file."""
        d = self.diagnostic
        row: dict[str, Any] = {
            "code": d.code,
            "severity": d.severity.value,
            "message": d.message,
            "file": self.path,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "start": d.span.start,
            "end": d.span.end,
        }
        if d.notes:
            row["notes"] = list(d.notes)
        if d.fix is not None:
            row["fix"] = _fix_json(d.fix)
        return row

    def to_record(self) -> dict[str, Any]:
        """All that `from_record` needs, as JSON; unlike `to_json` it does not depend on where the skill lies."""
        return {**self.to_json(), "file": self.diagnostic.span.file, "line_text": self.line_text, "line_from": self.line_from}

    @classmethod
    def from_record(cls, row: dict[str, Any], path: str) -> Located:
        """Inverse of `to_record`; `path` is what the file is called in output."""
        fix = row.get("fix")
        diagnostic = Diagnostic(
            row["code"],
            Severity(row["severity"]),
            row["message"],
            Span(row["file"], row["start"], row["end"]),
            tuple(row.get("notes", ())),
            _fix_from(fix) if fix else None,
        )
        place = (row["line"], row["column"], row["end_line"], row["end_column"])
        return cls(diagnostic, path, *place, row["line_text"], row["line_from"])


def _fix_from(row: dict[str, Any]) -> Fix:
    edits = tuple(Edit(Span(e["file"], e["start"], e["end"]), e["text"]) for e in row["edits"])
    return Fix(row["message"], Applicability(row["applicability"]), edits)


def _fix_json(fix: Fix) -> dict[str, Any]:
    edits = [{"file": e.span.file, "start": e.span.start, "end": e.span.end, "text": e.text} for e in fix.edits]
    return {"message": fix.message, "applicability": fix.applicability.value, "edits": edits}


def locate(diagnostics: Iterable[Diagnostic], source: SkillSource, shown: str = "") -> tuple[Located, ...]:
    """Positions for all diagnostics of one skill. `shown` is how the skill is called in output (default: its folder)."""
    texts: dict[str, SourceText | None] = {source.main.file: source.main}
    return tuple(_locate(d, source, texts, shown) for d in diagnostics)


def shown_path(source: SkillSource, file: str, shown: str = "") -> str:
    """Path of a file of the skill as the user would write it."""
    if shown:
        return shown if file == source.main.file else f"{shown.rpartition('/')[0] or '.'}/{file}"
    return str(source.root / file) if source.root is not None else file


def _locate(d: Diagnostic, source: SkillSource, texts: dict[str, SourceText | None], shown: str) -> Located:
    file = d.span.file
    if file not in texts:
        try:
            texts[file] = SourceText.decode(file, source.read(file))
        except (KeyError, OSError):
            texts[file] = None
    text = texts[file]
    path = shown_path(source, file, shown)
    if text is None:
        return Located(d, path, 1, 1, 1, 1, "")
    return _in_text(d, path, text)


def _in_text(d: Diagnostic, path: str, text: SourceText) -> Located:
    lines: LineIndex = text.lines
    size = len(text.raw)
    start, end = min(d.span.start, size), min(d.span.end, size)
    at, until = lines.position(start), lines.position(end)
    first, last = lines.line_span(at.line)
    begin = max(first, start - BEFORE) if start - first > SHOWN // 2 else first
    while begin > first and text.raw[begin : begin + 1] and text.raw[begin] & 0xC0 == 0x80:  # not inside a character
        begin -= 1
    excerpt = text.slice(Span(text.file, begin, min(last, begin + SHOWN))).rstrip("\r\n")
    return Located(d, path, at.line, at.column, until.line, until.column, excerpt, lines.position(begin).column)
