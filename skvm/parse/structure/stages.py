"""Scenes and steps of the draft out of the chosen stages: titles, types, spans, ids and keys."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from skvm.ir import ActType, SceneType, StepEncoding
from skvm.parse.draft import FENCE, Block, DraftScene, DraftStep, Role
from skvm.parse.lexicon import acts_of_lead, is_imperative
from skvm.parse.structure.features import ROW_NUMBER, Candidate
from skvm.parse.structure.looks import View
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import MAX_PHRASE, normal, scene_words, weak_words
from skvm.source import SourceText, digest_text, readable

_BY_ROLE = {
    Role.SETUP: SceneType.PREPARE,
    Role.INPUTS: SceneType.ACQUIRE,
    Role.OUTPUTS: SceneType.FINALIZE,
    Role.TROUBLE: SceneType.RECOVER,
    Role.CHECKLIST: SceneType.VERIFY,
}
_BY_ACT = {
    ActType.READ: SceneType.ACQUIRE,
    ActType.REQUEST: SceneType.ACQUIRE,
    ActType.INFER: SceneType.REASON,
    ActType.SELECT: SceneType.REASON,
    ActType.COMPARE: SceneType.REASON,
    ActType.WRITE: SceneType.ACT,
    ActType.UPDATE_STATE: SceneType.ACT,
    ActType.CALL_TOOL: SceneType.ACT,
    ActType.VALIDATE: SceneType.VERIFY,
    ActType.NOTIFY: SceneType.FINALIZE,
    ActType.TRANSFER: SceneType.ACT,
}
_SEGMENT = re.compile(
    r"\s+[—–-]+\s+|[:(),/→]|\s&\s|\band\b|\b(?:with|for|of|before|after|from|to|into|against|if|when)\b", re.IGNORECASE
)
_BLANK = re.compile(r"\s+")
TITLE_LIMIT = 100
WHOLE_FLOW = 2.0
"""Vote for acting of a section that is a workflow by its heading: it prepares and checks too, but the work is its point."""

OPENING = 1.0
"""Vote for preparing of the first of several stages."""


def scene_type(part: Part, steps: list[Candidate], ordinal: int, count: int) -> SceneType:
    """Type of a stage: the words of its title (head of a verb phrase first, end of a noun phrase last weigh most), its role,
    the acts its steps begin with, and where it stands among the `count` stages."""
    votes: dict[SceneType, float] = {}
    _title_votes(part.title, votes)
    if part.role in _BY_ROLE:
        _add(votes, _BY_ROLE[part.role], 3.0 if part.whole else 1.0)
    _step_votes(steps, votes)
    if part.role is Role.PROCEDURE:
        _add(votes, SceneType.ACT, WHOLE_FLOW)
    if not votes:
        return SceneType.ACT if part.numbering or any(c.imperative for c in steps) else SceneType.UNKNOWN
    if count > 2:
        if ordinal == 1:
            _add(votes, SceneType.PREPARE, OPENING)
        if ordinal == count:
            _add(votes, SceneType.FINALIZE, 0.8)
        elif SceneType.FINALIZE in votes and ordinal < count - 1:
            votes[SceneType.FINALIZE] -= 1.2
    order = list(SceneType)
    return min(votes, key=lambda kind: (-round(votes[kind], 6), order.index(kind)))


def _add(votes: dict[SceneType, float], kind: SceneType, weight: float) -> None:
    votes[kind] = votes.get(kind, 0.0) + weight


def _step_votes(steps: list[Candidate], votes: dict[SceneType, float]) -> None:
    """What the first acts of the steps speak for; commands speak for acting."""
    leads = [acts_of_lead(c.lead.text) for c in steps[:8]]
    stated = [acts[0] for acts in leads if acts]
    for act in stated:
        if act in _BY_ACT:
            _add(votes, _BY_ACT[act], 1.5 / len(stated))
    if any(c.kind in ("fence", "intro") for c in steps):
        _add(votes, SceneType.ACT, 0.3)


def _title_votes(title: str, votes: dict[SceneType, float]) -> None:
    verbal = is_imperative(title)
    alone = len(normal(title).split()) == 1
    for nth, segment in enumerate(_SEGMENT.split(title)):
        words = normal(segment).split()
        for at, size, kind, weak in _scene_phrases(words):
            head = at == 0 if verbal else at + size == len(words)
            weight = (3.0 if head else 1.5) * (0.4 if weak and not alone else 1.0) * (1.0 if nth == 0 else 0.7)
            _add(votes, kind, weight + 0.2 * (size - 1))


def _scene_phrases(words: list[str]) -> Iterator[tuple[int, int, SceneType, bool]]:
    """Phrases of the lexicon in the words: where, how long, type, and whether they say little."""
    table, weak = scene_words(), weak_words()
    at = 0
    while at < len(words):
        for size in range(min(MAX_PHRASE, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + size])
            if phrase in table:
                yield at, size, table[phrase], phrase in weak
                at += size - 1
                break
        at += 1


def build(stages: list[View], source: SourceText, blocks: list[Block]) -> tuple[list[DraftScene], list[DraftStep]]:
    """Scenes and steps in text order."""
    scenes: list[DraftScene] = []
    steps: list[DraftStep] = []
    seen: dict[str, int] = {}
    ids: dict[int, str] = {}
    starts = [block.start for block in blocks]
    nested = {view.part.index for view in stages}
    for ordinal, view in enumerate(stages, 1):
        part, scene = view.part, f"S{ordinal}"
        ids[part.index] = scene
        below = _below(part, nested)
        end = _end(part, view, below)
        kind = scene_type(part, view.steps, ordinal, len(stages))
        raw_end = _trim(source.raw, part.start, end)
        start = _scene_start(part, view)
        scenes.append(
            DraftScene(scene, start, raw_end, part.title or "Procedure", kind, part.number, (part.index,), _parent(part, ids))
        )
        made = _steps(view, scene, source, blocks, raw_end, starts, below)
        for number, step in enumerate(made, 1):
            base = digest_text(f"{_BLANK.sub(' ', step.text).strip()}\0{_BLANK.sub(' ', part.title).strip()}")
            seen[base] = seen.get(base, 0) + 1
            key = digest_text(f"{base}\0{seen[base]}").removeprefix("sha256:")
            steps.append(step._replace(id=f"{scene}.s{number}", key=key))
    return scenes, steps


def _scene_start(part: Part, view: View) -> int:
    return part.start if part.heading is not None else min(c.start for c in view.steps)


def _below(part: Part, nested: set[int]) -> list[int]:
    """Where the subsections that are stages of their own begin."""
    stack = list(part.children)
    out = []
    while stack:
        child = stack.pop()
        if child.index in nested:
            out.append(child.start)
        else:
            stack.extend(child.children)
    return sorted(out)


def _end(part: Part, view: View, below: list[int]) -> int:
    """End of a stage: where its first inner stage begins, unless it has steps behind that."""
    if not below or any(c.start >= below[0] for c in view.steps):
        return part.end
    return below[0]


def _parent(part: Part, ids: dict[int, str]) -> str | None:
    here = part.parent
    while here is not None:
        if here.index in ids:
            return ids[here.index]
        here = here.parent
    return None


def _trim(raw: bytes, start: int, end: int) -> int:
    while end > start and raw[end - 1] in b" \t\r\n":
        end -= 1
    return end


def _steps(
    view: View, scene: str, source: SourceText, blocks: list[Block], scene_end: int, starts: list[int], below: list[int]
) -> list[DraftStep]:
    out: list[DraftStep] = []
    part = view.part
    if not view.steps and part.heading is not None:
        inside = _inside(part.start, scene_end, starts)
        encoding = (
            StepEncoding.BOLD_NUMBER
            if part.bold
            else StepEncoding.STEP_HEADING
            if part.numbering == "step"
            else StepEncoding.NUMBERED_HEADING
        )
        return [_step(scene, part.start, scene_end, part.title, encoding, part.number, part.heading, inside, source)]
    chosen = sorted(view.steps, key=lambda c: (c.start, -c.end))
    for index, c in enumerate(chosen):
        after = chosen[index + 1].start if index + 1 < len(chosen) else scene_end
        inner = bisect_right(below, c.start)
        after = min(after, below[inner]) if inner < len(below) else after
        end = min(c.end, after)
        inside = _inside(c.start, end, starts) if c.kind == "section" else [i for i in c.blocks if blocks[i].start < end]
        end = _trim(source.raw, c.start, end)
        end, inside = _attach(c, end, after, inside, blocks)
        encoding = _encoding(c)
        out.append(_step(scene, c.start, end, _title(c), encoding, c.lead.number, c.lead, inside, source))
    return out


def _inside(start: int, end: int, starts: list[int]) -> list[int]:
    return list(range(bisect_left(starts, start), bisect_left(starts, end)))


def _encoding(c: Candidate) -> StepEncoding:
    if c.kind != "section":
        return c.encoding
    if c.part.bold:
        return StepEncoding.BOLD_NUMBER
    return StepEncoding.STEP_HEADING if c.part.numbering == "step" else StepEncoding.NUMBERED_HEADING


def _attach(c: Candidate, end: int, after: int, inside: list[int], blocks: list[Block]) -> tuple[int, list[int]]:
    """Fences that follow a step directly belong to it, up to the next step."""
    index = max(inside, default=c.lead.index) + 1
    while index < len(blocks) and blocks[index].kind is FENCE and blocks[index].parent is None and c.lead.parent is None:
        if blocks[index].end > after:
            break
        inside = [*inside, index]
        end = blocks[index].end
        index += 1
    return end, inside


def _title(c: Candidate) -> str:
    text = c.lead.bold.strip(" :.") if len(c.lead.bold.split()) > 1 else ""
    text = text or _BLANK.sub(" ", c.lead.text).strip()
    text = ROW_NUMBER.sub("", text, count=1).strip() if c.kind == "row" else text
    if not text and c.lead.kind is FENCE:
        return "Run the commands"
    head = re.split(r"(?<=[.!?:])\s|\s[—–]\s", text, maxsplit=1)[0].rstrip(" :.")
    return head[:TITLE_LIMIT] or "Step"


def _step(
    scene: str,
    start: int,
    end: int,
    title: str,
    encoding: StepEncoding,
    number: str | None,
    lead: Block,
    inside: list[int],
    source: SourceText,
) -> DraftStep:
    text = readable(source.raw[start:end])
    return DraftStep("", "", scene, start, end, title, text, encoding, number, lead.index, tuple(inside))
