#!/usr/bin/env python3
"""Join all cards of a folder into one Markdown page, a section per tag."""

import argparse
import glob
import json
import os
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cards")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    cards = []
    for path in sorted(glob.glob(os.path.join(args.cards, "*.json"))):
        with open(path, encoding="utf-8") as handle:
            cards.append(json.load(handle))
    tags = sorted({tag for card in cards for tag in card["tags"]})
    lines = ["# Index", ""]
    for tag in tags:
        lines += [f"## {tag}", ""]
        lines += [f"- [{c['title']}](../notes/{c['name']}.md): {c['first']}" for c in cards if tag in c["tags"]]
        lines.append("")
    with open(args.out, "w", encoding="utf-8") as handle:
        handle.write("\n".join(lines))
    longest = max(cards, key=lambda c: (c["words"], c["name"]), default={"title": "none", "words": 0})
    print(json.dumps({"notes": len(cards), "tags": len(tags), "longest": longest["title"], "words": longest["words"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
