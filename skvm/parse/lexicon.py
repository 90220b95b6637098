"""Closed word lists of the language of skills, read from `grammar/`, and what can be told from the first words of a text.

The lists are data: `verbs.txt` (verb -> acts, with rules by the class of the object), `nouns.txt` (word -> classes),
`nominals.txt` (noun that names an act). A word that is in no list is unknown; nothing is guessed from its form except the
plural of a noun and the third person and participle of a verb.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple

from skvm.ir import ActType
from skvm.source import read_data

WORD = re.compile(r"(?a)[A-Za-z][A-Za-z'’]*(?:-[A-Za-z]+)*")
"""A word of prose: ASCII letters, inner hyphens and apostrophes; digits and other scripts are not words of the lists."""

_LEAD = re.compile(r"(?a)^[\s>*_~`\[\]()#•→✅❌⚠️🔹\-–—+]*(?:\(?\d+[.)a-z]*\s+|[☐☑✓✔✗]\s*|\[[ xX]\]\s*)*")
_LABEL = re.compile(r"(?a)[^\n]{1,60}?(?::|\s[—–-]{1,2}|\s→|\s->)\s+")
_LABEL_ENDS = (":", "-", "\u2014", "\u2013", "\u2192")
LABEL = 63
"""Characters in which a label ends."""

LEAD = 400
"""Characters of a text in which its first imperative is looked for."""

_CLAUSE = re.compile(r"(?a)(?:,|:|;|\s[—–-]{1,2}|\bthen)\s+")


def word_set(text: str) -> frozenset[str]:
    """A closed set of words written as one text."""
    return frozenset(text.split())


_FINITE = word_set("is are was were has")
"""Behind "test coverage" these show that the first word is no verb."""


class Verb(NamedTuple):
    """A verb of the lists: the acts it states, whether it is as often a noun, and acts by class of its object."""

    acts: tuple[ActType, ...]
    noun: bool
    rules: tuple[tuple[str, tuple[ActType, ...]], ...] = ()


@cache
def verbs() -> dict[str, Verb]:
    """All verbs by base form; verbs of several words are joined by hyphens."""
    table: dict[str, Verb] = {}
    rules: dict[str, list[tuple[str, tuple[ActType, ...]]]] = {}
    acts: tuple[ActType, ...] = ()
    for line in _lines("verbs.txt"):
        if line.startswith("["):
            acts = _acts(line.strip("[]"))
        elif line.startswith("rule "):
            left, _, right = line[5:].partition("=")
            verb, noun_class = left.split()
            rules.setdefault(verb, []).append((noun_class, _acts(right)))
        else:
            for word in line.split():
                table[word.rstrip("~")] = Verb(acts, word.endswith("~"))
    for word, found in rules.items():
        table[word] = table[word]._replace(rules=tuple(found))
    return table


@cache
def words_of(name: str) -> frozenset[str]:
    """A closed class of function words, e.g. `words_of("adverbs")`; see `grammar/words.txt`."""
    return frozenset(
        word
        for line in _lines("words.txt")
        for kind, _, words in [line.partition(":")]
        if kind == name
        for word in words.split()
    )


@cache
def verb_heads() -> dict[str, tuple[str, ...]]:
    """First word of verbs of several words to those verbs, longest first ("look" -> "look-at", "look-up")."""
    heads: dict[str, list[str]] = {}
    for word in verbs():
        head, joint, _ = word.partition("-")
        if joint:
            heads.setdefault(head, []).append(word)
    return {head: tuple(sorted(words, key=lambda w: (-len(w), w))) for head, words in heads.items()}


@cache
def third_persons() -> dict[str, str]:
    """Third person singular to base form ("reads" -> "read"), of verbs of one word."""
    return {_third(word): word for word in verbs() if "-" not in word}


@cache
def nouns() -> dict[str, tuple[str, ...]]:
    """Noun to its classes, in the order of the file."""
    table: dict[str, tuple[str, ...]] = {}
    for line in _lines("nouns.txt"):
        noun_class, _, words = line.partition(":")
        for word in words.split():
            table[word] = (*table.get(word, ()), noun_class)
    return table


@cache
def nominals() -> dict[str, tuple[ActType, ...]]:
    """Noun that names an act to the acts."""
    table: dict[str, tuple[ActType, ...]] = {}
    for line in _lines("nominals.txt"):
        acts, _, words = line.partition(":")
        table.update(dict.fromkeys(words.split(), _acts(acts)))
    return table


def verb_at(words: list[str], at: int) -> tuple[str, int] | None:
    """The verb (base form, as in the lists) that begins at word `at` of lower-case `words`, and how many words it takes."""
    if at >= len(words):
        return None
    word = words[at]
    for joined in verb_heads().get(word, ()):
        parts = joined.split("-")
        if words[at : at + len(parts)] == parts:
            return joined, len(parts)
    return (word, 1) if word in verbs() else None


def acts_with_object(verb: str, words: Sequence[str]) -> tuple[ActType, ...]:
    """Acts of `verb` with the lower-case `words` of its object; the first rule whose class occurs wins."""
    entry = verbs()[verb]
    if entry.rules:
        classes = {c for word in words for c in nouns().get(word, ())}
        for noun_class, acts in entry.rules:
            if noun_class in classes:
                return acts
    return entry.acts


def is_imperative(text: str) -> bool:
    """Does the plain text of a block instruct: an imperative at its head, behind a label or behind a condition?"""
    return _lead_verb(text[:LEAD]) is not None


def acts_of_lead(text: str) -> tuple[ActType, ...]:
    """Acts of the first imperative of `text`, or of the noun that names an act; empty when neither is found."""
    lead = _lead_verb(text[:LEAD])
    if lead is not None:
        return acts_with_object(lead[0], lead[1][:8])
    words = [w.lower() for w in WORD.findall(text[:80])]
    return next((nominals()[w] for w in words[:5] if w in nominals()), ())


@lru_cache(maxsize=1024)  # sections, candidates and rules ask about the same texts, one after the other
def _lead_verb(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Verb of the first clause that instructs, with the words behind it."""
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead is not None else text
    found = _verb_here(text)
    if found is not None:
        return found
    label = _LABEL.match(text) if any(map(text[:LABEL].__contains__, _LABEL_ENDS)) else None
    if label is not None and (found := _verb_here(text[label.end() :])) is not None:
        return found
    first = WORD.match(text)
    if first is not None and first.group().lower() in words_of("subordinators"):
        for clause in _CLAUSE.finditer(text, first.end()):
            if (found := _verb_here(text[clause.end() :])) is not None:
                return found
    return None


