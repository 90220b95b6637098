"""Golden files: what a value was when somebody last looked at it and agreed."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

LONGEST = 60
"""Lines of a difference that are shown."""


def compare(value: Any, file: Path, update: bool) -> None:
    """The value as text (JSON with sorted keys where it is none) equals the file; `update` writes it instead."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    text = text.rstrip("\n") + "\n"
    if update:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return
    assert file.is_file(), f"no golden file {file}; write it with --skvm-update and read it"
    before = file.read_text(encoding="utf-8")
    if before != text:
        lines = list(difflib.unified_diff(before.splitlines(), text.splitlines(), "golden", "now", lineterm="", n=2))
        more = [f"... {len(lines) - LONGEST} more lines"] if len(lines) > LONGEST else []
        raise AssertionError("\n".join([f"{file.name} differs (--skvm-update accepts it):", *lines[:LONGEST], *more]))
