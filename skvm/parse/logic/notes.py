"""Diagnostics of the logical half: references, fences, undeclared tools, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skvm.diag import CODES, Applicability, Diagnostic, Fix
from skvm.ir import Need, NeedKind, Origin
from skvm.parse.draft import LINK, Draft
from skvm.parse.logic.code import Code
from skvm.source import SkillSource, Span

_SECRET = re.compile(
    rb"\b(?:sk-(?:proj-|ant-[a-z0-9]+-)?[A-Za-z0-9_-]{24,}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}|AKIA[0-9A-Z]{16}"
    rb"|xox[abprs]-[0-9A-Za-z-]{20,}|AIza[0-9A-Za-z_-]{35}|glpat-[0-9A-Za-z_-]{20,}|(?:sk|rk)_live_[0-9A-Za-z]{20,}"
    rb"|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,})\b|-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}"
)
"""Forms of live credentials by their vendors' published prefixes and lengths."""

_SECRET_HEADS = (
    b"sk-",
    b"ghp_",
    b"gho_",
    b"ghu_",
    b"ghs_",
    b"ghr_",
    b"github_pat_",
    b"AKIA",
    b"xox",
    b"AIza",
    b"glpat-",
    b"k_live_",
    b"npm_",
    b"hf_",
    b"PRIVATE KEY",
)

_FAKE = re.compile(rb"x{4,}|X{4,}|0{5,}|1234|abcd|EXAMPLE|example|your|YOUR|\.\.\.|test|fake|dummy|placeholder", re.IGNORECASE)
_DISTINCT = 8
"""A credential has at least this many different characters; a placeholder rarely does."""

_CLIMBS = re.compile(r"(?a)\.\./")


def note_all(draft: Draft, source: SkillSource, code: Code, needs: tuple[Need, ...]) -> Iterator[Diagnostic]:
    """Every finding, in no particular order."""
    yield from _references(draft, source, needs)
    yield from _fences(draft, code)
    yield from _undeclared(needs)
    yield from _secrets(draft, source)


def _note(code: str, message: str, span: Span, *notes: str, fix: Fix | None = None) -> Diagnostic:
    return Diagnostic(code, CODES[code].severity, message, span, notes, fix)


def _references(draft: Draft, source: SkillSource, needs: tuple[Need, ...]) -> Iterator[Diagnostic]:
    """Files that the bundle does not have; links that climb out of it. A skill without its folder says nothing about files."""
    seen: set[str] = set()
    for need in needs:
        if need.kind is NeedKind.FILE and need.exists is False and need.name not in seen and not _CLIMBS.match(need.name):
            seen.add(need.name)
            fix = Fix(f"add {need.name} to the skill, or correct the reference", Applicability.DISPLAY)
            yield _note("SKV204", f"{need.name} is not in the bundle", need.span, fix=fix)
    for block in draft.blocks:
        for run in block.runs if block.linked else ():
            if run.kind is LINK and _CLIMBS.match(run.target):
                yield _note("SKV208", f"{run.target} leads out of the skill folder", draft.span(run.start, run.end))


def _fences(draft: Draft, code: Code) -> Iterator[Diagnostic]:
    for fence in code.fences:
        span = draft.span(fence.block.start, fence.block.end)
        if fence.facts.opaque:
            yield _note("SKV207", "this fence exceeds a cap of the analysers and was kept as it is", span)
        elif fence.facts.broken:
            language = fence.block.language or "code"
            yield _note("SKV602", f"this {language} fence could not be parsed completely", span)


def _undeclared(needs: tuple[Need, ...]) -> Iterator[Diagnostic]:
    """Executables and variables the text uses, where the front matter declares others of their kind."""
    for kind in (NeedKind.BIN, NeedKind.ENV):
        declared = {n.name for n in needs if n.kind is kind and n.declared}
        if not declared:
            continue
        seen: set[str] = set()
        for need in needs:
            if need.kind is kind and need.origin is not Origin.FRONT_MATTER and need.name not in declared | seen:
                seen.add(need.name)
                word = "executable" if kind is NeedKind.BIN else "environment variable"
                yield _note("SKV601", f"the {word} {need.name} is used but the front matter does not declare it", need.span)


def _secrets(draft: Draft, source: SkillSource) -> Iterator[Diagnostic]:
    raw = source.main.raw
    if not any(head in raw for head in _SECRET_HEADS):
        return
    for match in _SECRET.finditer(raw):
        text = match.group()
        if len(set(text)) >= _DISTINCT and not _FAKE.search(text):
            fix = Fix("remove it, revoke it, and name an environment variable instead", Applicability.DISPLAY)
            yield _note("SKV901", "this looks like a live credential", draft.span(match.start(), match.end()), fix=fix)
