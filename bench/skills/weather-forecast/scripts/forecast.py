#!/usr/bin/env python3
"""Coming days at a place, from a weather station or a file with its saved answers: a table, and a summary as JSON."""

import argparse
import csv
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

COLUMNS = ("day", "high", "low", "rain", "sky")


def ask(source: str, place: str, days: int) -> list:
    if source.startswith("http://"):
        query = urllib.parse.urlencode({"place": place, "days": days})
        with urllib.request.urlopen(f"{source}/forecast?{query}", timeout=10) as answer:
            return json.load(answer)["days"]
    with open(source, encoding="utf-8") as handle:
        return json.load(handle)["forecast"][place][:days]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place")
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    try:
        rows = ask(args.source, args.place, args.days)
    except urllib.error.HTTPError as error:
        print(f"the station does not know {args.place} ({error.code})", file=sys.stderr)
        return 1
    except KeyError:
        print(f"nothing saved about {args.place}", file=sys.stderr)
        return 1
    if len(rows) < args.days:
        print(f"only {len(rows)} of {args.days} days are known", file=sys.stderr)
        return 1
    with open(args.table, "w", newline="", encoding="utf-8") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        table.writerows([row[name] for name in COLUMNS] for row in rows)
    warmest = max(rows, key=lambda row: row["high"])
    coldest = min(rows, key=lambda row: row["low"])
    summary = {
        "place": args.place,
        "days": len(rows),
        "warmest": {"day": warmest["day"], "high": warmest["high"]},
        "coldest": {"day": coldest["day"], "low": coldest["low"]},
        "wet": sum(row["rain"] > 0 for row in rows),
    }
    with open(args.out, "w", encoding="utf-8") as handle:
        handle.write(json.dumps(summary, ensure_ascii=False) + "\n")
    print(json.dumps(summary, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
