"""Which controls govern a step, and how: arms that exclude each other, targets of jumps, members of parallel groups."""

from __future__ import annotations

from skvm.ir import Control, ControlKind
from skvm.parse.controls import Found
from skvm.parse.draft import Block, BlockKind, Draft
from skvm.parse.stepacts import StepReader

_HEAD_ONLY = frozenset({ControlKind.BRANCH, ControlKind.OPTIONAL, ControlKind.LOOP})


def steer(draft: Draft, readers: list[StepReader]) -> tuple[Control, ...]:
    """Controls of all steps in text order."""
    out: list[Control] = []
    for reader in readers:
        out.extend(_of_step(draft, reader))
    out.sort(key=lambda c: (c.span.start, c.span.end, c.kind))
    return tuple(c.model_copy(update={"id": f"F{n}"}) for n, c in enumerate(out, 1))


def _of_step(draft: Draft, reader: StepReader) -> list[Control]:
    out: list[Control] = []
    first = True
    for block, reads in reader.reads:
        for read in reads:
            for found in read.found:
                if first or found.kind not in _HEAD_ONLY:
                    out.append(_control(draft, reader.step.id, block, found))
            first = False
        if out and block.kind is BlockKind.ITEM:
            break
    return out


def _control(draft: Draft, owner: str, block: Block, found: Found) -> Control:
    def cut(pair: tuple[int, int] | None) -> str | None:
        return block.text[pair[0] : pair[1]] if pair is not None else None

    return Control.model_construct(
        id="",
        span=draft.span(block.byte_at(found.at), block.byte_at(found.end)),
        kind=found.kind,
        owner=owner,
        condition=cut(found.condition),
        bound=found.bound,
        domain=cut(found.domain),
        until=cut(found.until),
        target=cut(found.target),
    )
