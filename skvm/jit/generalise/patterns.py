"""What a text hole may hold: the narrowest pattern that still reads as the same kind of thing.

A pattern is built from runs: letters and digits of the classes seen (lower, upper, digits, other alphabets), joined by exactly
the marks seen. When all values have the same runs the pattern has that shape, and a run that never differed is kept as it is
(`sales.csv`, `orders.csv` -> `[a-z]+\\.csv`). Otherwise that holds for what they share at both ends, with runs of the classes
seen, joined by marks that were seen, in between. So a pattern never lets in a leading dash, a `..`, a blank, a quote or an
operator that no observation had, and no zero where all were numbers but zero; case and length (four times the longest, at
least 32) are kept as seen. Not narrower than that: the letters of runs that differed, a number's size (`ranges` sees to that)
and the number of runs stay free.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from skvm.plan.guards import spelled
from skvm.plan.ranges import numbers

_NEGATING = """
not no never none nothing without except excluding exclude ignore ignoring skip avoid dont don't doesn't cannot can't nor
neither unless instead stop nicht kein keine ohne nie außer pas jamais sans aucun ni sin nunca excepto não sem nem non senza
mai niet geen zonder inte utan ikke uden нет не без никогда 不 没 别 无 除 않 없 しない ない
"""
NEGATORS = frozenset(_NEGATING.split())
"""Words that turn a request round. A hole that holds one which no observation held is refused."""

FREE_AFTER = 5
"""Different plain words after which the next one is taken to matter as little (rule of succession: 1 in 7 at worst)."""

_RUN = re.compile(r"[^\W_]+|.", re.DOTALL)
_CLASSES = (("a-z", re.compile("[a-z]")), ("A-Z", re.compile("[A-Z]")), ("0-9", re.compile("[0-9]")))
_OTHER = r"[^\W_]"
_NAME = re.compile("[A-Z][a-z]+")
_DATA = re.compile(r"[0-9./\\@#_~:=-]|(?<=\S)[A-Z](?=\S*[a-z])|\s")


def covering(values: Sequence[str]) -> str:
    """A regular expression that every value fully matches; see the module for what else does."""
    bound = max(32, 4 * max(len(v) for v in values))
    found = numbers(values)
    nonzero = r"(?!-?0+(?:\.0+)?\Z)" if found and all(found) else ""
    return f"(?=.{{1,{bound}}}\\Z){nonzero}{core(values)}"


def core(values: Sequence[str]) -> str:
    """`covering` without the bound on the length."""
    rows = [_RUN.findall(v) for v in values]
    shapes = [["w" if _wordy(run) else run for run in row] for row in rows]
    if all(shape == shapes[0] for shape in shapes):
        return _column(rows)
    head, tail = _shared(shapes)
    middle = [row[head : len(row) - tail] for row in rows]
    return _column([r[:head] for r in rows]) + _loose(middle) + _column([r[len(r) - tail :] for r in rows])


def _column(rows: Sequence[Sequence[str]]) -> str:
    """Rows of one shape: runs that never differed as they are, the others by their classes."""
    return "".join(re.escape(runs[0]) if len(set(runs)) == 1 else _run(runs) for runs in zip(*rows, strict=True))


def _shared(shapes: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Runs at the start and at the end that all shapes share, each cut off at a mark, leaving something in between."""
    least = min(len(shape) for shape in shapes) - 1
    head = next((n for n in range(least) if len({shape[n] for shape in shapes}) > 1), least)
    while head and shapes[0][head - 1] == "w":
        head -= 1
    room = least - head
    tail = next((n for n in range(room) if len({shape[-1 - n] for shape in shapes}) > 1), room)
    while tail and shapes[0][-tail] == "w":
        tail -= 1
    return head, tail


