"""What authors declare against what is read: their front matter is cut off, and its names must be found in the body.

A declared name counts when it occurs in the body as a whole word. What is found beyond the declared names can be dumped, to be
read by hand. Packages that are part of the standard library or of the skill itself are counted over the whole corpus.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from bench.reading.common import Options, bundles, lone, share, show_share, spread_out, texts, warm, with_bundle

FIELDS = {"bin": ("bins", "any_bins"), "env": ("env", "primary_env")}
_FENCE = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*---[ \t]*\r?\n.*?\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)


def measure(options: Options) -> dict[str, Any]:
    """Recall of declared names, a sample of further findings, and packages that are none."""
    warm()
    table = options.corpus / "declared_requirements.jsonl"
    rows = [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()]
    wanted = [row for row in rows if any(row.get(field) for fields in FIELDS.values() for field in fields)]
    wanted = wanted[: options.limit] if options.limit else wanted
    found = list(spread_out(partial(_one, options.corpus), wanted, options.jobs))
    result: dict[str, Any] = {"skills": len(wanted)}
    for kind in FIELDS:
        names = [entry for row in found for entry in row["names"] if entry["kind"] == kind]
        present = [entry for entry in names if entry["in_body"]]
        result[kind] = {
            "in_body": share(len(present), len(names)),
            "recall": share(sum(entry["found"] for entry in present), len(present)),
            "recall_any_kind": share(sum(bool(entry["as"]) for entry in present), len(present)),
            "missed": [{k: entry[k] for k in ("path", "name", "as", "line")} for entry in present if not entry["found"]],
        }
    further = [entry for row in found for entry in row["further"]]
    result["further"] = dict(sorted(Counter(entry["kind"] for entry in further).items()))
    draw = random.Random(options.seed)
    result["sample"] = []
    for kind in FIELDS:
        pool = [entry for entry in further if entry["kind"] == kind]
        result["sample"] += sorted(draw.sample(pool, min(options.sample, len(pool))), key=lambda e: (e["path"], e["name"]))
    result["packages"] = _packages(options)
    return result


def strip_front(raw: bytes) -> bytes:
    """The text without its front matter, found by the fences alone."""
    return _FENCE.sub(b"", raw, count=1)


def whole_word(name: str, body: str) -> int | None:
    """Offset of the first occurrence of a name that no letter, digit or underscore continues."""
    match = re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", body)
    return match.start() if match else None


def names_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, name) of what an author declares; a name that stands in two fields once."""
    out: dict[tuple[str, str], None] = {}
    for kind, fields in FIELDS.items():
        for field in fields:
            value = row.get(field) or []
            for name in [value] if isinstance(value, str) else value:
                out[(kind, str(name))] = None
    return list(out)


def _one(corpus: Path, row: dict[str, Any]) -> dict[str, Any]:
    from skvm.parse import parse_skill

    raw = strip_front((corpus / row["path"]).read_bytes())
    source = lone(raw, corpus / row["path"])
    body = raw.decode("utf-8", "replace")
    needs = parse_skill(source).program.needs
    kinds: dict[str, set[str]] = {}
    for need in needs:
        kinds.setdefault(need.name, set()).add(need.kind.value)
    names = []
    for kind, name in names_of(row):
        at = whole_word(name, body)
        here = kinds.get(name, set())
        line = "" if at is None else body[body.rfind("\n", 0, at) + 1 :].split("\n", 1)[0].strip()[:160]
        entry = {"path": row["path"], "kind": kind, "name": name, "in_body": at is not None, "line": line}
        names.append({**entry, "found": kind in here, "as": sorted(here)})
    told = {name for _, name in names_of(row)}
    further: dict[tuple[str, str], dict[str, Any]] = {}
    for need in needs:
        if need.kind.value in FIELDS and need.name not in told:
            number = source.main.lines.line(need.span.start)
            entry = {
                "path": row["path"],
                "kind": need.kind.value,
                "name": need.name,
                "line": number,
                "origin": need.origin.value,
            }
            further.setdefault((need.kind.value, need.name), {**entry, "text": _line(body, number)})
    return {"names": names, "further": list(further.values())}


def _line(body: str, line: int) -> str:
    rows = re.split(r"\r\n|\r|\n", body)
    return rows[line - 1].strip()[:200] if line <= len(rows) else ""


def _packages(options: Options) -> dict[str, Any]:
    """Python packages reported over all texts, with the names of the files beside them; those that are none."""
    beside = bundles(options)
    items = [(path.relative_to(options.corpus).as_posix(), path) for path in texts(options)]
    jobs = [(name, path, beside.get(name, [])) for name, path in items]
    found = [row for rows in spread_out(_pip, jobs, options.jobs) for row in rows]
    return {
        "reported": len(found),
        "standard_library": [row for row in found if row["name"].lower().replace("-", "_") in sys.stdlib_module_names],
        "own_modules": [row for row in found if row["own"]],
    }


def _pip(job: tuple[str, Path, list[tuple[str, int]]]) -> list[dict[str, Any]]:
    from skvm.parse import parse_skill

    name, path, beside = job
    source = with_bundle(path, beside)
    names = [file.path.split("/") for file in source.files if file.path.endswith(".py")]
    own = {parts[-1].removesuffix(".py") for parts in names} | {folder for parts in names for folder in parts[:-1]}
    own = {name.lower().replace("_", "-") for name in own}
    seen: dict[str, dict[str, Any]] = {}
    for need in parse_skill(source).program.needs:
        if need.kind.value == "pip":
            line = source.main.lines.line(need.span.start) if need.span.file == source.main.file else 0
            entry = {"path": name, "name": need.name, "line": line}
            plain = need.name.lower().replace("_", "-")
            seen.setdefault(need.name, {**entry, "origin": need.origin.value, "own": plain in own})
    return list(seen.values())


def text(result: dict[str, Any]) -> list[str]:
    """For people."""
    lines = [f"{result['skills']} skills declare executables or environment variables"]
    for kind, label, target in (("bin", "executables", 0.95), ("env", "environment variables", 0.97)):
        row = result[kind]
        lines += [
            f"{label}: declared names that occur in the body {show_share(row['in_body'])}",
            f"  of these found {show_share(row['recall'])}, target {target}; as any kind {show_share(row['recall_any_kind'])}",
        ]
        for m in row["missed"]:
            lines.append(f"  MISSED {m['name']} (read as {', '.join(m['as']) or 'nothing'}) {m['path']}: {m['line']}")
    lines.append(f"further findings in these skills: {result['further']}")
    for entry in result["sample"]:
        lines.append(f"  {entry['kind']} {entry['name']} ({entry['origin']}) {entry['path']}:{entry['line']}: {entry['text']}")
    packages = result["packages"]
    lines.append(
        f"Python packages reported in the corpus: {packages['reported']}; of the standard library "
        f"{len(packages['standard_library'])}, own modules {len(packages['own_modules'])}"
    )
    for key in ("standard_library", "own_modules"):
        lines += [f"  {key.upper()} {r['name']} ({r['origin']}) {r['path']}:{r['line']}" for r in packages[key][:40]]
    return lines
