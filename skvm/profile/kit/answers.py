"""Reading answers: lenient about dress (Markdown, a closing full stop), strict about content."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANSWER = re.compile(r"^[\s>*_`#-]*answer\s*[*_`]*\s*[:=]\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
NUMBER = re.compile(r"[-+\u2212]?\d[\d,\u202f\u00a0']*(?:\.\d+)?(?:[eE][-+]?\d+)?")
TOKEN = re.compile(r"[a-z]{3,}-[0-9]{4}(?![0-9])")
ASKED = "End with one line of the form `ANSWER: ...` and nothing after it."


def answer_line(text: str) -> str | None:
    """What stands after the last `ANSWER:`, without Markdown and a closing full stop; None without such a line."""
    found = ANSWER.findall(text)
    return undressed(found[-1]) if found else None


def tokens_of(text: str) -> list[str]:
    """Tokens (see `pools.token`) of an answer in their order, whatever stands between them."""
    return TOKEN.findall(text.lower())


def undressed(text: str) -> str:
    """A short answer without emphasis, code marks, quotes and a closing full stop."""
    return text.strip().strip("*_`").strip().removesuffix(".").strip("*_`\"' ")


def number(text: str) -> float | None:
    """The one number of a short answer (a unit or currency may stand beside it); None when there is none or several."""
    found = NUMBER.findall(text)
    return float(re.sub(r"[,\u202f\u00a0']", "", found[0]).replace("\u2212", "-")) if len(found) == 1 else None


def several(text: str) -> list[float]:
    """Numbers of a short answer in order. A comma groups digits only by threes and between digits, else it separates; the
    exponent of a unit (`cm^2`, `cm2`) is no number."""
    plain = re.sub(r"\^\{?\d\}?|(?<=[A-Za-z])\d", "", text)
    found = re.findall(r"[-+\u2212]?(?:\d{1,3}(?:[,\u202f\u00a0']\d{3})+|\d+)(?:\.\d+)?", plain)
    return [float(re.sub(r"[,\u202f\u00a0']", "", item).replace("\u2212", "-")) for item in found]


def chosen(line: str, names: Sequence[str]) -> list[str]:
    """Which of some names stand in a short answer, in their order of appearance, repeats included."""
    pattern = "|".join(rf"\b{re.escape(name)}\b" for name in sorted(names, key=len, reverse=True))
    exact = {name.lower(): name for name in names}
    return [exact[item.lower()] for item in re.findall(pattern, line, re.IGNORECASE)]
