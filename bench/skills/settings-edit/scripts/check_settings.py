#!/usr/bin/env python3
"""Say how many keys a settings file has; exits with 1 when it does not load or is no object."""

import json
import sys


def keys(value: object) -> int:
    """Keys at all levels."""
    if isinstance(value, dict):
        return len(value) + sum(keys(inner) for inner in value.values())
    return sum(keys(inner) for inner in value) if isinstance(value, list) else 0


def main() -> int:
    path = sys.argv[1]
    try:
        with open(path, encoding="utf-8") as handle:
            settings = json.load(handle)
    except ValueError as error:
        print(json.dumps({"ok": False, "problem": str(error)}))
        return 1
    if not isinstance(settings, dict):
        print(json.dumps({"ok": False, "problem": "not an object"}))
        return 1
    print(json.dumps({"ok": True, "keys": keys(settings)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
