"""Reading answers: lenient about dress (Markdown, a closing full stop), strict about content."""

from __future__ import annotations

import json
import re
from typing import Any

ANSWER = re.compile(r"^[\s>*_`#-]*answer\s*[*_`]*\s*[:=]\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
NUMBER = re.compile(r"[-+\u2212]?\d[\d,\u202f\u00a0']*(?:\.\d+)?(?:[eE][-+]?\d+)?")
FENCE = re.compile(r"^\s*```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```\s*$", re.DOTALL)
ASKED = "End with one line of the form `ANSWER: ...` and nothing after it."


def answer_line(text: str) -> str | None:
    """What stands after the last `ANSWER:`, without Markdown and a closing full stop; None without such a line."""
    found = ANSWER.findall(text)
    return undressed(found[-1]) if found else None


def undressed(text: str) -> str:
    """A short answer without emphasis, code marks, quotes and a closing full stop."""
    return text.strip().strip("*_`").strip().removesuffix(".").strip("*_`\"' ")


def number(text: str) -> float | None:
    """The one number of a short answer (a unit or currency may stand beside it); None when there is none or several."""
    found = NUMBER.findall(text)
    return float(re.sub(r"[,\u202f\u00a0']", "", found[0]).replace("\u2212", "-")) if len(found) == 1 else None


def unfenced(text: str) -> str:
    """The inside of a text that is one code fence, else the text."""
    found = FENCE.match(text.strip())
    return found.group(1) if found else text.strip()


def only_json(text: str) -> Any:
    """The value of a text that is JSON and nothing else, one fence around it allowed; raises ValueError."""
    return json.loads(unfenced(text))
