"""The lexer of prose: a block's text becomes sentences of classed tokens.

Words are classed by dictionary (`grammar/cues.txt`), so that `step.lark` has some 45 terminals and no word of English in it.
Positions are code points of `Block.text`; `Block.byte_at` brings them back to the file.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from skvm.parse.draft import CODE, HEADING, LINK, TEXT, Block
from skvm.parse.lexicon import word_set
from skvm.source import read_data

MASK = "\x01"
"""Stands for every character of inline code while prose is read, so that code is one token whatever it contains."""

MAX_TOKENS = 400
"""A sentence longer than this is not read for control (generated text and tables of data on one line)."""


class Tok(NamedTuple):
    """A token: its kind (a terminal of step.lark), lower-case text, and code points `[at, end)` of the block's text."""

    kind: str
    word: str
    at: int
    end: int


class Sentence(NamedTuple):
    """A sentence of a block. `label`: how many tokens at its head are a label ("**X**:", "X -"), separator included."""

    block: Block
    toks: tuple[Tok, ...]
    label: int
    first: bool

    @property
    def at(self) -> int:
        """Where it begins, in code points of the block's text."""
        return self.toks[0].at

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.toks[-1].end

    def text(self) -> str:
        """Its text as shown (inline code without backticks)."""
        return self.block.text[self.at : self.end]


_TOKEN = re.compile(
    r"""(?a)(?P<CODE>\x01+)
    |(?P<URL>https?://[^\s<>()\[\]"'`\x01]+)
    |(?P<SKILL>\[\[[A-Za-z0-9_:./ -]{1,80}\]\])
    |(?P<QUOTE>"[^"\n]{1,240}"|“[^”\n]{1,240}”)
    |(?P<STEPREF>\b(?:[Ss]teps?|STEPS?|[Pp]hases?|PHASES?|[Ss]tages?|[Pp]arts?)\ [#]?(?:\d+(?:\.\d+)?[a-z]?\b|[A-F]\b))
    |(?P<PLAIN>[A-Za-z]+(?=[\s,;)]|$))
    |(?P<FILE>(?:~|\.{1,2})?/?(?:[A-Za-z0-9_.{}$<>@-]+/)+[A-Za-z0-9_.*{}$<>-]*[A-Za-z0-9_*}>/]
        |\b[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.(?:md|py|sh|js|ts|json|jsonl|ya?ml|toml|txt|csv|tsv|html?|xml|pdf|docx|xlsx|pptx|png|jpe?g|svg|env|sql|lock)\b)
    |(?P<WORD>[A-Za-z][A-Za-z0-9_]*(?:['’-][A-Za-z0-9_]+)*|&)
    |(?P<NUM>\d+(?:\.\d+)?)
    |(?P<ARROW>→|->|=>|⇒)
    |(?P<DASH>\s[—–-]{1,3}(?=\s)|—)
    |(?P<MARK>[.!?]+(?=["'”’)*\]]*(?:\s|$)))
    |(?P<PUNCT>[,:;()\[\]])""",
    re.VERBOSE,
)
_SLASH = re.compile(r"(?a)/[a-z][a-z0-9_-]*(?::[a-z][a-z0-9_-]*)?(?:\s|$)")
_OPENERS = frozenset({"IF", "UNLESS", "WHEN", "AFTER", "EACH", "UNTIL", "WHILE"})
_PUNCT = {",": "COMMA", ":": "COLON", ";": "SEMI", "(": "LPAR", ")": "RPAR", "[": "LPAR", "]": "RPAR"}
_NO_END = word_set("e.g i.e eg ie etc vs cf approx no fig al dr mr ms inc resp incl max min")
_ARABIC = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_ARABIC |= {"once": 1, "twice": 2, "twelve": 12, "twenty": 20}


@cache
def cues() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """First word of each cue to its phrases (words, kind), longest first."""
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for line in read_data("grammar", "cues.txt").splitlines():
        kind, colon, phrases = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        for phrase in phrases.split("|"):
            words = tuple(phrase.split())
            table.setdefault(words[0], []).append((words, kind))
    return {head: tuple(sorted(rows, key=lambda row: (-len(row[0]), row))) for head, rows in table.items()}


def number(word: str) -> int | None:
    """Value of a cardinal number in digits or words ("3", "three"); None for anything else or above 10**6."""
    if word.isascii() and word.isdigit() and len(word) < 7:
        return int(word)
    return _ARABIC.get(word)


