"""`python -m bench.emitting`: every text of a corpus emitted for a harness: what was edited, what was lost, what came back."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.corpus import CORPUS
from skvm.app.asked import CompileOptions
from skvm.app.check import diagnose, warm_up
from skvm.app.compiling import compile_source
from skvm.app.pool import in_processes
from skvm.app.settings import Settings
from skvm.compile.emission import emit_skill, harness_named, restore
from skvm.compile.emission.fidelity import lost, pieces
from skvm.compile.emission.harnesses import harnesses
from skvm.source import load_skill


def one(path: Path, target: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row for each harness."""
    source = load_skill(path)
    program, _ = diagnose(source)
    artifact = compile_source(source, CompileOptions(target), Settings.from_environment())
    rows = []
    for name in names:
        made = emit_skill(program, source, artifact, harness_named(name))
        after = made.main.decode("utf-8", "replace")
        rows.append(
            {
                "path": str(path),
                "harness": name,
                "edits": len(made.sidecar.changes),
                "pieces": len(pieces(source.main.text)),
                "lost": len(lost(source.main.text, after)) if made.sidecar.changes else 0,
                "back": restore(made.main, made.sidecar) == source.main.raw,
                "left_out": sum("left out" in note or "blocked" in note for note in made.sidecar.notes),
            }
        )
    return rows


def totals(rows: Iterator[list[dict[str, Any]]]) -> dict[str, Any]:
    """Sums over all rows."""
    out: Counter[str] = Counter()
    for row in (row for group in rows for row in group):
        out["emitted"] += 1
        out["byte for byte the author's"] += not row["edits"]
        out["code spans, fences, links, images"] += row["pieces"]
        out["lost"] += row["lost"]
        out["given back byte for byte"] += row["back"]
        out["help left out by the guard"] += row["left_out"]
    return dict(out)


def main() -> int:
    """Exit 1 when anything was lost or did not come back."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--target", default="sim/weak")
    parser.add_argument("--harness", action="append", choices=sorted(harnesses()), help="default: all")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    paths = sorted(options.corpus.rglob("*.md"))[: options.limit]
    names = tuple(options.harness or sorted(harnesses()))
    result = totals(in_processes(partial(one, target=options.target, names=names), paths, warm_up))
    print(json.dumps(result, indent=1))
    return 1 if result["lost"] or result["given back byte for byte"] != result["emitted"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
