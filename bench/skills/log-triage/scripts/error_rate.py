#!/usr/bin/env python3
"""Errors of one service per minute, as one JSON object."""

import argparse
import json
import sys
from collections import Counter

from parse_log import parse


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("--service", required=True)
    args = parser.parse_args()
    times = [e["time"] for e in parse(args.log) if e["level"] == "ERROR" and e["service"] == args.service]
    minutes = Counter(time[:16] for time in times)
    table = ["| minute | errors |", "|---|---|", *(f"| {minute} | {minutes[minute]} |" for minute in sorted(minutes))]
    print(
        json.dumps(
            {
                "service": args.service,
                "errors": len(times),
                "first": min(times, default="none"),
                "last": max(times, default="none"),
                "table": "\n".join(table),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
