"""What a condition asks and which answer it names: items and rows that answer one question differently exclude each other."""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.parse.draft import CODE, ITEM, ROW, Block, Draft

_CHOOSING = frozenset({"says", "chooses", "chose", "selects", "selected", "picks", "picked", "answers", "replies"})
_ANSWER = re.compile(
    rf"(?a)(.*?)\s+(is|are|equals|==?|wants|returns|{'|'.join(sorted(_CHOOSING))})\s+((?:(?!\b(?:and|or)\b).)+)\Z",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL = re.compile(r"""(?a)["'“`]|\d+\b|(?:true|false|yes|no|null|none|empty|not empty)\Z""", re.IGNORECASE)
_CONDITIONS = re.compile(r"(?a)(?:if|when|condition|case|situation|scenario)\b", re.IGNORECASE)


class Question(NamedTuple):
    """What a condition asks ("the decision") and its answer ("reject")."""

    subject: str
    answer: str


def question_in(lead: Block, condition: tuple[int, int]) -> Question | None:
    """Question of a condition at code points of an item's text; None where answers could hold together ("is large").

    Only a literal answer (code, a quotation, a number, yes or no) and a choice exclude the others. Of a row, whose table is
    read from the top, any first cell does.
    """
    if lead.kind is ROW:
        return Question("", lead.cells[0].text)
    match = _ANSWER.match(lead.text, *condition) if lead.kind is ITEM else None
    if match is None:
        return None
    at = match.start(3)
    literal = bool(_LITERAL.match(match.group(3))) or any(r.kind is CODE and r.at == at for r in lead.runs)
    exclusive = literal or match.group(2).lower() in _CHOOSING
    return Question(match.group(1).lower(), match.group(3).lower()) if exclusive else None


def condition_cell(draft: Draft, row: Block) -> int:
    """How many code points of a row's text its condition takes; 0 when its table has no column of conditions."""
    if row.kind is not ROW or row.parent is None or len(row.cells) < 2:
        return 0
    head = draft.blocks[draft.blocks[row.parent].children[0]]
    decides = head.header and head.cells and _CONDITIONS.match(head.cells[0].text)
    return len(row.cells[0].text) if decides else 0
