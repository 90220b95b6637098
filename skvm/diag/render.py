"""Text forms of diagnostics: full with a code frame, concise, GitHub annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from skvm.diag.located import Located
from skvm.diag.model import Severity

Style = Callable[[str, str], str]
"""(text, role) -> text; roles: error, warning, info, dim, bold. The command line passes colours, tests pass nothing."""

MAX_FRAME = 120


def plain(text: str, role: str) -> str:
    """No colours."""
    return text


def visible(text: str) -> str:
    """One line without control characters: a name or text of a stranger must not steer a terminal or look like a finding."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def full(item: Located, style: Style = plain) -> str:
    """Several lines: message, place, the line with a marker, notes and the fix."""
    d = item.diagnostic
    margin = " " * len(str(item.line))
    lines = [
        f"{style(f'{d.severity}[{d.code}]', d.severity.value)}: {style(visible(d.message), 'bold')}",
        f"{margin}--> {visible(item.path)}:{item.line}:{item.column}",
    ]
    if item.line_text.strip():
        lines += _frame(item, margin, style)
    lines += [f"{margin} = note: {visible(note)}" for note in d.notes]
    if d.fix is not None:
        lines.append(f"{margin} = fix ({d.fix.applicability}): {visible(d.fix.message)}")
    return "\n".join(lines)


def _frame(item: Located, margin: str, style: Style) -> list[str]:
    text = item.line_text.replace("\t", " ")
    text = "".join(c if c.isprintable() else "." for c in text)
    start = item.column - item.line_from
    cut = max(0, start - MAX_FRAME // 2) if len(text) > MAX_FRAME else 0
    shown = text[cut : cut + MAX_FRAME]
    end = item.end_column - item.line_from if item.end_line == item.line else len(text)
    width = max(1, min(end - cut, len(shown)) - (start - cut))
    marker = " " * (start - cut) + "^" * width
    bar = style("|", "dim")
    return [f"{margin} {bar}", f"{item.line} {bar} {shown}", f"{margin} {bar} {style(marker, item.diagnostic.severity.value)}"]


def concise(item: Located) -> str:
    """`path:line:col: CODE message`."""
    return visible(f"{item.path}:{item.line}:{item.column}: {item.diagnostic.code} {item.diagnostic.message}")


def github(item: Located) -> str:
    """A workflow command that annotates the line in a pull request; columns only say something within one line."""
    kind = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}[item.diagnostic.severity]
    where = f"file={_escape(item.path, True)},line={item.line},endLine={item.end_line}"
    if item.line == item.end_line:
        where += f",col={item.column},endColumn={item.end_column}"
    title = _escape(item.diagnostic.code, True)
    return f"::{kind} {where},title={title}::{_escape(item.diagnostic.message)}"


def _escape(text: str, field: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if field else text


def summary(items: Iterable[Located], skills: int) -> str:
    """One line that counts."""
    rows = list(items)
    counts = [f"{sum(i.diagnostic.severity is s for i in rows)} {s.value}s" for s in Severity]
    noun = "skill" if skills == 1 else "skills"
    return f"{skills} {noun} checked: " + ", ".join(counts)
