#!/usr/bin/env python3
"""Replace contact data by placeholders and print how many of each kind were replaced."""

import argparse
import json
import os
import sys

from patterns import PATTERNS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(args.file, encoding="utf-8") as handle:
        text = handle.read()
    counts = {}
    for kind, pattern in PATTERNS.items():
        text, counts[kind] = pattern.subn(f"[{kind}]", text)
    os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", encoding="utf-8") as handle:
        handle.write(text)
    print(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
