#!/usr/bin/env python3
"""List the notes whose card has no tag."""

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
    names = []
    for path in sorted(glob.glob(os.path.join(args.cards, "*.json"))):
        with open(path, encoding="utf-8") as handle:
            card = json.load(handle)
        if not card["tags"]:
            names.append(card["name"] + ".md")
    with open(args.out, "w", encoding="utf-8") as handle:
        handle.write("".join(name + "\n" for name in names))
    print(json.dumps({"untagged": len(names)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
