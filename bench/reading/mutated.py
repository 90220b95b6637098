"""Law 1 under stress: shapes of any size and mutated corpus texts. No exception, byte for byte, and CPU at twice the size."""

from __future__ import annotations

import random
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.reading.common import Options, cpu, in_child, lone, share, show_share, spread_out, texts, timed, warm
from bench.reading.shapes import SHAPES, mutations
from skvm.source import SkillSource, skill_from_bytes

if TYPE_CHECKING:
    from skvm.ir import Program

TARGET = 2.5
"""Most CPU at twice the size, in multiples of that at the size."""

MUTATED = 300
KINDS = ("truncated", "random bytes", "shuffled lines", "on one line")
REPEATS = 4
STAGES = ("read", "order")
"""`read`: parse, verify, certify, with CPU of parse. `order`: effects, requirements and order of the program."""

PARTS = (1, 8, 64)
"""A shape that does not end in time at its size is measured at an eighth of it, then at an eighth of that."""

MEANS_SOMETHING = 0.005
"""CPU seconds at twice the size below which a ratio says nothing."""


def measure(options: Options) -> dict[str, Any]:
    """Each shape at n and 2n in a process of its own, then four mutations of `MUTATED` corpus texts, alone and doubled."""
    warm()
    names = [name for name in SHAPES if not options.shapes or any(word in name for word in options.shapes)]
    shapes = [row for name in names for row in _patiently(name, options.patience)]
    chosen = [] if options.shapes else texts(options, MUTATED)
    rows = [row for rows in spread_out(partial(_mutate, options.corpus), chosen, options.jobs) for row in rows]
    proofs = [(f"{s['shape']}, {s['stage']}", s) for s in shapes] + [(f"{r['path']}, {r['mutation']}", r) for r in rows]
    within = [s for s in shapes if s["stage"] == "read" and s["of"] == 1 and not _above(s)]
    return {
        "shapes": shapes,
        "exceptions": [f"{name}: {row['exception']}" for name, row in proofs if "exception" in row],
        "not_exact": [name for name, row in proofs if not row.get("exact", True)],
        "refused": [f"{name}: {row['broken']}" for name, row in proofs if row.get("broken")],
        "above": [f"{s['shape']}, {s['stage']}" for s in shapes if _above(s)],
        "unended": [f"{s['shape']}, {s['stage']}" for s in shapes if s["unended"]],
        "shapes_within": share(len(within), len(names)),
        "mutated": {kind: _doubling([r for r in rows if r["mutation"] == kind]) for kind in KINDS},
        "mutated_texts": len(chosen),
    }


def proof(source: SkillSource, repeats: int = 1) -> tuple[dict[str, Any], Program | None]:
    """Read, verify, certify one skill: `exact`, the first broken rule, CPU of parse, or the `exception`; and its program."""
    from skvm.ir.verify import verify
    from skvm.parse import certify, parse_skill

    try:
        cpu, parsed = timed(partial(parse_skill, source), repeats)
        program = parsed.program
        broken = [d.message for d in verify(program, source)]
        exact = certify(program, source.main.raw)["byte_exact"]
    except Exception as error:
        return {"exception": f"{type(error).__name__}: {str(error)[:200]}"}, None
    return {"exact": exact, "broken": broken[0] if broken else "", "cpu": cpu}, program


def _above(row: dict[str, Any]) -> bool:
    return bool(row.get("ratio", TARGET) > TARGET) and row.get("cpu_2n", 1.0) >= MEANS_SOMETHING


def _patiently(name: str, patience: int) -> list[dict[str, Any]]:
    """Both stages of a shape; `of` says what part of its size was measured, `unended` what did not end in time before."""
    unended: list[int] = []
    for part in PARTS:
        print(f"  {name}, 1/{part} of its size", file=sys.stderr)
        row = {"shape": name, "of": part, "unended": list(unended)}
        done = in_child(partial(_shape, name, part), patience)
        if not done.get("exception", "").startswith("no end"):
            break
        unended.append(part)
    return [row | {"stage": stage} | (done if "exception" in done else done[stage]) for stage in STAGES]