def _verb_here(text: str) -> tuple[str, tuple[str, ...]] | None:
    head = text[:160]
    first = WORD.search(head)
    if first is None or first[0].lower() not in _openings() or head[: first.start()].strip(" \"'*_`(“‘["):
        return None  # most texts end here
    found = list(islice(WORD.finditer(head, first.start()), 14))
    words = [match[0].lower() for match in found]
    at = skip_adverbs(words)
    read = verb_at(words, at)
    if read is None:
        return None
    verb, size = read
    after = words[at + size] if at + size < len(words) else ""
    end = found[at + size - 1].end()
    later = words[at + size + 1] if at + size + 1 < len(words) else ""
    if verbs()[verb].noun and (later in _FINITE or not _verb_reading(head, end, after)):
        return None
    return verb, tuple(words[at + size :])


@cache
def _openings() -> frozenset[str]:
    """Words that a clause which instructs can begin with."""
    return frozenset(verbs()) | frozenset(verb_heads()) | words_of("subjects") | words_of("adverbs")


def _verb_reading(text: str, end: int, after: str) -> bool:
    """Is a word that may be a noun used as a verb here? `end`: where it ends; `after`: the next word."""
    behind = text[end:]
    if behind[:2].strip()[:1] in (":", ")", "/", "|", "=") or not (after or behind.strip()):
        return False
    return after not in words_of("not_after_verb")


def skip_adverbs(words: list[str]) -> int:
    """Index of the first word that may be the verb: behind adverbs, "you must", "let's", "make sure to"."""
    at = 0
    if words[:1] and words[0] in words_of("subjects") and len(words) > 1 and words[1] in words_of("modals"):
        at = 2
        while at < len(words) and words[at] in ("to", "have", "always", "also", "first", "then", "only", "need"):
            at += 1
    while at < len(words) and words[at] in words_of("adverbs"):
        at += 1
    return at


def _third(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh", "o")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def _acts(text: str) -> tuple[ActType, ...]:
    return tuple(ActType(name) for name in text.split() if name != "-")


def _lines(name: str) -> list[str]:
    lines = (line.strip() for line in read_data("grammar", name).splitlines())
    return [line for line in lines if line and not line.startswith("#")]
