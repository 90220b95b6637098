"""Comparing two skills by meaning, with printable places on both sides and a policy that decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skvm.app.inputs import SkillInput
from skvm.diag import UsageError
from skvm.diag.located import shown_path
from skvm.source import SkillSource, SourceText, Span

if TYPE_CHECKING:
    from skvm.ir.diff import Change, ChangeClass


@dataclass(frozen=True)
class DiffResult:
    """Changes of one comparison as rows; `failed`: those whose class is in the policy."""

    old: str
    new: str
    policy: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    @property
    def failed(self) -> tuple[dict[str, Any], ...]:
        """Rows that break the policy."""
        return tuple(r for r in self.rows if r["fails"])

    def to_json(self) -> dict[str, Any]:
        """`{old, new, policy, failed, changes[] {class, message, old, new, fails}}`; places are null where a side has none."""
        return {
            "old": self.old,
            "new": self.new,
            "policy": list(self.policy),
            "failed": bool(self.failed),
            "changes": list(self.rows),
        }


def policy_of(words: Iterable[str] | None) -> frozenset[ChangeClass]:
    """Classes that fail a comparison; None is the default policy, `none` an empty one, `any` all but cosmetic.

    Raises UsageError for a word that is no class.
    """
    from skvm.ir.diff import DEFAULT_POLICY, ChangeClass

    if words is None:
        return DEFAULT_POLICY
    out: set[ChangeClass] = set()
    for word in words:
        if word == "any":
            out.update(c for c in ChangeClass if c is not ChangeClass.COSMETIC)
        elif word != "none":
            try:
                out.add(ChangeClass(word))
            except ValueError:
                known = ", ".join(c.value for c in ChangeClass)
                raise UsageError("no such class of change", where=word, help=f"known: any, none, {known}") from None
    return frozenset(out)


def diff_skills(old: SkillInput, new: SkillInput, policy: frozenset[ChangeClass]) -> DiffResult:
    """Compare two skills; raises UsageError when one cannot be read."""
    from skvm.ir.diff import diff
    from skvm.parse import parse_skill

    one, two = old.load(), new.load()
    changes = diff(parse_skill(one).program, parse_skill(two).program, (one, two))
    left, right = _Places(one, old.shown), _Places(two, new.shown)
    rows = tuple(_row(c, left, right, c.kind in policy) for c in changes)
    return DiffResult(old.shown, new.shown, tuple(sorted(policy)), rows)


class _Places:
    """Lines of spans of one skill; each file is decoded once."""

    def __init__(self, source: SkillSource, shown: str) -> None:
        self.source = source
        self.shown = shown
        self._texts: dict[str, SourceText | None] = {source.main.file: source.main}

    def at(self, span: Span | None) -> dict[str, Any] | None:
        """File, lines and column of a span."""
        if span is None:
            return None
        text = self._text(span.file)
        path = shown_path(self.source, span.file, self.shown)
        if text is None:
            return {"file": path, "line": 1, "end_line": 1, "column": 1, "start": span.start, "end": span.end}
        first = text.lines.position(min(span.start, len(text.raw)))
        last = text.lines.last_line(min(span.start, len(text.raw)), min(span.end, len(text.raw)))
        return {
            "file": path, "line": first.line, "end_line": last, "column": first.column, "start": span.start, "end": span.end,
        }  # fmt: skip

    def _text(self, file: str) -> SourceText | None:
        if file not in self._texts:
            try:
                self._texts[file] = SourceText.decode(file, self.source.read(file))
            except (KeyError, OSError):
                self._texts[file] = None
        return self._texts[file]


def _row(change: Change, old: _Places, new: _Places, fails: bool) -> dict[str, Any]:
    return {
        "class": change.kind.value,
        "message": change.message,
        "old": old.at(change.old),
        "new": new.at(change.new),
        "fails": fails,
    }


def diff_text(result: DiffResult, style: Any) -> str:
    """One line a change: mark, class, places, words; and a line that counts. `style(text, role)` colours a piece."""
    lines = []
    for row in result.rows:
        mark = style("!", "error") if row["fails"] else " "
        role = "error" if row["fails"] else "dim" if row["class"] == "cosmetic" else "bold"
        where = " -> ".join(f"{p['file']}:{p['line']}" for p in (row["old"], row["new"]) if p is not None)
        lines.append(f"{mark} {style(row['class'], role)} {style(where, 'dim')} {row['message']}")
    noun = "change" if len(result.rows) == 1 else "changes"
    verdict = f"{len(result.failed)} against the policy" if result.failed else "none against the policy"
    lines.append(f"{len(result.rows)} {noun}, {verdict}" if result.rows else "no change")
    return "\n".join(lines) + "\n"
