#!/usr/bin/env python3
"""Revenue per group of a sales export: the groups as CSV, the totals as one JSON object on standard output."""

import argparse
import csv
import json
import os
import sys
from collections import defaultdict
from decimal import Decimal


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export")
    parser.add_argument("--by", required=True, help="column to group by")
    parser.add_argument("--table", required=True, help="CSV file for the groups")
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
    os.makedirs(os.path.dirname(args.table) or ".", exist_ok=True)
    with open(args.table, "w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow([args.by, "orders", "revenue"])
        writer.writerows((name, orders[name], f"{totals[name]:.2f}") for name in ranked)
    print(
        json.dumps(
            {
                "by": args.by,
                "rows": sum(orders.values()),
                "total": f"{sum(totals.values()):.2f}",
                "top": ranked[0],
                "top_total": f"{totals[ranked[0]]:.2f}",
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
