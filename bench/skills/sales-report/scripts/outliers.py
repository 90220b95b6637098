#!/usr/bin/env python3
"""Write the orders whose revenue is far from the median of the file (more than 3 median absolute deviations)."""

import argparse
import csv
import json
import os
import statistics
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("export")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(args.export, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    revenue = [int(row["quantity"]) * float(row["unit_price"]) for row in rows]
    middle = statistics.median(revenue) if revenue else 0.0
    spread = statistics.median(abs(value - middle) for value in revenue) if revenue else 0.0
    odd = [(row["order_id"], value) for row, value in zip(rows, revenue) if abs(value - middle) > 3 * spread]
    os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["order_id", "revenue"])
        writer.writerows((order, f"{value:.2f}") for order, value in odd)
    print(json.dumps({"outliers": len(odd), "of": len(rows), "median": f"{middle:.2f}"}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
