"""Ways in which texts spell a value that programs write plainly: days, small numbers as words, digits in groups.

Each way reads a text as one value and spells a value as that text, so that what is looked for in a paper is what stands there.
A text that could be read as two values is read as none: `3/4/2024` is a day to some and another to others, and is not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from skvm.plan import Unfilled

MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June", "July")
MONTHS += ("August", "September", "October", "November", "December")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

_PLAIN_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_PLAIN_NUMBER = re.compile(r"(-?)(0|[1-9]\d*)(\.\d+)?", re.ASCII)
_GROUPED = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|-?(?:0|[1-9]\d{0,2})(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Spelling:
    """`spell` gives the text for a plain value, None where there is none; `read` the plain value of a text, or Unfilled."""

    spell: Callable[[str], str | None]
    read: Callable[[str], str]


def _day(layout: str, text: str) -> Spelling:
    """Days with the month as a word. `layout` is what a text looks like, `text` how one is made."""
    pattern = re.compile(
        layout.format(d=r"(?P<d>[1-9]|[12]\d|3[01])", m=f"(?P<m>{'|'.join(MONTHS)})", y=r"(?P<y>\d{4})"), re.ASCII
    )

    def read(found: str) -> str:
        match = pattern.fullmatch(found)
        if match is None:
            raise Unfilled("day")
        return _iso(int(match["y"]), MONTHS.index(match["m"]) + 1, int(match["d"]))

    def spell(plain: str) -> str | None:
        match = _PLAIN_DAY.fullmatch(plain)
        if match is None or not 1 <= int(match[2]) <= len(MONTHS):
            return None
        return text.format(d=int(match[3]), m=MONTHS[int(match[2]) - 1], y=match[1])

    return Spelling(spell, read)


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise Unfilled("day") from None


def _worded(text: str) -> str:
    if text not in WORDS:
        raise Unfilled("worded")
    return str(WORDS.index(text))


def _word(plain: str) -> str | None:
    return WORDS[int(plain)] if re.fullmatch(r"\d|1[0-2]", plain, re.ASCII) else None


def _ungrouped(text: str) -> str:
    if not _GROUPED.fullmatch(text):
        raise Unfilled("grouped")
    return text.replace(",", "")


def _grouped(plain: str) -> str | None:
    match = _PLAIN_NUMBER.fullmatch(plain)
    return None if match is None else f"{match[1]}{int(match[2]):,}{match[3] or ''}" if len(match[2]) < 16 else None


SPELLINGS: dict[str, Spelling] = {
    "day_month_year": _day(r"{d} {m} {y}", "{d} {m} {y}"),
    "month_day_year": _day(r"{m} {d}, {y}", "{m} {d}, {y}"),
    "worded": Spelling(_word, _worded),
    "grouped": Spelling(_grouped, _ungrouped),
}
"""By the name of the derivation (see `Origin.via`)."""
