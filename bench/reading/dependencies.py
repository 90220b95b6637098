"""What skills with code are said to need, one row a name, to be judged by reading its line: 60 skills by default.

The draw is the first N texts with a Python or shell fence in the order of the sha256 of their paths. Files that a skill brings
along are not counted. Packages of the standard library and own modules are counted by machine.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bench import corpus as corpus_bench
from bench.reading.common import Options, bundles, by_digest, warm, with_bundle

SKILLS = 60
KINDS = ("bin", "pip", "npm", "apt", "env", "host", "skill")
_CODE = re.compile(rb"(?m)^[ \t>]*(?:```+|~~~+)[ \t]*(?:python3?|py|bash|sh|shell|zsh|console)\b")


def measure(options: Options) -> dict[str, Any]:
    """Every name that the drawn skills are said to need, with its line."""
    warm()
    rows: list[dict[str, Any]] = []
    drawn = _draw(options)
    beside = bundles(options)
    for name in drawn:
        rows += _findings(options.corpus / name, name, beside.get(name, []))
    packages = [r for r in rows if r["kind"] == "pip"]
    return {
        "skills": len(drawn),
        "kinds": dict(sorted(Counter(r["kind"] for r in rows).items())),
        "standard_library": [r for r in packages if r["name"].lower().replace("-", "_") in sys.stdlib_module_names],
        "own_modules": [r for r in packages if r["own"]],
        "findings": rows,
        "show": options.sample,
    }


def _draw(options: Options) -> list[str]:
    wanted = options.limit or SKILLS
    found: list[str] = []
    for name in by_digest(options.corpus, corpus_bench.paths(options.corpus)):
        if len(found) == wanted:
            break
        if _CODE.search((options.corpus / name).read_bytes()):
            found.append(name)
    return found


def _findings(path: Path, name: str, files: list[tuple[str, int]]) -> list[dict[str, Any]]:
    from skvm.parse import parse_skill

    source = with_bundle(path, files)
    parts = [file.path.split("/") for file in source.files if file.path.endswith(".py")]
    own = {p[-1].removesuffix(".py") for p in parts} | {folder for p in parts for folder in p[:-1]}
    own = {module.lower().replace("_", "-") for module in own}
    lines = re.split(rb"\r\n|\r|\n", source.main.raw)
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    for need in parse_skill(source).program.needs:
        if need.kind.value in KINDS:
            line = source.main.lines.line(need.span.start)
            row = {
                "path": name,
                "kind": need.kind.value,
                "name": need.name,
                "version": need.version,
                "origin": need.origin.value,
                "line": line,
                "own": need.name.lower().replace("_", "-") in own,
                "text": lines[line - 1].decode("utf-8", "replace").strip()[:200],
            }
            seen.setdefault((row["kind"], row["name"]), row)
    return list(seen.values())


def text(result: dict[str, Any]) -> list[str]:
    """For people; with `--sample 1` the findings too."""
    lines = [
        f"{result['skills']} skills with Python or shell fences, findings by kind: {result['kinds']}",
        f"packages of the standard library {len(result['standard_library'])}, own modules {len(result['own_modules'])}",
    ]
    path = ""
    for row in result["findings"] if result["show"] else []:
        if row["path"] != path:
            path = row["path"]
            lines.append(path)
        said = f"{row['kind']} {row['name']}{' ' + row['version'] if row['version'] else ''} ({row['origin']})"
        lines.append(f"  {said} {row['line']}: {row['text']}")
    return lines
