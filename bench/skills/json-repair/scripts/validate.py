#!/usr/bin/env python3
"""Say whether a JSON file loads and has the expected types; report the first problem only. Always exits with 0."""

import argparse
import json
import re
import sys

TYPES = {"string": str, "boolean": bool, "number": (int, float), "array": list, "object": dict}


def problem(text: str, shape: dict) -> dict:
    try:
        value = json.loads(text)
    except ValueError as error:
        return {"ok": False, "problem": cause(text, error), "line": getattr(error, "lineno", 0)}
    for name, kind in shape.items():
        if name not in value:
            return {"ok": False, "problem": "missing", "field": name}
        right = isinstance(value[name], TYPES[kind]) and not (kind == "number" and isinstance(value[name], bool))
        if not right:
            return {"ok": False, "problem": "type", "field": name, "wanted": kind}
    return {"ok": True}


def cause(text: str, error: ValueError) -> str:
    if re.search(r",\s*[\]}]", text):
        return "trailing comma"
    if re.search(r"[:\[,]\s*(True|False|None)\b", text):
        return "python literal"
    if re.search(r"[{,]\s*'", text):
        return "single quotes"
    if text.count("{") > text.count("}") or text.count("[") > text.count("]"):
        return "unclosed"
    return str(error)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--schema", required=True)
    args = parser.parse_args()
    with open(args.schema, encoding="utf-8") as handle:
        shape = json.load(handle)
    with open(args.file, encoding="utf-8") as handle:
        print(json.dumps(problem(handle.read(), shape)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
