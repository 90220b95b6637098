"""Findings about the file, its front matter and its shape that no single reader makes."""

from __future__ import annotations

import codecs
import re

from skvm.parse.draft import FENCE, Draft, FrontField
from skvm.parse.structure.conflicts import note_conflicts
from skvm.parse.structure.front import FrontMatter
from skvm.parse.structure.report import Reporter
from skvm.parse.structure.words import cue
from skvm.source import SkillSource, Span

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
NAME_LIMIT = 64
DESCRIPTION_LIMIT = 1024
"""Limits of the Agent Skills specification; two of ten measured harnesses cut a longer description (1,220 characters)."""

_SENTENCE_END = re.compile(r"[.!?](?=\s)")
BINARY_SHARE = 0.3
_PROBLEMS = {
    "main-name": "SKV103",
    "link-main": "SKV104",
    "link-out": "SKV104",
    "link-folder": "SKV104",
    "too-large": "SKV105",
    "too-many": "SKV105",
    "too-deep": "SKV105",
    "unreadable": "SKV105",
}


def note_file(source: SkillSource, report: Reporter) -> None:
    """Problems of the folder and of the bytes."""
    main = source.main
    top = Span(main.file, 0, min(1, len(main.raw)))
    for problem in source.problems:
        report.add(_PROBLEMS.get(problem.kind, "SKV105"), top, f"{problem.path}: {problem.detail}")
    if not main.text.strip():
        report.add("SKV101", top, "the main file is empty")
        return
    odd = len(main.bad_bytes) + main.raw.count(b"\0")
    if odd > BINARY_SHARE * len(main.raw):
        wide = main.raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        what = "this is UTF-16 and must be saved as UTF-8" if wide else "this looks like a binary file"
        report.add("SKV106", top, f"{odd} of {len(main.raw)} bytes are not text; {what}")
    elif main.bad_bytes:
        first = main.bad_bytes[0]
        message = f"{len(main.bad_bytes)} bytes are not UTF-8; each is read as U+FFFD"
        report.add("SKV102", Span(main.file, first, first + 1), message)


def note_front(source: SkillSource, front: FrontMatter, report: Reporter) -> None:
    """What the specification asks of name and description."""
    if not front.found:
        return
    main = source.main
    where = main.span(front.start, max(front.start, front.end))
    name = next((f for f in front.fields if f.key == "name" and f.value), None)
    description = next((f for f in front.fields if f.key == "description" and f.value), None)
    if name is None:
        report.add("SKV114", where, "the front matter has no name", fix=_name_fix(source, front))
    else:
        _name(source, name.value, Span(main.file, name.start, name.end), report)
    if description is None:
        report.add("SKV115", where, "the front matter has no description; most agents then do not list the skill")
    elif len(description.value) > DESCRIPTION_LIMIT:
        _long(source, description, report)
    note_conflicts(source, front.fields, report)


def _long(source: SkillSource, description: FrontField, report: Reporter) -> None:
    """SKV117 at what is cut off, with the last words that are kept; what stands there about when to use the skill is lost."""
    main = source.main
    value = description.value
    span = Span(main.file, description.start, description.end)
    written = main.slice(span)
    kept = " ".join(value[:DESCRIPTION_LIMIT].split()[-5:])
    notes = [f"what is kept ends with: ... {kept}"]
    if cue("use").search(value, DESCRIPTION_LIMIT):
        notes.append("the part that is cut says when to use the skill, and an agent will not see it")
    fix = None
    if value in written:  # on one line as it is read: bytes of the text can be told from characters of the value
        head = written.index(value)
        origin = description.start + len(written[:head].encode("utf-8"))
        span = Span(main.file, origin + len(value[:DESCRIPTION_LIMIT].encode("utf-8")), description.end)
        end = max((m.end() for m in _SENTENCE_END.finditer(value, 0, DESCRIPTION_LIMIT)), default=0)
        if end and main.raw[origin : origin + len(value.encode("utf-8"))] == value.encode("utf-8"):
            start = origin + len(value[:end].encode("utf-8"))
            cut = Span(main.file, start, origin + len(value.encode("utf-8")))
            fix = ("end it behind the last sentence that is kept whole; move the rest into the body", cut, "")
    message = f"the description has {len(value)} characters; agents may cut it at {DESCRIPTION_LIMIT}"
    report.add("SKV117", span, message, fix=fix, safe=False, notes=tuple(notes))


def _name_fix(source: SkillSource, front: FrontMatter) -> tuple[str, Span, str] | None:
    if source.root is None or not NAME.fullmatch(source.name) or not front.fields:
        return None
    line = source.main.lines.line(front.fields[0].start)
    at = source.main.lines.line_span(line)[0]
    return "name it like its folder", Span(source.main.file, at, at), f"name: {source.name}\n"


def _name(source: SkillSource, name: str, span: Span, report: Reporter) -> None:
    if not NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:NAME_LIMIT].strip("-")
        fix = ("spell it in lower case with hyphens", span, better) if better else None
        report.add("SKV116", span, f"the name {name!r} is not lower-case words joined by hyphens", fix=fix, safe=False)
    elif source.root is not None and name != source.name:
        message = f"the name {name!r} differs from the folder {source.name!r}"
        report.add("SKV119", span, message, fix=("name it like its folder", span, source.name), safe=False)


def note_shape(source: SkillSource, draft: Draft, failed: bool, report: Reporter) -> None:
    """Unclosed fences, text that could not be read as Markdown, and that there is no procedure."""
    raw = source.main.raw
    for block in draft.blocks:
        if block.kind is FENCE and not block.closed and block.language != "indented":
            mark = "~~~" if raw[block.start : block.start + 1] == b"~" else "```"
            end = draft.span(len(raw), len(raw))
            text = mark + "\n" if raw.endswith(b"\n") else f"\n{mark}\n"
            span = draft.span(block.start, min(block.body[0], block.end) or block.end)
            report.add(
                "SKV203",
                span,
                "this code fence is never closed; the rest of the text is code",
                fix=("close it", end, text),
                safe=False,
            )
    if failed:
        report.add(
            "SKV207", draft.span(draft.body_start, len(raw)), "the text could not be read as Markdown; it is kept as it is"
        )
    if not draft.has_procedure and raw.strip():
        at = draft.body_start
        report.add(
            "SKV201", draft.span(min(at, len(raw)), min(at + 1, len(raw))), "no procedure found: the skill runs as one step"
        )
