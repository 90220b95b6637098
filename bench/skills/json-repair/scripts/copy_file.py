#!/usr/bin/env python3
"""Copy a file, making the folder of the copy."""

import os
import shutil
import sys


def main() -> int:
    source, target = sys.argv[1:3]
    os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
    shutil.copyfile(source, target)
    print(f"copied {os.path.getsize(target)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
