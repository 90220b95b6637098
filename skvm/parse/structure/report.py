"""Collecting diagnostics while reading. Severity comes from the code table."""

from __future__ import annotations

from skvm.diag import CODES, Applicability, Diagnostic, Edit, Fix
from skvm.source import Span


class Reporter:
    """A list of diagnostics with a short way to add one."""

    def __init__(self) -> None:
        self.items: list[Diagnostic] = []

    def add(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        fix: tuple[str, Span, str] | None = None,
        safe: bool = True,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Add a finding. `fix`: what to do, the bytes to replace, the new text; `safe` False when it may change meaning."""
        made = None
        if fix is not None:
            grade = Applicability.SAFE if safe else Applicability.UNSAFE
            made = Fix(fix[0], grade, (Edit(fix[1], fix[2]),))
        self.items.append(Diagnostic(code, CODES[code].severity, message, span, notes, made))
