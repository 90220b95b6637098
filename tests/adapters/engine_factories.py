"""Engines as the suite makes them, in this process and in others."""

from __future__ import annotations

import os
from pathlib import Path

from skvm.adapters.engines import LocalEngine, queue_engine
from skvm.ports import QueueEngine


def local(home: Path) -> LocalEngine:
    return LocalEngine(home)


def dbos(home: Path) -> QueueEngine:
    return queue_engine("dbos", os.environ.get("SKVM_ENGINE_URL"), home)
