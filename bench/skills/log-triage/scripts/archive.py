#!/usr/bin/env python3
"""Compress a log into a folder and write its checksum beside it. The log itself stays as it is."""

import argparse
import gzip
import hashlib
import json
import os
import sys


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log")
    parser.add_argument("--to", required=True)
    args = parser.parse_args()
    with open(args.log, "rb") as handle:
        data = handle.read()
    os.makedirs(args.to, exist_ok=True)
    name = os.path.basename(args.log)
    with open(os.path.join(args.to, name + ".gz"), "wb") as out, gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed:
        packed.write(data)
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(args.to, name + ".sha256"), "w", encoding="utf-8") as out:
        out.write(f"{digest}  {name}\n")
    print(json.dumps({"archived": name, "bytes": len(data), "sha256": digest}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
