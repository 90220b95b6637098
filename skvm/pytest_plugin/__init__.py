"""pytest_plugin: tests of skills - compile, run without a key, and say what must and must not happen.

Comes in: a skill folder, recorded answers, golden files beside the tests. Goes out: the fixture `skvm` and the options
`--skvm-record MODEL` (with `--skvm-api-base URL` for a server of one's own) and `--skvm-update`. Must never: ask a model
unless `--skvm-record` names one, or cost a test run that does not use it more than this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from skvm.pytest_plugin.skills import Skills


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the plugin."""
    group = parser.getgroup("skvm", "tests of skills")
    group.addoption("--skvm-record", metavar="MODEL", help="ask this model, and record what it answers beside the tests")
    group.addoption("--skvm-api-base", metavar="URL", help="with --skvm-record: the server of that model")
    group.addoption("--skvm-update", action="store_true", help="write golden files anew instead of comparing with them")


@pytest.fixture
def skvm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Skills]:
    """Skills under test: state of its own; beside the file recordings in `cassettes/FILE/TEST`, golden in `golden/FILE`."""
    from skvm.pytest_plugin.skills import Skills

    file = request.path
    yield Skills(
        home=tmp_path / "skvm-home",
        cassette=file.parent / "cassettes" / file.stem / _plain(request.node.name),
        golden_folder=file.parent / "golden" / file.stem,
        record=request.config.getoption("--skvm-record"),
        api_base=request.config.getoption("--skvm-api-base"),
        update=request.config.getoption("--skvm-update"),
    )


def _plain(name: str) -> str:
    """A test's name as a folder name."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
