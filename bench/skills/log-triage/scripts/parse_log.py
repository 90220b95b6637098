#!/usr/bin/env python3
"""Parse a service log into a JSON list of events. Lines that do not fit belong to the event before them."""

import argparse
import json
import os
import re
import sys

LINE = re.compile(r"^(\S+Z) (DEBUG|INFO|WARN|ERROR) ([\w.-]+) (.*)$")


def parse(path: str) -> list[dict[str, str]]:
    events: list[dict[str, str]] = []
    with open(path, encoding="utf-8", errors="replace") as handle:
        for line in handle:
            found = LINE.match(line.rstrip("\n"))
            if found:
                time, level, service, message = found.groups()
                events.append({"time": time, "level": level, "service": service, "message": message})
            elif events and line.strip():
                events[-1]["message"] += " / " + line.strip()
    return events


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    events = parse(args.log)
    os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", encoding="utf-8") as handle:
        json.dump(events, handle, indent=1)
    print(json.dumps({"events": len(events), "errors": sum(e["level"] == "ERROR" for e in events)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
