"""Lexicons of the structural half, read from `structure.txt`, `scenes.txt` and `structure_cues.txt` in `grammar/`."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from skvm.ir import SceneType
from skvm.parse.draft import Role
from skvm.parse.guards import Guarded
from skvm.source import read_data

_DONT = re.compile(r"\b(?:do not|don['’]?t)\b")
_NOT_WORD = re.compile(r"[^a-z0-9/\-\u00c0-\uffff]+")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
MAX_PHRASE = 7


@lru_cache(maxsize=512)  # headings and steps are asked about by roles, stages, features and knowledge in turn
def normal(text: str) -> str:
    """Lower-case words joined by single blanks; "do not" and "don't" become "dont"."""
    text = _DONT.sub("dont", text.lower().replace("’", "'")).replace("'s", "s").replace("'", "")
    return _NOT_WORD.sub(" ", text.replace("&", " and ")).strip()


@cache
def _groups(name: str) -> dict[str, list[str]]:
    """`[group]` lines open a group; other lines hold entries separated by ";"."""
    table: dict[str, list[str]] = {}
    entries: list[str] = []
    for line in read_data("grammar", name).splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("["):
            entries = table.setdefault(text.strip("[]"), [])
        else:
            entries.extend(part.strip() for part in text.split(";") if part.strip())
    return table


@cache
def role_phrases() -> dict[str, Role]:
    """Normalised heading phrase to the role it names."""
    return {normal(phrase): Role(role) for role, phrases in _groups("structure.txt").items() for phrase in phrases}


@cache
def _cjk_roles() -> tuple[tuple[str, Role], ...]:
    return tuple((p, r) for p, r in role_phrases().items() if _CJK.search(p))


@cache
def scene_words() -> dict[str, SceneType]:
    """Normalised word or phrase to the scene type it speaks for."""
    return {
        normal(phrase): SceneType(kind)
        for kind, phrases in _groups("scenes.txt").items()
        if kind != "weak"
        for phrase in phrases
    }


@cache
def cue_words(name: str) -> tuple[str, ...]:
    """Entries of a cue of `grammar/structure_cues.txt`."""
    return tuple(_groups("structure_cues.txt")[name])


@cache
def cue(*names: str) -> Guarded:
    """Pattern of one or more cues: any of their entries as whole words; at the beginning only, where names begin with "^"."""
    body = "|".join(entry for name in names for entry in cue_words(name))
    return Guarded(rf"^\W*(?:{body})\b" if names[0].startswith("^") else rf"\b(?:{body})\b")


@cache
def weak_words() -> frozenset[str]:
    """Words of `scene_words` that say little about a stage ("run", "process"): any other word counts more."""
    return frozenset(normal(phrase) for phrase in _groups("scenes.txt").get("weak", ()))


_JOINTS = frozenset(
    ["for", "of", "to", "with", "in", "on", "when", "before", "after", "from", "by", "if", "at", "via", "using", "the", "a"]
)
"""Words behind which a heading only qualifies its head."""


_SET_OFF = re.compile(r"[():;|]|\s[-\u2013\u2014]+\s")
_QUALIFIED = frozenset(["overview", "summary", "guide", "details", "checklist", "diagram", "template", "reference"])
"""Words behind "workflow" that leave it the matter of the heading; behind any other word it only qualifies."""


def _names_procedure(text: str) -> bool:
    """Is a part of a heading a name for a procedure: one of the plain words, at most with two before it?"""
    return text.count(" ") < MAX_PIECE and text.rpartition(" ")[2] in _PLAIN_PROCEDURE


MAX_PIECE = 3
_IN_TITLES = frozenset(
    ["workflow", "workflows", "procedure", "procedures", "steps", "instructions", "process", "pipeline", "flow", "protocol",
     "methodology", "playbook", "runbook", "approach"]
)  # fmt: skip
"""Words for a procedure that are one among other words too; "task" or "loop" are only alone."""

_PLAIN_PROCEDURE = frozenset(["workflow", "procedure", "steps", "instructions", "process"])
"""Words that name a procedure whatever adjective stands before them."""


def _qualifies(behind: list[str]) -> bool:
    """Does what stands before these words only qualify them? "Workflow design" is design, "Workflow for reports" a workflow."""
    return bool(behind) and behind[0] not in _JOINTS and behind[0] not in _QUALIFIED and len(behind[0]) > 1


def _single(words: list[str], table: dict[str, Role]) -> str:
    """The word that gives a heading its role: the last of its head, else the first behind it; empty when there is none."""
    head = next((at for at, word in enumerate(words) if word in _JOINTS), len(words))
    for word in (*reversed(words[:head]), *words[head:]):
        if word not in table:
            continue
        if table[word] is not Role.PROCEDURE or (word in _IN_TITLES and not _qualifies(words[words.index(word) + 1 :])):
            return word
    return ""


def _set_off(title: str, table: dict[str, Role]) -> tuple[Role, bool] | None:
    """What a part of a heading set off by a bracket, colon or dash says: "Example: ..." is one, "... (workflow)" a workflow."""
    pieces = [normal(piece) for piece in _SET_OFF.split(title)[:MAX_PHRASE]]
    if len(pieces) > 1 and table.get(pieces[0]) is Role.EXAMPLES:
        return Role.EXAMPLES, False
    return (Role.PROCEDURE, True) if any(_names_procedure(piece) for piece in pieces) else None


def role_of(title: str) -> tuple[Role, bool]:
    """Role of a heading by the longest phrase in it, and whether that phrase is the whole heading.

    Of single words the last one of the head counts ("Usage Principles" are principles), else the first behind it. A part of the
    heading set off by a bracket, colon or dash that calls it a procedure counts as the whole: "Quick start (workflow)".
    """
    text = normal(title)
    table = role_phrases()
    if text in table:
        return table[text], True
    set_off = _set_off(title, table)
    if set_off is not None:
        return set_off
    words = text.split()
    for size in range(min(MAX_PHRASE, len(words)), 1, -1):
        for at in range(len(words) - size + 1):
            role = table.get(" ".join(words[at : at + size]))
            if role is not None and not (role is Role.PROCEDURE and _qualifies(words[at + size :])):
                return role, False
    word = _single(words, table)
    if word:
        return table[word], False
    if _CJK.search(text):
        for phrase, role in _cjk_roles():
            if phrase in text:
                return role, False
    return Role.OTHER, False
