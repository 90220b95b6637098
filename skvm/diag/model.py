"""A diagnostic: one coded finding about a skill, with the span that shows it and, where possible, a fix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from skvm.source import Span


class Severity(StrEnum):
    """How much it matters. Only `error` makes `check` and `compile` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Applicability(StrEnum):
    """`safe` keeps the meaning, `unsafe` may change it, `display` is only a suggestion."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes of `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do about a diagnostic: one sentence and the edits that do it."""

    message: str
    applicability: Applicability
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`message` is the one line shown if only one can be; `code` is explained by `skvm explain CODE`."""

    code: str
    severity: Severity
    message: str
    span: Span
    notes: tuple[str, ...] = ()
    fix: Fix | None = None


def sort_diagnostics(items: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """One order for all outputs: file, position, code, message; exact repetitions once."""
    unique = {(d.span.file, d.span.start, d.span.end, d.code, d.message): d for d in items}
    return tuple(unique[key] for key in sorted(unique))
