"""SARIF 2.1.0 (OASIS standard, 2020): one run, rules from the code table, results with regions in code points."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from skvm.diag.codes import CODES
from skvm.diag.located import Located
from skvm.diag.model import Applicability, Severity

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(items: Iterable[Located], version: str) -> dict[str, Any]:
    """The log object for all located diagnostics; `version` is the tool's."""
    rows = list(items)
    used = sorted({i.diagnostic.code for i in rows})
    rules = [_rule(code) for code in used]
    index = {code: n for n, code in enumerate(used)}
    driver = {"name": "skvm", "version": version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(i, index[i.diagnostic.code]) for i in rows],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    known = CODES[code]
    return {
        "id": code,
        "name": known.slug,
        "shortDescription": {"text": known.summary},
        "defaultConfiguration": {"level": LEVELS[known.severity]},
    }


def _result(item: Located, rule: int) -> dict[str, Any]:
    d = item.diagnostic
    result: dict[str, Any] = {
        "ruleId": d.code,
        "ruleIndex": rule,
        "level": LEVELS[d.severity],
        "message": {"text": "\n".join((d.message, *d.notes))},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(item.path)}, "region": _region(item)}}],
    }
    if d.fix is not None and d.fix.edits and d.fix.applicability is not Applicability.DISPLAY:
        result["fixes"] = [_fix(item)]
    return result


def _region(item: Located) -> dict[str, int]:
    d = item.diagnostic
    return {
        "startLine": item.line,
        "startColumn": item.column,
        "endLine": item.end_line,
        "endColumn": item.end_column,
        "byteOffset": d.span.start,
        "byteLength": len(d.span),
    }


def _fix(item: Located) -> dict[str, Any]:
    fix = item.diagnostic.fix
    assert fix is not None
    replacements = [
        {
            "deletedRegion": {"byteOffset": e.span.start, "byteLength": len(e.span)},
            "insertedContent": {"text": e.text},
        }
        for e in fix.edits
    ]
    change = {"artifactLocation": {"uri": _uri(item.path)}, "replacements": replacements}
    return {"description": {"text": fix.message}, "artifactChanges": [change]}


def _uri(path: str) -> str:
    return quote(PurePath(path).as_posix())
