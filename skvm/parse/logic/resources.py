"""What an act in prose works on: its object, the places it names, and the kind of resource."""

from __future__ import annotations

from typing import NamedTuple

from skvm.ir import ActType, EffectClass, Scope
from skvm.parse.lexicon import nouns, word_set, words_of
from skvm.parse.logic.mentions import file_name
from skvm.parse.logic.places import is_open, is_path, place_of
from skvm.parse.sentences import Tok

_ENDS = frozenset(
    {"COMMA", "SEMI", "COLON", "DASH", "ARROW", "LPAR", "RPAR", "AND", "OR", "THEN", "IF", "WHEN", "UNLESS", "EACH", "UNTIL"}
)
_TO = word_set("to into as at under onto named called in")
_FROM = word_set("from using with per via by against through")
_READS = frozenset(
    {ActType.READ, ActType.VALIDATE, ActType.COMPARE, ActType.INFER, ActType.SELECT, ActType.NOTIFY, ActType.REQUEST}
)
_WRITES = frozenset({ActType.WRITE, ActType.UPDATE_STATE})
_THOUGHT = frozenset({ActType.INFER, ActType.SELECT, ActType.COMPARE, ActType.REQUEST, ActType.NOTIFY, ActType.TERMINATE})
_CLASS_SCOPES = (
    ("secret", Scope.CREDENTIALS),
    ("web", Scope.NETWORK),
    ("repo", Scope.CODEBASE),
    ("data", Scope.USER_DATA),
)
EFFECT_OF = dict.fromkeys(ActType, EffectClass.PURE) | {
    ActType.WRITE: EffectClass.IDEMPOTENT,
    ActType.UPDATE_STATE: EffectClass.EFFECTFUL,
    ActType.CALL_TOOL: EffectClass.EFFECTFUL,
    ActType.TRANSFER: EffectClass.EFFECTFUL,
}


class Resource(NamedTuple):
    """Object (code points of the block's text), places read and written, scope, and whether a place is left open."""

    object: tuple[int, int] | None
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    scope: Scope
    unknown: bool
    tool: str | None


def resource_of(act: ActType, words: list[Tok], start: int, end: int, bundle: frozenset[str]) -> Resource:
    """What the act whose object begins at word `start` works on; `end`: where the next imperative begins."""
    reads: list[str] = []
    writes: list[str] = []
    tool: str | None = None
    for index in range(start, end):
        word = words[index]
        if word.kind == "URL":
            continue
        if word.kind not in ("CODE", "FILE"):
            continue
        place = _place(word.word, bundle)
        if place is None:
            tool = tool or (word.word if act is ActType.CALL_TOOL else None)
            continue
        before = next((w.word for w in reversed(words[start:index]) if w.kind == "WORD"), "")
        (writes if _written(act, before) and not place.startswith("skill:") else reads).append(place)
    unknown = any(is_open(p) for p in (*reads, *writes))
    scope = _scope(act, words[start:end], reads, writes)
    return Resource(_object(words, start, end), tuple(reads), tuple(writes), scope, unknown, tool)


def _place(text: str, bundle: frozenset[str]) -> str | None:
    named = file_name(text)
    if named is not None and (
        named in bundle or (not bundle and named.split("/", 1)[0] in ("references", "reference", "scripts", "assets"))
    ):
        return "skill:" + named
    return place_of(text) if is_path(text) else None


def _written(act: ActType, before: str) -> bool:
    if before in _FROM:
        return False
    if act in _WRITES:
        return True
    return before in _TO and act in (ActType.TRANSFER, ActType.CALL_TOOL) and before != "in"


def _object(words: list[Tok], start: int, end: int) -> tuple[int, int] | None:
    """The noun phrase behind the verb."""
    at = start
    while at < end and at < start + 10:
        word = words[at]
        if word.kind in _ENDS or (at > start and word.kind == "WORD" and word.word in words_of("prepositions")):
            break
        at += 1
    return (words[start].at, words[at - 1].end) if at > start else None


def _scope(act: ActType, words: list[Tok], reads: list[str], writes: list[str]) -> Scope:
    if act is ActType.CALL_TOOL:
        return Scope.PROCESS
    if any(w.kind == "URL" for w in words):
        return Scope.NETWORK
    if reads or writes:
        return Scope.LOCAL_FS
    if act in _THOUGHT:
        return Scope.MEMORY
    classes = {c for w in words[:10] for c in nouns().get(w.word, ())}
    found = next((scope for name, scope in _CLASS_SCOPES if name in classes), None)
    if found is not None:
        return found
    if "file" in classes or "folder" in classes:
        return Scope.LOCAL_FS
    return Scope.MEMORY if act is ActType.VALIDATE else Scope.OTHER
