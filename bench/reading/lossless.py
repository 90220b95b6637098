"""Law 1 over the corpus: no exception, every text rebuilt byte for byte, and how much of it stays residual or opaque."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from bench.reading.common import Options, lone, share, show_share, spread, spread_out, texts, warm

OPEN = ("residual", "opaque")


def measure(options: Options) -> dict[str, Any]:
    """Counts over all texts; `open_share` is the residual and opaque part of the non-blank bytes of procedural skills."""
    warm()
    chosen = texts(options)
    rows = list(spread_out(partial(_one, options.corpus), chosen, options.jobs))
    read = [row for row in rows if "exception" not in row]
    procedural = [row for row in read if row["procedure"]]
    kinds = [row for row in read if row["kind"] == "procedural"]
    return {
        "texts": len(rows),
        "bytes": sum(row["bytes"] for row in rows),
        "cpu_ms": spread([row["ms"] for row in read]),
        "exceptions": [{"path": r["path"], "what": r["exception"]} for r in rows if "exception" in r],
        "verifier": [{"path": r["path"], "what": r["broken"]} for r in read if r["broken"]],
        "byte_exact": share(sum(row["exact"] for row in read), len(rows)),
        "not_exact": [row["path"] for row in read if not row["exact"]],
        "with_procedure": share(len(procedural), len(rows)),
        "open_share": {
            "has_procedure": spread([row["open"] for row in procedural], 4),
            "kind_procedural": spread([row["open"] for row in kinds], 4),
            "all": spread([row["open"] for row in read], 4),
        },
        "share_by_kind": _means([row["shares"] for row in procedural]),
        "worst": [
            {"path": r["path"], "open": r["open"]} for r in sorted(procedural, key=lambda r: (-r["open"], r["path"]))[:10]
        ],
    }


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {kind: round(sum(row[kind] for row in rows) / len(rows), 4) for kind in rows[0]} if rows else {}


def _one(corpus: Path, path: Path) -> dict[str, Any]:
    import time

    from skvm.ir.verify import verify
    from skvm.parse import certify, parse_skill

    name = path.relative_to(corpus).as_posix()
    raw = path.read_bytes()
    source = lone(raw, path)
    began = time.process_time()
    try:
        program = parse_skill(source).program
        ms = (time.process_time() - began) * 1000
        broken = [d.message for d in verify(program, source)]
        proof = certify(program, raw)
    except Exception as error:
        return {"path": name, "bytes": len(raw), "exception": f"{type(error).__name__}: {str(error)[:200]}"}
    return {
        "path": name,
        "bytes": len(raw),
        "ms": ms,
        "exact": proof["byte_exact"],
        "broken": broken[:3],
        "procedure": program.skill.has_procedure,
        "kind": program.skill.kind.value,
        "open": round(sum(proof["share"][kind] for kind in OPEN), 4),
        "shares": proof["share"],
    }


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    cpu, opened = result["cpu_ms"], result["open_share"]
    lines = [
        f"CPU per parse {cpu.get('median')} ms median, {cpu.get('p90')} p90, {cpu.get('max')} max",
        f"{result['texts']} texts, {result['bytes']} bytes, {len(result['exceptions'])} exceptions",
        f"rebuilt byte for byte: {show_share(result['byte_exact'])}",
        f"programs the verifier refuses: {len(result['verifier'])}",
        f"with a procedure: {show_share(result['with_procedure'])}",
    ]
    for name, row in opened.items():
        if row:
            lines.append(f"residual and opaque, {name}: median {row['median']:.1%}, p90 {row['p90']:.1%}, max {row['max']:.1%}")
    lines.append("mean share: " + ", ".join(f"{kind} {value:.1%}" for kind, value in result["share_by_kind"].items()))
    lines += [f"  most open: {row['open']:.1%} {row['path']}" for row in result["worst"]]
    lines += [f"EXCEPTION {row['path']}: {row['what']}" for row in result["exceptions"][:40]]
    lines += [f"REFUSED {row['path']}: {'; '.join(row['what'])}" for row in result["verifier"][:40]]
    return lines + [f"NOT EXACT {path}" for path in result["not_exact"][:40]]