def _loose(rows: Sequence[Sequence[str]]) -> str:
    bare = [row for row in rows if not any(_wordy(run) for run in row)]
    worded = [row for row in rows if any(_wordy(run) for run in row)]
    marks = "".join(sorted({re.escape(run) for row in rows for run in row if not _wordy(run)}))
    if bare:
        most = max(len(row) for row in bare)
        only = f"[{marks}]{{1,{most}}}"
        return f"(?:{only}|{_loose(worded)})" if worded else only
    word = _run([run for row in worded for run in row if _wordy(run)])
    if not marks:
        return word
    before, between, behind = (max(sizes) for sizes in zip(*(_gaps(row) for row in worded), strict=True))
    joint = f"[{marks}]" + (f"{{1,{between}}}" if between > 1 else "")
    joined = f"(?:{joint}{word})*" if between else ""
    return f"{_up_to(marks, before)}{word}{joined}{_up_to(marks, behind)}"


def _up_to(marks: str, most: int) -> str:
    return f"[{marks}]{{0,{most}}}" if most else ""


def _gaps(row: Sequence[str]) -> tuple[int, int, int]:
    """Most marks in a row before the first word, between two words, behind the last one."""
    places = [at for at, run in enumerate(row) if _wordy(run)]
    between = max((b - a - 1 for a, b in pairwise(places)), default=0)
    return places[0], between, len(row) - 1 - places[-1]


def _wordy(run: str) -> bool:
    return re.fullmatch(r"[^\W_]+", run) is not None


def _run(runs: Sequence[str]) -> str:
    """Letters of the classes seen. Names keep their capital: where all have one, `it` is none."""
    if all(_NAME.fullmatch(run) for run in runs):
        return _NAME.pattern
    text = "".join(runs)
    classes = "".join(name for name, probe in _CLASSES if probe.search(text))
    if re.search(r"[^a-zA-Z0-9]", text):
        return f"(?:{_OTHER})+"
    return f"[{classes}]+"


def one_of(values: Sequence[str]) -> str:
    """Exactly the values seen."""
    return "|".join(re.escape(v) for v in sorted(set(values)))


def ignored(values: Sequence[Any], *, words: bool = False) -> str:
    """What may stand where something was seen that changed nothing: it could decide what comes next, so only what was seen.

    A number, name with marks, path or identifier is free within its pattern (of a number its range decides), whatever plain
    words stood there too. So is anything else once `FREE_AFTER` different values made no difference; with `words` (the wording
    of a request) a plain word never is. An empty list or object is not free when none was seen.
    """
    free = not words and len({spelled(v) for v in values}) >= FREE_AFTER
    texts = [v for v in values if isinstance(v, str)]
    if len(texts) < len(values):
        return (
            ("" if any(v in ([], {}) for v in values) else r"(?!\[\]|\{\}).*") if free else one_of([as_told(v) for v in values])
        )
    data = [v for v in texts if _names(v, words)]
    if free or len(data) == len(texts):
        return covering(texts)
    plain = one_of([v for v in texts if v not in data])
    return f"{plain}|(?=.*(?:{_DATA.pattern})){covering(data)}" if data else plain


def _names(value: str, words: bool) -> bool:
    """Is it data and no phrase? In a request a phrase stands in quotes."""
    return looks_like_data(value) and (words or not re.search(r"\s", value))


def as_told(value: Any) -> str:
    """A value as patterns see it: a text, or the JSON spelling."""
    return value if isinstance(value, str) else spelled(value)


def looks_like_data(value: str) -> bool:
    """A number, name with marks, path, identifier or quoted phrase; a plain dictionary word could be an instruction."""
    return _DATA.search(value) is not None


def negates(value: str, seen: Sequence[str]) -> str | None:
    """A negating word of `value` that is in none of the values seen, or None."""
    known = {w for text in seen for w in _words(text)}
    return next((w for w in _words(value) if w in NEGATORS and w not in known), None)


def plain(value: str) -> bool:
    """Is it sure at a glance that no word of it negates? What is not ASCII is never sure."""
    return value.isascii() and NEGATORS.isdisjoint(_WORD.findall(value.lower()))


_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def _words(text: str) -> list[str]:
    folded = text.replace("’", "'").lower()
    wide = [c for c in folded if c in NEGATORS]  # scripts without blanks
    return _WORD.findall(folded) + wide
