"""Scenes and steps of the draft out of the chosen stages: titles, types, spans, ids and keys."""

from __future__ import annotations

import re
from bisect import bisect_left

from skvm.ir import SceneType, StepEncoding
from skvm.parse.draft import Block, BlockKind, DraftScene, DraftStep, Role
from skvm.parse.structure.features import Candidate
from skvm.parse.structure.looks import View
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import MAX_PHRASE, normal, scene_words
from skvm.source import SourceText, digest_text

_BY_ROLE = {
    Role.SETUP: SceneType.PREPARE,
    Role.INPUTS: SceneType.ACQUIRE,
    Role.OUTPUTS: SceneType.FINALIZE,
    Role.TROUBLE: SceneType.RECOVER,
    Role.CHECKLIST: SceneType.VERIFY,
}
_BLANK = re.compile(r"\s+")
TITLE_LIMIT = 100


def scene_type(title: str, role: Role, texts: list[str]) -> SceneType:
    """Type of a stage: by its role, by the words of its title (the first weighs most), by the first words of its steps."""
    votes: dict[SceneType, float] = {}
    table = scene_words()
    words = normal(title).split()
    for at in range(len(words)):
        for size in range(min(MAX_PHRASE, len(words) - at), 0, -1):
            kind = table.get(" ".join(words[at : at + size]))
            if kind is not None:
                votes[kind] = votes.get(kind, 0.0) + (4.0 if at == 0 else 2.0) + size / 4
                break
    if role in _BY_ROLE:
        votes[_BY_ROLE[role]] = votes.get(_BY_ROLE[role], 0.0) + 2.5
    for text in texts[:8]:
        head = normal(text[:80]).split()[:4]
        for at, word in enumerate(head):
            kind = table.get(word)
            if kind is not None:
                votes[kind] = votes.get(kind, 0.0) + (0.5 if at == 0 else 0.2)
                break
    if not votes:
        return SceneType.UNKNOWN
    order = list(SceneType)
    return min(votes, key=lambda kind: (-votes[kind], order.index(kind)))


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
        end = _end(part, nested)
        kind = scene_type(part.title, part.role, [c.lead.text for c in view.steps])
        raw_end = _trim(source.raw, part.start, end)
        start = _scene_start(part, view)
        scenes.append(
            DraftScene(scene, start, raw_end, part.title or "Procedure", kind, part.number, (part.index,), _parent(part, ids))
        )
        made = _steps(view, scene, source, blocks, raw_end, starts)
        for number, step in enumerate(made, 1):
            base = digest_text(f"{_BLANK.sub(' ', step.text).strip()}\0{_BLANK.sub(' ', part.title).strip()}")
            seen[base] = seen.get(base, 0) + 1
            key = digest_text(f"{base}\0{seen[base]}").removeprefix("sha256:")
            steps.append(step._replace(id=f"{scene}.s{number}", key=key))
    return scenes, steps


def _scene_start(part: Part, view: View) -> int:
    return part.start if part.heading is not None else min(c.start for c in view.steps)


def _end(part: Part, nested: set[int]) -> int:
    """End of a stage: of its section, or where its first subsection that is a stage of its own begins."""
    stack = list(part.children)
    starts = []
    while stack:
        child = stack.pop()
        if child.index in nested:
            starts.append(child.start)
        stack.extend(child.children)
    return min([part.end, *starts])


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
    view: View, scene: str, source: SourceText, blocks: list[Block], scene_end: int, starts: list[int]
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
    while (
        index < len(blocks) and blocks[index].kind is BlockKind.FENCE and blocks[index].parent is None and c.lead.parent is None
    ):
        if blocks[index].end > after:
            break
        inside = [*inside, index]
        end = blocks[index].end
        index += 1
    return end, inside


def _title(c: Candidate) -> str:
    text = c.lead.bold.strip(" :.") if len(c.lead.bold.split()) > 1 else ""
    text = text or _BLANK.sub(" ", c.lead.text).strip()
    if not text and c.lead.kind is BlockKind.FENCE:
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
    text = source.raw[start:end].decode("utf-8", "replace")
    return DraftStep("", "", scene, start, end, title, text, encoding, number, lead.index, tuple(inside))
