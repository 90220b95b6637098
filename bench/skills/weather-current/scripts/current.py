#!/usr/bin/env python3
"""Present weather at a place, from a weather station or a file with its saved answers; as JSON."""

import argparse
import json
import sys
import urllib.error
import urllib.parse
import urllib.request


def ask(source: str, place: str) -> dict:
    if source.startswith("http://"):
        with urllib.request.urlopen(f"{source}/current?place={urllib.parse.quote(place)}", timeout=10) as answer:
            return json.load(answer)
    with open(source, encoding="utf-8") as handle:
        return json.load(handle)["current"][place]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place")
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    try:
        found = ask(args.source, args.place)
    except urllib.error.HTTPError as error:
        print(f"the station does not know {args.place} ({error.code})", file=sys.stderr)
        return 1
    except KeyError:
        print(f"nothing saved about {args.place}", file=sys.stderr)
        return 1
    now = json.dumps({key: found[key] for key in ("place", "temperature", "wind", "sky")}, ensure_ascii=False)
    with open(args.out, "w", encoding="utf-8") as handle:
        handle.write(now + "\n")
    print(now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
