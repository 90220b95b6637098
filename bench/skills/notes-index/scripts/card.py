#!/usr/bin/env python3
"""Make a card (JSON) of one Markdown note."""

import argparse
import json
import os
import re
import sys


def card(path: str) -> dict:
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    name = os.path.splitext(os.path.basename(path))[0]
    title = next((m.group(1).strip() for m in re.finditer(r"^#+\s+(.+)$", text, re.MULTILINE)), name)
    body = re.sub(r"^#+\s+.*$", "", text, flags=re.MULTILINE)
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", body)
    tags = sorted({t.lower() for t in re.findall(r"(?:^|\s)#([A-Za-z][\w-]*)", body)})
    plain = " ".join(re.sub(r"(?:^|\s)#[A-Za-z][\w-]*", " ", body).split())
    first = re.match(r"(.+?[.!?])(?:\s|$)", plain)
    return {"name": name, "title": title, "tags": tags, "words": len(words), "first": first.group(1) if first else plain}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("note")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    made = card(args.note)
    os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", encoding="utf-8") as handle:
        json.dump(made, handle, ensure_ascii=False, indent=1)
    print(json.dumps(made, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
