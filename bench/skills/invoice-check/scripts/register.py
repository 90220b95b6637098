#!/usr/bin/env python3
"""Append a decision to the register; a decision that is already there is not written twice."""

import argparse
import csv
import json
import os
import sys

FIELDS = ("invoice", "decision", "amount", "reason")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("decision")
    parser.add_argument("--register", required=True)
    args = parser.parse_args()
    with open(args.decision, encoding="utf-8") as handle:
        decision = json.load(handle)
    row = {name: str(decision[name]) for name in FIELDS}
    rows = []
    if os.path.exists(args.register):
        with open(args.register, newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
    if row not in rows:
        rows.append(row)
    with open(args.register, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(json.dumps({"rows": len(rows)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
