"""What a run would do, told without doing it: steps, what they may touch and which words of the skill ask for it, what the
user's policy refuses, and what it would cost by estimate. A plan and a policy come in, data and text go out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from skvm.plan.artifact import Artifact, Grant
from skvm.plan.describe import Style, basis_of, detail, effects, head_lines, plain, short, time_lines, tree_lines, why
from skvm.plan.graph import StepNode
from skvm.plan.policy import Policy
from skvm.plan.timing import ESTIMATED, Timing
from skvm.source import LineIndex, Span

SHOWN_CITES = 4
SIM = "sim/"

Cite = Callable[[Span], str]


def dry_run_json(artifact: Artifact, policy: Policy | None = None) -> dict[str, Any]:
    """Steps in order with executor and command, gates, permissions with the places that show them, environment, estimate."""
    policy, cite = policy or Policy(), _citer(artifact)
    steps = [n for n in artifact.plan.nodes if isinstance(n, ESTIMATED)]
    timing = Timing(artifact.plan.nodes, artifact.plan.edges)
    left = policy.narrowed(artifact.permissions)
    return {
        "skill": artifact.source.name,
        "digest": artifact.digest,
        "steps": [
            {
                "id": n.id,
                "kind": n.kind,
                "title": n.title,
                "executor": n.executor.kind.value if isinstance(n, StepNode) else n.kind,
                "command": n.command.text if isinstance(n, StepNode) and n.command is not None else None,
                "effects": effects(n) if isinstance(n, StepNode) else "",
                "detail": detail(n),
            }
            for n in artifact.plan.nodes
        ],
        "edges": [{"before": e.before, "after": e.after, "why": why(e)} for e in artifact.plan.edges],
        "permissions": {
            **left.model_dump(mode="json"),
            "grants": [_grant(g, cite) for g in left.grants],
            "refused": [_grant(g, cite) for g in _refused(artifact, policy)],
            "limits": {k: v for k, v in policy.limits.model_dump().items() if v is not None},
        },
        "skills": [dry_run_json(item, policy) for item in artifact.skills],
        "environment": [{"kind": n.kind, "name": n.name, "version": n.version} for n in artifact.needs],
        "estimate": {
            "tokens": sum(n.estimate.tokens for n in steps),
            "cost": _cost(artifact),
            "work_seconds": round(timing.work, 3),
            "span_seconds": round(timing.span(timing.top), 3),
            "basis": basis_of(artifact),
        },
    }


def dry_run_text(artifact: Artifact, style: Style = plain, policy: Policy | None = None) -> str:
    """The same for people: the plan, what it may touch and why, and the estimate."""
    policy = policy or Policy()
    out = [*head_lines(artifact, style), *tree_lines(artifact, style), *time_lines(artifact, style)]
    cost = _cost(artifact)
    out.append(f"  cost by estimate: {'not known' if cost is None else f'{cost:.4f} USD'}")
    out += _permitted(artifact, style, policy)
    bounds = {k: v for k, v in policy.limits.model_dump().items() if v is not None}
    if bounds:
        out.append("  at most, by the user's policy: " + ", ".join(f"{k} {v:g}" for k, v in bounds.items()))
    if artifact.permissions.forbidden:
        out.append("  must not (the author's words):")
        out += [f"    {short(text, 100)}" for text in artifact.permissions.forbidden]
    for other in artifact.skills:
        out.append(f"  the skill {style(other.source.name, 'bold')}, in its own steps and nowhere else:")
        out += [f"  {line}" for line in _permitted(other, style, policy)]
    return "\n".join([*out, "nothing was run"])


def _permitted(artifact: Artifact, style: Style, policy: Policy) -> Iterator[str]:
    """What one skill may touch, and what of it the user's policy takes away."""
    cite = _citer(artifact)
    grants = policy.narrowed(artifact.permissions).grants
    yield "  may:" if grants else "  may: nothing outside of reading its own files"
    yield from (f"    {line}" for g in grants for line in _lines(g, cite, style))
    refused = _refused(artifact, policy)
    if refused:
        yield "  refused by the user's policy:"
        yield from (f"    {line}" for g in refused for line in _lines(g, cite, style))


def _refused(artifact: Artifact, policy: Policy) -> list[Grant]:
    """Grants of which nothing is left, and those of which only a part is."""
    kept = {(g.kind, g.name) for g in policy.narrowed(artifact.permissions).grants}
    return [g for g in artifact.permissions.grants if (g.kind, g.name) not in kept]


def _cost(artifact: Artifact) -> float | None:
    """USD by list prices; None where a model step has no price (a simulated model never has one)."""
    if artifact.target.model.startswith(SIM):
        return None
    steps = [n for n in artifact.plan.nodes if isinstance(n, ESTIMATED) and n.estimate.tokens]
    if any(not n.estimate.cost for n in steps):
        return None
    return round(sum(n.estimate.cost for n in steps), 6)


def _grant(grant: Grant, cite: Cite) -> dict[str, Any]:
    return {**grant.model_dump(mode="json"), "cites": list(dict.fromkeys(map(cite, grant.spans)))}


def _lines(grant: Grant, cite: Cite, style: Style) -> Iterator[str]:
    cites = list(dict.fromkeys(map(cite, grant.spans)))
    more = f" and {len(cites) - SHOWN_CITES} more" if len(cites) > SHOWN_CITES else ""
    steps = f" in {', '.join(grant.steps)}" if grant.steps else ""
    yield f"{grant.kind} {grant.name}{steps}" + style(f"  {', '.join(cites[:SHOWN_CITES])}{more}", "dim")


def _citer(artifact: Artifact) -> Cite:
    """A span as `file:line`; the file alone where the plan does not hold its text."""
    texts = {f.path: f.text for f in artifact.bundle if f.text is not None} | {"SKILL.md": artifact.skill_text}
    lines: dict[str, LineIndex] = {}

    def cite(span: Span) -> str:
        text = texts.get(span.file)
        if text is None:
            return span.file
        if span.file not in lines:
            lines[span.file] = LineIndex(text.encode("utf-8", "surrogatepass"))
        return f"{span.file}:{lines[span.file].line(span.start)}"

    return cite
