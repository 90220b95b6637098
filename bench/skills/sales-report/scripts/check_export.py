#!/usr/bin/env python3
"""Check that a sales export has the needed columns and readable numbers. Prints one JSON object; exit 1 when it does not."""

import csv
import json
import sys

NEEDED = ("order_id", "date", "quantity", "unit_price")


def main() -> int:
    path = sys.argv[1]
    with open(path, newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        columns = list(reader.fieldnames or [])
        missing = [name for name in NEEDED if name not in columns]
        bad = []
        rows = 0
        for row in reader:
            rows += 1
            try:
                int(row["quantity"])
                float(row["unit_price"])
            except (KeyError, TypeError, ValueError):
                bad.append(reader.line_num)
    print(json.dumps({"rows": rows, "columns": columns, "missing": missing, "bad_lines": bad}))
    return 1 if missing or bad else 0


if __name__ == "__main__":
    sys.exit(main())
