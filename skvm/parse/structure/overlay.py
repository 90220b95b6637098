"""The leaf partition: layers of claims painted over each other, and the proof that nothing is lost (law 1)."""

from __future__ import annotations

from typing import Any, NamedTuple

from skvm.ir import Leaf, LeafKind, Program
from skvm.source import Span


class Claim(NamedTuple):
    """Bytes `[start, end)` claimed for a kind of leaf and its owner."""

    start: int
    end: int
    kind: LeafKind
    owner: str | None


def paint(size: int, layers: list[list[Claim]]) -> list[Claim]:
    """Every byte of `[0, size)` once: later layers cover earlier ones; what no layer claims is markup."""
    ground = [Claim(0, size, LeafKind.MARKUP, None)] if size else []
    for layer in filter(None, layers):
        ground = _over(ground, _disjoint(layer))
    return _merged(ground)


def _disjoint(layer: list[Claim]) -> list[Claim]:
    """Claims sorted, the later one cut where two overlap, empty ones dropped."""
    out: list[Claim] = []
    at = 0
    for claim in sorted(layer, key=lambda c: (c.start, -c.end)):
        start = max(claim.start, at)
        if start < claim.end:
            out.append(claim if start == claim.start else Claim(start, claim.end, claim.kind, claim.owner))
            at = claim.end
    return out


def _over(ground: list[Claim], layer: list[Claim]) -> list[Claim]:
    out: list[Claim] = []
    at = 0
    for below in ground:
        start = below.start
        while at < len(layer) and layer[at].end <= start:
            at += 1
        index = at
        while index < len(layer) and layer[index].start < below.end:
            upper = layer[index]
            if upper.start > start:
                out.append(Claim(start, upper.start, below.kind, below.owner))
            cut_start, cut_end = max(upper.start, start), min(upper.end, below.end)
            out.append(Claim(cut_start, cut_end, upper.kind, upper.owner))
            start = cut_end
            index += 1
        if start < below.end:
            out.append(below if start == below.start else Claim(start, below.end, below.kind, below.owner))
        at = max(at, index - 1)
    return out


def _merged(claims: list[Claim]) -> list[Claim]:
    out: list[Claim] = []
    for claim in claims:
        if out and out[-1].end == claim.start and out[-1].kind is claim.kind and out[-1].owner == claim.owner:
            out[-1] = Claim(out[-1].start, claim.end, claim.kind, claim.owner)
        else:
            out.append(claim)
    return out


def leaves_of(claims: list[Claim], file: str) -> tuple[Leaf, ...]:
    """Leaf nodes of a painted partition."""
    return tuple(Leaf.made(kind=c.kind, span=Span(file, c.start, c.end), owner=c.owner) for c in claims)


def rebuild(program: Program, raw: bytes) -> bytes:
    """The file put together again out of the leaves of the program, in their order."""
    return b"".join(raw[leaf.span.start : leaf.span.end] for leaf in program.leaves)


def certify(program: Program, raw: bytes) -> dict[str, Any]:
    """Proof of losslessness: `byte_exact`, and under `share` the part of the text (bytes that are not blank) per leaf kind."""
    counts = dict.fromkeys(LeafKind, 0)
    text = 0
    for leaf in program.leaves:
        piece = raw[leaf.span.start : leaf.span.end]
        solid = len(piece) - sum(piece.count(blank) for blank in (b" ", b"\n", b"\r", b"\t"))
        counts[leaf.kind] += solid
        text += solid
    share = {kind.value: round(count / text, 4) if text else 0.0 for kind, count in counts.items()}
    return {"byte_exact": rebuild(program, raw) == raw, "bytes": len(raw), "leaves": len(program.leaves), "share": share}
