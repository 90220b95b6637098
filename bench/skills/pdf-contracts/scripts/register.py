#!/usr/bin/env python3
"""Enter a contract in the register, with the last day for notice before the first year ends."""

import argparse
import csv
import json
import os
import sys
from datetime import date, timedelta

FIELDS = ("party", "start", "ends", "notice_by", "yearly_fee", "owner")


def months_before(day: date, months: int) -> date:
    month = day.month - 1 - months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("terms")
    parser.add_argument("--register", required=True)
    args = parser.parse_args()
    owner = os.environ.get("REGISTER_OWNER")
    if not owner:
        print("REGISTER_OWNER is not set", file=sys.stderr)
        return 1
    with open(args.terms, encoding="utf-8") as handle:
        terms = json.load(handle)
    missing = [name for name in ("party", "start", "notice_months", "yearly_fee") if terms.get(name) is None]
    if missing:
        print(f"missing: {', '.join(missing)}", file=sys.stderr)
        return 1
    start = date.fromisoformat(terms["start"])
    ends = date(start.year + 1, start.month, start.day) - timedelta(days=1)
    by = months_before(ends, int(terms["notice_months"]))
    row = {
        "party": terms["party"],
        "start": start.isoformat(),
        "ends": ends.isoformat(),
        "notice_by": by.isoformat(),
        "yearly_fee": terms["yearly_fee"],
        "owner": owner,
    }
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
    print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
