#!/usr/bin/env python3
"""Revenue per group of a sales export, as one JSON object on standard output."""

import argparse
import csv
import json
import sys
from collections import defaultdict
from decimal import Decimal


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export")
    parser.add_argument("--by", required=True, help="column to group by")
    args = parser.parse_args()
    totals: dict[str, Decimal] = defaultdict(Decimal)
    orders: dict[str, int] = defaultdict(int)
    with open(args.export, newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        if args.by not in (reader.fieldnames or []):
            print(f"no column {args.by!r}; there are: {', '.join(reader.fieldnames or [])}", file=sys.stderr)
            return 1
        for row in reader:
            totals[row[args.by]] += int(row["quantity"]) * Decimal(row["unit_price"])
            orders[row[args.by]] += 1
    if not totals:
        print("the export has no rows", file=sys.stderr)
        return 1
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    lines = [f"| {args.by} | orders | revenue |", "|---|---|---|"]
    lines += [f"| {name} | {orders[name]} | {totals[name]:.2f} |" for name in ranked]
    print(
        json.dumps(
            {
                "by": args.by,
                "rows": sum(orders.values()),
                "total": f"{sum(totals.values()):.2f}",
                "top": ranked[0],
                "top_total": f"{totals[ranked[0]]:.2f}",
                "table": "\n".join(lines),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
