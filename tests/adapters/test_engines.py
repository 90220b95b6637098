"""Both engines pass the suite: in this process, and DBOS on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from skvm.testing.conformance import EngineSuite, QueueEngineSuite

HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.setenv("PYTHONPATH", HERE)
    monkeypatch.delenv("SKVM_ENGINE_URL", raising=False)


class TestLocal(EngineSuite):
    factory = "engine_factories:local"


class TestDbosOnSqlite(QueueEngineSuite):
    factory = "engine_factories:dbos"

    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        pytest.importorskip("dbos", reason="the extra dbos is not installed")
