"""Where the language and capability data live: inside the wheel, or beside the package in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def data_path(kind: str) -> Path:
    """Folder of shipped data `kind` ("grammar" or "profiles"); raises FileNotFoundError when it is in neither place."""
    for root in (PACKAGE / "_data", PACKAGE.parent):
        if (root / kind).is_dir():
            return root / kind
    raise FileNotFoundError(f"skvm was installed without its {kind}/ data; reinstall it")


def read_data(kind: str, name: str) -> str:
    """Text of one shipped data file, e.g. `read_data("grammar", "step.lark")`."""
    return (data_path(kind) / name).read_text(encoding="utf-8")
