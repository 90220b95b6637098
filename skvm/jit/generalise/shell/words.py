"""What both readers of a command know: its pieces, the parts they play, and what a word without expansions means."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a piece is. GLUE: operators and blanks; SET: an assignment before a command; FIXED: taken as it is written (the
    variable of a loop, a test); TARGET: what a redirection names; ITEM: a word that a loop goes over; MARK and END: the
    delimiters of a here-document, TEXT its body where they are quoted, OPEN where they are not."""

    GLUE = "glue"
    KEYWORD = "keyword"
    SET = "set"
    NAME = "name"
    ARGUMENT = "argument"
    TARGET = "target"
    ITEM = "item"
    FIXED = "fixed"
    MARK = "mark"
    TEXT = "text"
    OPEN = "open"
    END = "end"


class Piece(NamedTuple):
    """A piece of a command; all pieces joined are the command. `value` is what a word or body means, None where the shell
    would expand it; of glue its operators, of a delimiter the word itself."""

    raw: str
    role: Role
    value: str | None


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


OPENERS = words("if then elif else while until do { !")
KEYWORDS = OPENERS | words("fi done } for in")
RESERVED = KEYWORDS | words("case esac select function time coproc [[ ]]")

QUOTED = re.compile(r"""['"\\]""")
_PART = re.compile(r"""(?P<plain>[^'"\\]+)|\\(?P<escaped>.)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)["]""", re.DOTALL)
_EXPANDED = re.compile(r"[$`*?\[]|\{.*(?:,|\.\.)|[=:]~", re.DOTALL)


class Opaque(Exception):
    """The text cannot be read with certainty."""


def static(raw: str) -> str | None:
    """The value of a word without expansions; None where the shell would expand something."""
    if raw.startswith("~"):
        return None
    value = ""
    for part in _PART.finditer(raw):
        if part["plain"] is not None:
            if _EXPANDED.search(part["plain"]):
                return None
            value += part["plain"]
        elif part["double"] is not None:
            if re.search(r"[$`]", re.sub(r"\\.", "", part["double"], flags=re.DOTALL)):
                return None
            value += re.sub(r'\\(["\\$`\n])', lambda m: "" if m[1] == "\n" else m[1], part["double"])
        elif part["escaped"] is not None:
            value += "" if part["escaped"] == "\n" else part["escaped"]
        else:
            value += part["single"]
    return value


def lines_up_to(data: bytes, start: int, tag: str) -> tuple[int, int, int] | None:
    """Where the lines from `start` begin and end, up to the one that is `tag`, and where that ends; None when there is none."""
    line, wanted = start, tag.encode("utf-8", "surrogatepass")
    while True:
        stop = data.find(b"\n", line)
        if data[line : len(data) if stop < 0 else stop] == wanted:
            return start, line, line + len(wanted)
        if stop < 0:
            return None
        line = stop + 1