def _shape(name: str, part: int) -> dict[str, Any]:
    """Figures of both stages at n and 2n, or the exception that ended them."""
    from skvm.compile import analyse

    shape = SHAPES[name]
    rows: dict[str, dict[str, Any]] = {stage: {} for stage in STAGES}
    for key, n in (("n", shape.size // part), ("2n", 2 * shape.size // part)):
        source = skill_from_bytes(shape.make(n))
        read, program = proof(source, REPEATS)
        if program is None:
            return read
        try:
            order = cpu(partial(analyse, program, source), REPEATS)
        except Exception as error:
            return {"exception": f"{type(error).__name__}: {str(error)[:200]}"}
        sizes = {f"bytes_{key}": len(source.main.raw), f"steps_{key}": len(program.steps)}
        exact = read["exact"] and rows["read"].get("exact", True)
        rows["read"] |= {**sizes, "exact": exact, "broken": rows["read"].get("broken") or read["broken"]}
        rows["order"] |= sizes
        for stage, spent in (("read", read["cpu"]), ("order", order)):
            rows[stage][f"cpu_{key}"] = round(spent, 4)
    for row in rows.values():
        row["ratio"] = round(row["cpu_2n"] / max(row["cpu_n"], 1e-4), 2)
    return rows


def _mutate(corpus: Path, path: Path) -> list[dict[str, Any]]:
    name = path.relative_to(corpus).as_posix()
    rows = []
    for kind, raw in mutations(path.read_bytes(), random.Random(name)).items():
        row, _ = proof(lone(raw, path), 2)
        doubled, _ = proof(lone(raw + b"\n" + raw, path), 2)
        if "exception" not in row | doubled:
            row |= {"ms": row["cpu"] * 1000, "doubled": doubled["cpu"] * 1000}
        rows.append({"path": name, "mutation": kind} | row | {k: v for k, v in doubled.items() if k == "exception"})
    return rows


def _doubling(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum of CPU alone and doubled; only texts that take more than a millisecond, where a ratio means something."""
    slow = [r for r in rows if r.get("ms", 0) > 1.0]
    if not slow:
        return {}
    ratios = sorted(((r["doubled"] / r["ms"], r["path"]) for r in slow), reverse=True)
    return {
        "texts": len(slow),
        "ratio": round(sum(r["doubled"] for r in slow) / sum(r["ms"] for r in slow), 2),
        "above": share(sum(ratio > TARGET for ratio, _ in ratios), len(slow)),
        "worst": [{"ratio": round(ratio, 2), "path": path} for ratio, path in ratios[:3]],
    }


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    lines = ["CPU seconds of this process                        n        2n   ratio     bytes    steps"]
    for row in result["shapes"]:
        name = f"{row['shape']}, {row['stage']}" + (
            f" (1/{row['of']}" + ("!)" if row["unended"] else ")") if row["of"] > 1 else ""
        )
        if "ratio" in row:
            mark = "  <-- above" if _above(row) else ""
            numbers = f"{row['cpu_n']:>10.3f}{row['cpu_2n']:>10.3f}{row['ratio']:>8.2f}{row['bytes_n']:>10}{row['steps_n']:>9}"
            lines.append(f"  {name:<40}{numbers}{mark}")
        else:
            lines.append(f"  {name:<40}  {row['exception']}")
    lines.append("(1/8: at an eighth of the size, because more did not end in time; !: in this stage)")
    lines.append(f"stages of shapes that did not end in time at their size: {len(result['unended'])}")
    lines.append(
        f"shapes read at their size, and at twice it within {TARGET} times the CPU: {show_share(result['shapes_within'])}"
    )
    for kind, row in result["mutated"].items():
        if row:
            worst = ", ".join(f"{w['ratio']} {w['path']}" for w in row["worst"])
            lines.append(
                f"{kind}: {row['texts']} texts, doubled {row['ratio']} times the CPU, above {show_share(row['above'])}"
            )
            lines.append(f"  worst {worst}")
    found = {"exceptions": "exceptions", "not_exact": "not byte for byte", "refused": "refused by the verifier"}
    lines.append(", ".join(f"{len(result[key])} {words}" for key, words in found.items()))
    lines += [f"EXCEPTION {what}" for what in result["exceptions"][:40]]
    lines += [f"NOT EXACT {what}" for what in result["not_exact"][:40]]
    return lines + [f"REFUSED {what}" for what in result["refused"][:40]]
