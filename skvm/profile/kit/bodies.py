"""The body of an answer: what stands inside its code fence, or all of it."""

from __future__ import annotations

import re

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t]*\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)


def body(text: str) -> str:
    """The longest fenced block of an answer, or the whole answer where there is none, without blank lines around it."""
    found = [match.group(2) for match in FENCE.finditer(unified(text))]
    return (max(found, key=len) if found else unified(text)).strip("\n")


def only_body(text: str) -> str | None:
    """The body where nothing stands beside it; None when there is text before or after a fenced block, or several of them."""
    found = list(FENCE.finditer(unified(text)))
    if not found:
        return unified(text).strip("\n")
    beside = FENCE.sub("", unified(text)).strip()
    return found[0].group(2).strip("\n") if len(found) == 1 and not beside else None


def sole_block(text: str) -> str | None:
    """What stands in the one fenced block of an answer, or the whole answer where it has none; None when it has several."""
    found = [match.group(2) for match in FENCE.finditer(unified(text))]
    return (found[0] if found else unified(text)).strip("\n") if len(found) < 2 else None


def unified(text: str) -> str:
    """A text with LF as its only line end and without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def lines_of(text: str) -> list[str]:
    """Lines that are not blank, without white space at their ends."""
    return [line.strip() for line in unified(text).split("\n") if line.strip()]
