"""Repairs of texts that are nearly JSON: each takes away one kind of defect and leaves every other character as it is.

A text is cut into strings, comments and the rest. A defect is looked for in the rest alone; where a string holds what looks
like one, or a string is not ended, nobody knows how far it goes, and the text is left to the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from skvm.plan import Unfilled

_PIECE = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<single>'(?:[^'\\\n]|\\.)*')
    | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<rest>[^"'/]+|/)""",
    re.VERBOSE | re.DOTALL,
)
_LITERALS = {"True": "true", "False": "false", "None": "null"}
_LITERAL = re.compile(r"(?<![\w.$-])(?:True|False|None)(?![\w.$-])")
_NAN = re.compile(r"(?<![\w.$-])-?(?:NaN|Infinity)(?![\w.$-])")
_COMMA = re.compile(r",(?=\s*[\]}])")


def _pieces(text: str) -> list[tuple[str, str]]:
    """Kind and text of all pieces; raises Unfilled where a string or comment does not end."""
    found, at = [], 0
    for match in _PIECE.finditer(text):
        if match.start() != at:
            break
        found.append((str(match.lastgroup), match[0]))
        at = match.end()
    if at != len(text):
        raise Unfilled("a string is not ended")
    return found


def _outside(text: str, defect: re.Pattern[str], mended: Callable[[re.Match[str]], str], which: str) -> str:
    """The text with a defect taken away outside of strings, everywhere or (`first`) where it stands first."""
    pieces = _pieces(text)
    if any(defect.search(piece) for kind, piece in pieces if kind != "rest"):
        raise Unfilled("a string holds what looks like a defect")
    inside, at = [], 0
    for kind, piece in pieces:
        inside += [] if kind == "rest" else [(at, at + len(piece))]
        at += len(piece)
    found, end = [], 0
    for match in defect.finditer(text):
        if any(start <= match.start() < stop for start, stop in inside):
            continue
        found += [text[end : match.start()], mended(match)]
        end = match.end()
        if which == "first":
            break
    return "".join([*found, text[end:]])


def _commas(text: str, which: str) -> str:
    return _outside(text, _COMMA, lambda _: "", which)


def _literals(text: str, which: str) -> str:
    return _outside(text, _LITERAL, lambda match: _LITERALS[match[0]], which)


def _numbers(text: str, which: str) -> str:
    return _outside(text, _NAN, lambda _: "null", which)


def _quotes(text: str, which: str) -> str:
    pieces = _pieces(text)
    if any('"' in piece or "\\" in piece for kind, piece in pieces if kind == "single"):
        raise Unfilled("a string holds a mark")
    if any("'" in piece for kind, piece in pieces if kind in ("string", "comment")):
        raise Unfilled("a string holds a mark")
    singles = [at for at, (kind, _) in enumerate(pieces) if kind == "single"]
    chosen = set(singles[:1] if which == "first" else singles)
    return "".join(f'"{piece[1:-1]}"' if at in chosen else piece for at, (_, piece) in enumerate(pieces))


def _comments(text: str, which: str) -> str:
    """Without comments; a line that held nothing else goes with its comment."""
    pieces = _pieces(text)
    places = [at for at, (kind, _) in enumerate(pieces) if kind == "comment"]
    for at in places[:1] if which == "first" else places:
        before, after = (pieces[at - 1][1] if at else ""), (pieces[at + 1][1] if at + 1 < len(pieces) else "")
        kept = before.rstrip(" \t")
        alone = not kept or kept.endswith("\n")
        if at:
            pieces[at - 1] = (pieces[at - 1][0], kept)
        if alone and after.startswith("\n"):
            pieces[at + 1] = (pieces[at + 1][0], after[1:])
        pieces[at] = ("comment", "")
    return "".join(piece for _, piece in pieces)


def _closed(text: str, end: str) -> str:
    """With what is still open closed behind the last value, and then `end`."""
    opened: list[str] = []
    for kind, piece in _pieces(text):
        for mark in re.findall(r"[\[\]{}]", piece) if kind == "rest" else ():
            if mark in "[{":
                opened.append("]" if mark == "[" else "}")
            elif not opened or opened.pop() != mark:
                raise Unfilled("what is closed was not open")
    body = text.rstrip()
    if not opened or not re.search(r"[\w\"'\]}]\Z", body):
        raise Unfilled("nothing is open, or no value stands last")
    return body + "".join(reversed(opened)) + end


def _bom(text: str, which: str) -> str:
    return text.removeprefix("\ufeff")


def _returns(text: str, which: str) -> str:
    return text.replace("\r\n", "\n", 1 if which == "first" else -1)


def _ended(text: str, which: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _trailing(text: str, which: str) -> str:
    return re.sub(r"[ \t]+(?=\n|\Z)", "", text, count=1 if which == "first" else 0)


MENDS: dict[str, tuple[Callable[[str, str], str], tuple[str, ...]]] = {
    "trailing commas": (_commas, ("all", "first")),
    "Python literals": (_literals, ("all", "first")),
    "numbers that are none": (_numbers, ("all", "first")),
    "single quotes": (_quotes, ("all", "first")),
    "comments": (_comments, ("all", "first")),
    "unclosed": (_closed, ("", "\n")),
    "byte order mark": (_bom, ("all",)),
    "carriage returns": (_returns, ("all", "first")),
    "no last line end": (_ended, ("all",)),
    "trailing blanks": (_trailing, ("all", "first")),
}
"""Repairs by name, and the ways in which each may be meant: everywhere or only at the first place, what stands at the end."""
