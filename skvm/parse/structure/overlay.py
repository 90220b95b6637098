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
    """The layer laid over the ground; both are sorted and disjoint, and the ground has no gaps."""
    out: list[Claim] = []
    at, size = 0, len(layer)
    for below in ground:
        start, last, kind, owner = below
        if at == size or layer[at].start >= last:
            out.append(below)
            continue
        while at < size:
            upper = layer[at]
            if upper.start >= last:
                break
            if upper.start > start:
                out.append(Claim(start, upper.start, kind, owner))
            if upper.start >= start and upper.end <= last:
                out.append(upper)
            else:
                out.append(Claim(max(upper.start, start), min(upper.end, last), upper.kind, upper.owner))
            start = min(upper.end, last)
            if upper.end > last:
                break
            at += 1
        if start < last:
            out.append(Claim(start, last, kind, owner))
    return out


def _merged(claims: list[Claim]) -> list[Claim]:
    """Neighbours of one kind and owner as one claim."""
    out: list[Claim] = []
    for claim in claims:
        last = out[-1] if out else None
        if last is not None and last.kind is claim.kind and last.owner == claim.owner:
            out[-1] = Claim(last.start, claim.end, last.kind, last.owner)
        else:
            out.append(claim)
    return out


def leaves_of(claims: list[Claim], file: str) -> tuple[Leaf, ...]:
    """Leaf nodes of a painted partition."""
    made = Leaf.made
    return tuple([made(kind=kind, span=Span(file, start, end), owner=owner) for start, end, kind, owner in claims])


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
