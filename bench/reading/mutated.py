"""Law 1 under stress: shapes of any size and mutated corpus texts. No exception, byte for byte, and CPU at twice the size."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

from bench.reading.common import Options, cpu, in_child, lone, share, show_share, spread_out, texts, warm
from bench.reading.shapes import SHAPES, mutations
from skvm.source import SkillSource, skill_from_bytes

TARGET = 2.5
"""Most CPU at twice the size, in multiples of that at the size."""

MUTATED = 400
KINDS = ("truncated", "random bytes", "shuffled lines", "on one line")


def measure(options: Options) -> dict[str, Any]:
    """Each shape at n and 2n in a process of its own, then four mutations of `MUTATED` corpus texts, alone and doubled."""
    warm()
    names = [name for name in SHAPES if not options.shapes or any(word in name for word in options.shapes)]
    shapes = [{"shape": name, **in_child(partial(_shape, name))} for name in names]
    chosen = [] if options.shapes else texts(options, MUTATED)
    rows = [row for rows in spread_out(partial(_mutate, options.corpus), chosen, options.jobs) for row in rows]
    return {
        "shapes": shapes,
        "exceptions": [f"{s['shape']}: {s['exception']}" for s in shapes if "exception" in s]
        + [f"{r['path']} {r['mutation']}: {r['exception']}" for r in rows if "exception" in r],
        "not_exact": [s["shape"] for s in shapes if not s.get("exact", True)]
        + [f"{r['path']} {r['mutation']}" for r in rows if not r.get("exact", True)],
        "refused": [f"{s['shape']}: {s['broken']}" for s in shapes if s.get("broken")]
        + [f"{r['path']} {r['mutation']}: {r['broken']}" for r in rows if r.get("broken")],
        "above": [s["shape"] for s in shapes if s.get("parse_ratio", 0) > TARGET],
        "above_with_order": [s["shape"] for s in shapes if s.get("analyse_ratio", 0) > TARGET],
        "shapes_within": share(sum(s.get("parse_ratio", 9) <= TARGET for s in shapes), len(shapes)),
        "mutated": {kind: _doubling([r for r in rows if r["mutation"] == kind]) for kind in KINDS},
        "mutated_texts": len(chosen),
    }


def _doubling(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sum of CPU alone and doubled; only texts that take more than a millisecond, where a ratio means something."""
    slow = [r for r in rows if r.get("ms", 0) > 1.0]
    if not slow:
        return {}
    ratios = sorted(((r["doubled"] / r["ms"], r["path"]) for r in slow), reverse=True)
    return {
        "texts": len(slow),
        "ratio": round(sum(r["doubled"] for r in slow) / sum(r["ms"] for r in slow), 2),
        "above": sum(ratio > TARGET for ratio, _ in ratios),
        "worst": [{"ratio": round(ratio, 2), "path": path} for ratio, path in ratios[:3]],
    }


def proof(source: SkillSource) -> dict[str, Any]:
    """Read, verify and certify one skill: `exact`, the first broken rule, or the `exception`."""
    from skvm.ir.verify import verify
    from skvm.parse import certify, parse_skill

    try:
        program = parse_skill(source).program
        broken = [d.message for d in verify(program, source)]
        exact = certify(program, source.main.raw)["byte_exact"]
    except Exception as error:
        return {"exception": f"{type(error).__name__}: {str(error)[:200]}"}
    return {"exact": exact, "broken": broken[0] if broken else ""}


def _shape(name: str) -> dict[str, Any]:
    from skvm.compile import analyse
    from skvm.parse import parse_skill

    shape = SHAPES[name]
    row: dict[str, Any] = {}
    for key, n in (("n", shape.size), ("2n", 2 * shape.size)):
        source = skill_from_bytes(shape.make(n))
        row[f"bytes_{key}"] = len(source.main.raw)
        row |= proof(source)
        if "exception" in row:
            return row
        program = parse_skill(source).program
        row[f"steps_{key}"] = len(program.steps)
        row[f"parse_{key}"] = round(cpu(partial(parse_skill, source)), 4)
        try:
            row[f"analyse_{key}"] = round(cpu(partial(analyse, program, source), repeats=2), 4)
        except Exception as error:
            return {**row, "exception": f"analyse: {type(error).__name__}: {str(error)[:200]}"}
    for stage in ("parse", "analyse"):
        row[f"{stage}_ratio"] = round(row[f"{stage}_2n"] / max(row[f"{stage}_n"], 1e-4), 2)
    return row


def _mutate(corpus: Path, path: Path) -> list[dict[str, Any]]:
    from skvm.parse import parse_skill

    name = path.relative_to(corpus).as_posix()
    rows = []
    for kind, raw in mutations(path.read_bytes(), random.Random(name)).items():
        row = {"path": name, "mutation": kind, **proof(lone(raw, path))}
        if "exception" not in row:
            doubled = lone(raw + b"\n" + raw, path)
            row |= {key: value for key, value in proof(doubled).items() if key == "exception"}
            row["ms"] = cpu(partial(parse_skill, lone(raw, path)), repeats=2) * 1000
            row["doubled"] = cpu(partial(parse_skill, doubled), repeats=2) * 1000
        rows.append(row)
    return rows


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    lines = ["CPU seconds                        bytes    steps   parse n      2n   ratio   order n      2n   ratio"]
    for row in result["shapes"]:
        if "analyse_ratio" not in row:
            lines.append(f"  {row['shape']:<30} {row.get('exception', '')}")
            continue
        mark = "  <-- above" if max(row["parse_ratio"], row["analyse_ratio"]) > TARGET else ""
        lines.append(
            f"  {row['shape']:<30}{row['bytes_n']:>9}{row['steps_n']:>9}{row['parse_n']:>10.3f}{row['parse_2n']:>8.3f}"
            f"{row['parse_ratio']:>8.2f}{row['analyse_n']:>10.3f}{row['analyse_2n']:>8.3f}{row['analyse_ratio']:>8.2f}{mark}"
        )
    lines.append(f"shapes at twice the size within {TARGET} times the CPU (parse): {show_share(result['shapes_within'])}")
    for kind, row in result["mutated"].items():
        if row:
            worst = ", ".join(f"{w['ratio']} {w['path']}" for w in row["worst"])
            lines.append(f"{kind}: {row['texts']} texts, doubled {row['ratio']} times the CPU, {row['above']} above")
            lines.append(f"  worst {worst}")
    found = {"exceptions": "exceptions", "not_exact": "not byte for byte", "refused": "refused by the verifier"}
    lines.append(", ".join(f"{len(result[key])} {words}" for key, words in found.items()))
    lines += [f"EXCEPTION {what}" for what in result["exceptions"][:40]]
    lines += [f"NOT EXACT {what}" for what in result["not_exact"][:40]]
    return lines + [f"REFUSED {what}" for what in result["refused"][:40]]
