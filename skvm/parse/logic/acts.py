"""Acts stated in prose: imperatives in the position of an instruction, with their objects and the places they name.

A verb counts at the head of a sentence, behind a label, behind a leading condition, and where it is coordinated with one
that counts. What is forbidden ("do not ...") states no act. A step without a verb may name its act by a noun.
"""

from __future__ import annotations

from typing import NamedTuple

from skvm.ir import ActType
from skvm.parse.lexicon import acts_with_object, nominals, skip_adverbs, third_persons, verb_at, verbs, word_set, words_of
from skvm.parse.sentences import Sentence, Tok

_BREAKS = frozenset({"COMMA", "SEMI", "COLON", "DASH", "ARROW", "LPAR", "RPAR"})
_STRONG = frozenset({"SEMI", "COLON", "DASH", "ARROW"})
_OPENERS = frozenset({"IF", "UNLESS", "WHEN", "ELSE", "EACH", "UNTIL", "WHILE"})
_RHYTHM = frozenset({"each", "every"})
_NOMINAL = frozenset({"CODE", "QUOTE", "FILE", "URL", "NUM", "STEPREF"})
_OBJECTS = _NOMINAL | {"SKILL", "AGENT", "PERSON"}
_ADJECTIVES = ("ed", "al", "ive", "ous", "ful", "ent")
_STOP_TAIL = word_set("immediately here with processing and or if when before until unless at instead work now execution the")
_WHERE = ("to", "from", "into")
_ACTORS = frozenset({"AGENT", "PERSON"})
_JOINTS = frozenset({"AND", "OR", "THEN"})
OBJECT_WORDS = 8
"""How many words behind a verb are looked at for its object."""


class Stated(NamedTuple):
    """An imperative: base form, acts, index of its first word and of the first word behind it."""

    verb: str
    acts: tuple[ActType, ...]
    start: int
    after: int


def words_in(sentence: Sentence) -> list[Tok]:
    """Words of a sentence: cue phrases taken apart (a word is where its phrase is), code and punctuation as single words."""
    out: list[Tok] = []
    for tok in sentence.toks:
        if " " not in tok.word or tok.kind in _NOMINAL:
            out.append(tok)
        else:
            out.extend([Tok(tok.kind, part, tok.at, tok.end) for part in tok.word.split()])
    return out


def imperatives(words: list[Tok], start: int) -> list[Stated]:
    """Imperatives from word `start` on, in order."""
    texts = [w.word for w in words]
    out: list[Stated] = []
    at = start
    opened = at < len(words) and (words[at].kind in _OPENERS or texts[at] in words_of("subordinators") or texts[at] in _RHYTHM)
    if not opened:
        at = _take(words, texts, at, out, strict=False)
    while at < len(words):
        if texts[at] in ("don't", "never") or texts[at : at + 2] == ["do", "not"]:
            at = _behind_negation(words, at)
            continue
        tok = words[at]
        boundary = tok.kind in _BREAKS or tok.kind in _JOINTS
        at += 1
        if not boundary or at >= len(words):
            continue
        if tok.kind in _STRONG or tok.kind == "THEN" or (opened and not out and tok.kind == "COMMA"):
            at = _take(words, texts, at, out, strict=bool(out) and tok.kind != "THEN")
        elif out and tok.kind in ("COMMA", "AND", "OR"):
            at = _take(words, texts, at, out, strict=True)
    return out


def _take(words: list[Tok], texts: list[str], at: int, out: list[Stated], *, strict: bool) -> int:
    """Read a verb at `at`, if there is one; returns the index to go on from."""
    while at < len(words) and words[at].kind in ("AND", "OR", "THEN", "LPAR"):
        at += 1
    lead = at + skip_adverbs(texts[at : at + 8])
    if texts[lead : lead + 2] == ["do", "not"] or texts[lead : lead + 1] in (["never"], ["don't"]):
        return _behind_negation(words, lead)
    found = verb_at(texts, lead)
    if found is None or words[lead].kind in _NOMINAL:
        return at
    verb, size = found
    if not _reads_as_verb(words, lead, lead + size, verb, strict=strict):
        return at
    behind = texts[lead + size : lead + size + OBJECT_WORDS]
    out.append(Stated(verb, acts_with_object(verb, behind), lead, lead + size))
    return lead + size


def _reads_as_verb(words: list[Tok], at: int, after: int, verb: str, *, strict: bool) -> bool:
    """Is a word of the list used as a verb here? `strict`: behind a comma or "and", where nouns are as likely."""
    following = words[after] if after < len(words) else None
    if verbs()[verb].acts == (ActType.TERMINATE,):
        return following is None or following.kind not in ("WORD", "CODE") or following.word in _STOP_TAIL
    if not verbs()[verb].noun:
        return following is None or following.word not in words_of("not_after_verb")
    if following is None:
        return not strict and after - at > 1
    if following.kind in _OBJECTS or following.word in words_of("determiners") or following.word.endswith(_ADJECTIVES):
        return True
    if following.word.endswith("ly") or (strict and following.word in _WHERE):
        return True
    if strict or following.word in words_of("not_after_verb"):
        return False
    if following.kind == "AND" and after + 1 < len(words) and verb_at([w.word for w in words[after + 1 : after + 4]], 0):
        return True
    return following.kind not in ("COLON", "COMMA", "RPAR", "AND", "OR", "DASH")


def _behind_negation(words: list[Tok], at: int) -> int:
    """Index behind the negated part of the sentence."""
    while at < len(words) and words[at].kind not in _STRONG and words[at].word not in ("but", "instead", "just"):
        at += 1
    return max(at, 0)


def third_person(words: list[Tok]) -> tuple[ActType, ...]:
    """Acts of "the script reads ..., and returns ...": verbs in third person singular, for steps without an imperative."""
    out: list[ActType] = []
    for index, word in enumerate(words[1:], 1):
        base = third_persons().get(word.word)
        before = words[index - 1]
        if base is None or before.word in words_of("determiners"):
            continue
        if before.kind in _ACTORS or not verbs()[base].noun:
            out.extend(verbs()[base].acts)
    return tuple(dict.fromkeys(out))


def nominal_acts(words: list[Tok], limit: int = 6) -> tuple[ActType, ...]:
    """Acts of the first noun that names one, among the first `limit` words."""
    return next((nominals()[w.word] for w in words[:limit] if w.word in nominals()), ())