def masked(block: Block) -> str:
    """Text of the block with every character of inline code replaced by `MASK`."""
    text = block.text
    if not block.coded:
        return text
    parts: list[str] = []
    at = 0
    for run in block.runs:
        if run.kind is CODE and run.text:
            parts += (text[at : run.at], MASK * len(run.text))
            at = run.at + len(run.text)
    return "".join([*parts, text[at:]])


def read_sentences(block: Block) -> list[Sentence]:
    """Sentences of a block's own text, in order."""
    text = masked(block)
    links = _skill_links(block) if block.linked else ()
    out: list[Sentence] = []
    row: list[Tok] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "WORD"
        word = match.group()
        if kind == "MARK":
            if row and not _abbreviated(text, match.start(), word):
                out.append(_sentence(block, row, not out))
                row = []
            continue
        at = match.start()
        if at in links:
            row.append(Tok("SKILL", block.text[at : match.end()], at, match.end()))
        elif kind == "PLAIN" or kind == "WORD":  # most words are plain ones, which need not be tried as files first
            row.append(Tok("WORD", word.lower().replace("’", "'"), at, match.end()))
        elif kind == "PUNCT":
            row.append(Tok(_PUNCT[word], word, at, match.end()))
        elif kind == "CODE":
            row.append(Tok(_code_kind(block.text[at : match.end()]), block.text[at : match.end()], at, match.end()))
        else:
            row.append(Tok(kind, word, at, match.end()))
    if row:
        out.append(_sentence(block, row, not out))
    return out


def _skill_links(block: Block) -> set[int]:
    """Code points of a block at which links to other skills begin."""
    return {run.at for run in block.runs if run.kind is LINK and run.target.split("#", 1)[0].endswith("SKILL.md")}


def _code_kind(code: str) -> str:
    """Inline code that is a slash command names a skill."""
    return "SKILL" if _SLASH.match(code) else "CODE"


def _abbreviated(text: str, at: int, mark: str) -> bool:
    """Is the mark the end of an abbreviation, or of a list number ("1.")?"""
    if mark != ".":
        return False
    start = max(text.rfind(c, max(0, at - 12), at) for c in " \n(,") + 1
    word = text[start:at].lower()
    return word in _NO_END or (word.isdigit() and len(word) < 3 and text[at + 1 : at + 2] == " ")


def _sentence(block: Block, row: list[Tok], first: bool) -> Sentence:
    toks = _class_words(row[:MAX_TOKENS])
    return Sentence(block, tuple(toks), _label(block, toks, first), first)


def _class_words(row: list[Tok]) -> list[Tok]:
    """Give words that begin a cue phrase its kind; the words of one phrase become one token."""
    table = cues()
    out: list[Tok] = []
    at, end = 0, len(row)
    while at < end:
        tok = row[at]
        at += 1
        if tok.kind == "WORD":
            for words, kind in table.get(tok.word, ()):
                size = len(words)
                if size == 1 or (at < end and row[at].word == words[1] and _goes_on(row, at - 1, words)):
                    at += size - 1
                    tok = Tok(kind, " ".join(words), tok.at, row[at - 1].end)
                    break
            else:
                if tok.word in _ARABIC:
                    tok = tok._replace(kind="NUM")
        out.append(tok)
    return out


def _goes_on(row: list[Tok], at: int, words: tuple[str, ...]) -> bool:
    return tuple([tok.word for tok in row[at : at + len(words)]]) == words


def _label(block: Block, row: list[Tok], first: bool) -> int:
    """Tokens of the label at the head of the first sentence: a bold run, up to six words before a colon, dash or arrow, or the
    number of a heading."""
    if not first or not row or row[0].kind in _OPENERS:
        return 0
    if block.kind is HEADING and row[0].kind == "NUM" and block.text[row[0].end : row[0].end + 1] in (".", ")", ":"):
        return 2 if len(row) > 1 and row[1].kind in ("RPAR", "COLON") else 1
    bold = _bold_end(block)
    for index, tok in enumerate(row):
        if tok.at >= bold > 0:
            return index + 1 if tok.kind in ("COLON", "DASH", "ARROW") else index
        if tok.kind in ("COLON", "DASH", "ARROW") and index > 0 and bold <= tok.at:
            return index + 1
        if bold == 0 and (index >= 6 or tok.kind in ("COMMA", "LPAR")):
            return 0
    return len(row) if bold else 0


def _bold_end(block: Block) -> int:
    """Code points of the bold run the block begins with; 0 when it does not begin bold."""
    end = 0
    for run in block.runs:
        if run.kind in (TEXT, CODE) and run.text:
            if not run.strong:
                break
            end = run.at + len(run.text)
    return end
