#!/usr/bin/env python3
"""Errors of one service: per minute as CSV, first, last and number as one JSON object."""

import argparse
import csv
import json
import os
import sys
from collections import Counter

from parse_log import parse


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("--service", required=True)
    parser.add_argument("--table", required=True, help="CSV file for the minutes")
    args = parser.parse_args()
    times = [e["time"] for e in parse(args.log) if e["level"] == "ERROR" and e["service"] == args.service]
    minutes = Counter(time[:16] for time in times)
    os.makedirs(os.path.dirname(args.table) or ".", exist_ok=True)
    with open(args.table, "w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["minute", "errors"])
        writer.writerows(sorted(minutes.items()))
    print(
        json.dumps(
            {
                "service": args.service,
                "errors": len(times),
                "first": min(times, default="none"),
                "last": max(times, default="none"),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
