"""Knowledge units: sections that are not stages, and reference files that steps name. Which steps refer to them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

from skvm.parse.draft import CODE, LINK, Block, DraftKnowledge, DraftScene, DraftStep
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import normal

_DOCUMENT = re.compile(r"[\w./{}$-]+\.(?:md|mdx|txt|rst|adoc|json|ya?ml|csv|html)\b")
_SLUG = re.compile(r"[^a-z0-9 -]+")
MIN_TITLE = 2
MAX_PAIRS = 250_000
"""More sections times steps than this are not compared: the text was generated."""


def find_knowledge(
    parts: list[Part], blocks: list[Block], scenes: list[DraftScene], steps: list[DraftStep], paths: frozenset[str]
) -> list[DraftKnowledge]:
    """Units in text order: one per section outside the stages that has text of its own, one per bundle file that steps name."""
    staged = {index for scene in scenes for index in scene.sections}
    inside = _covered(scenes)
    mentions = _mentions(steps, blocks) if len(parts) * len(steps) <= MAX_PAIRS else []
    out: list[DraftKnowledge] = []
    for part in parts:
        if part.index in staged or not part.pieces or inside(part.start):
            continue
        start = part.start if part.heading is not None else blocks[_first(part)].start
        end = max(blocks[_last(part, blocks)].end, start)
        out.append(DraftKnowledge("", part.title or "Introduction", start, end, part.index, _named(part.title, mentions)))
    out.extend(_files(steps, blocks, paths))
    out.sort(key=lambda k: (k.start, k.end, k.file or ""))
    return [unit._replace(id=f"K{number}") for number, unit in enumerate(out, 1)]


def _covered(scenes: list[DraftScene]) -> Callable[[int], bool]:
    """Does an offset lie in a stage? Stages nest but do not overlap otherwise."""
    starts: list[int] = []
    ends: list[int] = []
    for scene in sorted(scenes, key=lambda s: s.start):
        starts.append(scene.start)
        ends.append(max(scene.end, ends[-1] if ends else 0))

    def inside(offset: int) -> bool:
        at = bisect_right(starts, offset) - 1
        return at >= 0 and offset < ends[at]

    return inside


def _first(part: Part) -> int:
    node = part.pieces[0]
    while node.block < 0 and node.parts:
        node = node.parts[0]
    return max(node.block, 0)


def _last(part: Part, blocks: list[Block]) -> int:
    best = -1
    stack = list(part.pieces)
    while stack:
        node = stack.pop()
        if node.block >= 0 and (best < 0 or blocks[node.block].end > blocks[best].end):
            best = node.block
        stack.extend(node.parts)
    return max(best, 0)


def _mentions(steps: list[DraftStep], blocks: list[Block]) -> list[tuple[str, str, frozenset[str]]]:
    """Per step: id, normalised text, anchors it links to."""
    out = []
    for step in steps:
        anchors = {
            run.target[1:]
            for index in step.blocks
            for run in blocks[index].runs
            if run.kind is LINK and run.target.startswith("#")
        }
        out.append((step.id, f" {normal(step.text)} ", frozenset(anchors)))
    return out


def _named(title: str, mentions: list[tuple[str, str, frozenset[str]]]) -> tuple[str, ...]:
    """Steps that name a section by its title (two words or more) or link to it."""
    words = normal(title)
    slug = _SLUG.sub("", title.lower()).strip().replace(" ", "-")
    long_enough = len(words.split()) >= MIN_TITLE
    return tuple(step for step, text, anchors in mentions if slug in anchors or (long_enough and f" {words} " in text))


def _files(steps: list[DraftStep], blocks: list[Block], paths: frozenset[str]) -> list[DraftKnowledge]:
    found: dict[str, tuple[int, int, list[str]]] = {}
    for step in steps:
        for index in step.blocks:
            for run in blocks[index].runs:
                name = run.target if run.kind is LINK else run.text if run.kind is CODE else ""
                path = name.partition("#")[0].removeprefix("./")
                if not path or not _DOCUMENT.fullmatch(path) or (path not in paths and not path.startswith("references/")):
                    continue
                row = found.setdefault(path, (run.start, run.end, []))
                if step.id not in row[2]:
                    row[2].append(step.id)
    return [DraftKnowledge("", path, a, b, None, tuple(ids), path) for path, (a, b, ids) in found.items()]
