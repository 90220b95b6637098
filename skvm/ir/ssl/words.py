"""The author's words of a control, taken from the text of the step that holds it."""

from __future__ import annotations

import re

from skvm.ir.nodes import Control, Step
from skvm.ir.ssl.schema import RESERVED, flat

OTHERWISE = frozenset({"otherwise", "else", "or else", "if not"})
_LETTER = r"A-Za-z\x80-\U0010ffff"
"""Letters by an own rule, the same under every version of the Unicode tables: ASCII ones and all beyond ASCII."""

_LABEL = re.compile(rf"(?i)^[^{_LETTER}0-9]*(?:(?:step|phase|stage)[ \t]*)?(?:[0-9]+[a-z]?(?:\.[0-9]+)*)?[^{_LETTER}0-9]*$")
_BREAK = re.compile(r"(?i)(?:[.;:,!?()\[\]\n—–]|\b(?:and|or|but|then|so))[\s*_`>#-]*$")


def words_of(control: Control, step: Step | None) -> str:
    """Words of a condition on one line, never a word of the schema; the kind of the control where it has none."""
    stated = (control.condition, control.until, control.domain, text_of(control, step))
    return plain(next((words for words in stated if words and flat(words)), control.kind.value))


def plain(text: str) -> str:
    """A condition on one line that cannot be taken for a word of the schema or for a variable."""
    one = flat(text)
    return f"if {one}" if one in RESERVED or one.lstrip("!").startswith("$") or not one else one


def text_of(control: Control, step: Step | None) -> str:
    """What the span of a control shows; empty where the step's text does not hold it byte for byte."""
    raw = _raw(step)
    if step is None or raw is None or not step.span.contains(control.span):
        return ""
    start = control.span.start - step.span.start
    return _whole(raw[start : start + len(control.span)]).strip()


def before(control: Control, step: Step) -> str:
    """The step's text in front of a control."""
    raw = _raw(step)
    if raw is None or not step.span.contains(control.span):
        return ""
    return _whole(raw[: control.span.start - step.span.start])


def between(control: Control, other: Control, step: Step) -> str:
    """The step's text between two controls."""
    raw = _raw(step)
    if raw is None:
        return "\n"
    return _whole(raw[control.span.end - step.span.start : other.span.start - step.span.start])


def leads_step(control: Control, step: Step) -> bool:
    """Does the control open its step, so that it governs all of it? A label or number may stand in front."""
    return _LABEL.match(re.sub(r"[*_`>#]", "", before(control, step)).rpartition("\n")[2]) is not None and not _words(
        before(control, step).rpartition("\n")[0]
    )


def leads_clause(control: Control, step: Step) -> bool:
    """Does the control open a clause ("..., if X, do Y")? Otherwise it trails one ("do Y if X")."""
    head = before(control, step)
    return not head.strip() or _BREAK.search(head) is not None


def _words(text: str) -> bool:
    return re.search(f"[{_LETTER}]{{2,}}", text) is not None


def _whole(part: bytes) -> str:
    """Text of a part of a step, without a character that the part cuts: a placeholder for it would be made up."""
    return part.decode("utf-8", "ignore")


def _raw(step: Step | None) -> bytes | None:
    """UTF-8 of a step's text where it lines up with the step's span; undecodable bytes break that."""
    if step is None:
        return None
    raw = step.text.encode("utf-8", "surrogatepass")
    return raw if len(raw) == len(step.span) else None
