#!/usr/bin/env python3
"""List the lines that still hold contact data; exit 1 when there are any. Prints kinds and line numbers, never the data."""

import argparse
import json
import sys

from patterns import PATTERNS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--report", required=True)
    args = parser.parse_args()
    found = []
    with open(args.file, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            found += [{"line": number, "kind": kind} for kind, pattern in PATTERNS.items() if pattern.search(line)]
    with open(args.report, "w", encoding="utf-8") as handle:
        json.dump(found, handle)
    print(json.dumps({"leaks": len(found)}))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
