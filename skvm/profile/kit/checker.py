"""Our own checking programs, run on the workbench over what a model wrote (as data, never as part of the program)."""

from __future__ import annotations

import json
from typing import Any

from skvm.profile.kit.instance import Job, Workbench

PYTHON = "python3"
"""The interpreter of the machine; only its standard library is used."""


async def checked(bench: Workbench, program: str, data: object, seconds: float = 10.0) -> Any:
    """What a program prints as JSON, which finds `data` in the file data.json; None when it fails or meets its deadline."""
    files = {"check.py": program.encode(), "data.json": json.dumps(data).encode()}
    done = await bench.run(Job((PYTHON, "-I", "check.py"), files, seconds=seconds))
    if done.exit_code != 0:
        return None
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None
