"""Figures of a trial, for programs and for people."""

from __future__ import annotations

from typing import Any

from bench.wrong.tally import SERVED, WRONG, Tally, Verdicts, bound


def as_row(name: str, verdicts: Verdicts, codes: dict[str, int]) -> dict[str, Any]:
    """Figures of one skill. `bound`: upper 95 % bound of the share of wrong executions, where none was seen."""
    total = verdicts.total
    steps = {
        s: {"codes": codes.get(s, 0), "valid": dict(t.proper), "mutated": dict(t.spoilt), "handed back for": dict(t.kinds)}
        for s, t in verdicts.steps.items()
    }
    return {
        "skill": name,
        "steps": steps,
        "valid_steps": total.proper.total(),
        "served": total.proper[SERVED],
        "checked": total.checked,
        "judged": total.judged,
        "mutated_served": total.spoilt[SERVED],
        "whole": verdicts.requests[SERVED],
        "requests": verdicts.requests.total(),
        "wrong": total.mistakes,
        "bound": bound(total.judged),
        "kinds": dict(total.kinds.most_common()),
    }


def text(row: dict[str, Any], verdicts: Verdicts, why: bool, seconds: float) -> str:
    """The figures for people."""
    share, tax = row["served"] / max(1, row["valid_steps"]), row["checked"] / max(1, row["served"])
    lines = [
        f"{row['skill']}: wrong {row['wrong']} of {row['judged']} judged steps (95 % bound {row['bound']:.2e}); of valid ones "
        f"{share:.1%} served ({row['served']} of {row['valid_steps']}; {tax:.1%} of these would be checked by the model), "
        f"whole requests {row['whole']} of {row['requests']}; {seconds:.0f} s CPU"
    ]
    lines += [f"  handed back for {kind}: {count}" for kind, count in row["kinds"].items()]
    for step, tally in sorted(verdicts.steps.items()):
        lines.append(f"  {step}: {counts(tally)}, {row['steps'].get(step, {}).get('codes', 0)} codes")
        lines += [f"      {count:>5} {reason}" for reason, count in tally.why.most_common(6)] if why else []
    lines += [f"  WRONG {line[:600]}" for line in verdicts.wrong[:5]]
    return "\n".join(lines)


def counts(tally: Tally) -> str:
    """Verdicts of one step."""
    valid = ", ".join(f"{n} {c}" for c, n in sorted(tally.proper.items()))
    other = ", ".join(f"{n} {c}" for c, n in sorted(tally.spoilt.items()))
    return f"valid {valid or 'none'}; mutated {other or 'none'}"


def mined_text(row: dict[str, Any], verdicts: Verdicts, seconds: float) -> str:
    """The figures of generated programs."""
    total, valid = verdicts.total, max(1, verdicts.total.proper.total())
    shares = sorted(t.proper[SERVED] / max(1, t.proper.total()) for t in verdicts.steps.values())
    lines = [
        f"mined: {row['learned']} of {row['programs']} programs learned; wrong {total.mistakes} of {total.judged} (95 % bound "
        f"{bound(total.judged):.2e}); of valid ones {total.proper[SERVED] / valid:.1%} served, by program "
        f"{shares[0] if shares else 0:.0%} to {shares[-1] if shares else 0:.0%}; {counts(total)}; {seconds:.0f} s CPU",
        *(f"  handed back for {kind}: {count}" for kind, count in total.kinds.most_common()),
        *(f"  WRONG {line[:600]}" for line in verdicts.wrong[:5]),
    ]
    worst = [(s, t) for s, t in verdicts.steps.items() if t.spoilt[WRONG] + t.proper[WRONG]]
    return "\n".join([*lines, *(f"  {s}: {counts(t)}" for s, t in worst)])
