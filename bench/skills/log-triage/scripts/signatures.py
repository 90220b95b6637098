#!/usr/bin/env python3
"""Count error events by signature (message with numbers replaced), most frequent first, into a CSV file."""

import argparse
import csv
import json
import os
import re
import sys
from collections import Counter


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    with open(args.events, encoding="utf-8") as handle:
        events = json.load(handle)
    counts = Counter((e["service"], re.sub(r"\d+", "#", e["message"])) for e in events if e["level"] == "ERROR")
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["count", "service", "signature"])
        writer.writerows((count, service, signature) for (service, signature), count in ranked)
    print(json.dumps({"signatures": len(ranked)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
