"""Prose under a rule: words, sentences, paragraphs, and the marks of plain speech. Lenient where English is."""

from __future__ import annotations

import re

from skvm.profile.kit.bodies import unified

WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
STOP = re.compile(r"(?<![.!?…])([.!?…]+[\"'”’)\]*_]*)(\s+)(?=[\"'“‘(\[*_]*[^\W_])")
ABBREVIATIONS = frozenset(("mr", "mrs", "ms", "dr", "st", "e.g", "i.e", "vs", "etc", "approx", "prof", "fig", "cf"))
SHORTENED = re.compile(
    r"\b(?:[a-z]+n['’]t|(?:i|you|we|they|he|she|it|that|there|here|what|who|where|how|let)['’](?:m|re|ve|ll|d|s)"
    r"|y['’]all|gonna|wanna|gotta)\b",
    re.IGNORECASE,
)
MARKUP = re.compile(r"^\s*(?:#{1,6}\s|[-*+•]\s|\d+[.)]\s|>|\|)", re.MULTILINE)
_FUNCTION = """
a an the and or but nor so yet for of in on at by to from with without into onto over under between among through during
before after as than that which who whose whom this these those it its he she they them their his her we our us you your
i my me is are was were be been being has have had do does did will would can could may might must shall should not no
if when while where because since until though although there here then also still only even each every all both any
some more most such other one up down out off about around near very just
"""
FUNCTION_WORDS = frozenset(_FUNCTION.split())


def words(text: str) -> list[str]:
    """Words as they stand; `well-known` and `it's` are one word each."""
    return WORD.findall(text)


def sentences(text: str) -> list[str]:
    """Sentences: an end mark and white space end one, save after usual abbreviations and initials; so does a blank line."""
    return [sentence for paragraph in paragraphs(text) for sentence in _sentences(" ".join(paragraph.split()))]


def _sentences(text: str) -> list[str]:
    found, start = [], 0
    for match in STOP.finditer(text):
        before = text[start : match.start()].split()
        last = before[-1].lstrip("\"'“‘([").lower() if before else ""
        if match.group(1) == "." and (last in ABBREVIATIONS or re.fullmatch(r"[a-z]", last)):
            continue
        found.append(text[start : match.end(1)].strip())
        start = match.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def paragraphs(text: str) -> list[str]:
    """Blocks of text between blank lines."""
    return [block.strip() for block in re.split(r"\n[ \t]*\n", unified(text)) if block.strip()]


def shortened(text: str) -> list[str]:
    """Contractions and spoken short forms (`don't`, `we're`, `gonna`)."""
    return SHORTENED.findall(text)


def has_word(text: str, word: str) -> bool:
    """Whether a word or name stands in a text as a whole word, in any case (a possessive or plural ending may follow)."""
    return count_word(text, word) > 0


def count_word(text: str, word: str) -> int:
    """How often it stands there."""
    return len(re.findall(rf"(?<![^\W_]){re.escape(word)}(?:['’]?s)?(?![^\W_])", text, re.IGNORECASE))


def marked_up(text: str) -> bool:
    """Whether a line is a heading, a list item, a quotation or a table row."""
    return MARKUP.search(text) is not None


def repeated(text: str, at_least: int = 6) -> str | None:
    """A sentence of that many words that stands there twice, word by word; None when there is none."""
    seen: set[str] = set()
    for sentence in sentences(text):
        plain = " ".join(words(sentence.lower()))
        if len(plain.split()) >= at_least and plain in seen:
            return sentence
        seen.add(plain)
    return None


def runs_like_prose(text: str) -> bool:
    """Whether a text is made of sentences rather than of notes: an English text has a third to a half of function words; a
    fifth, and sentences of four words on the average, are asked for."""
    plain = [word.lower() for word in words(text)]
    count = len(sentences(text))
    return count > 0 and len(plain) >= 4 * count and sum(word in FUNCTION_WORDS for word in plain) >= len(plain) / 5
