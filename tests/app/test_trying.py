"""What a skill needs is tried as its steps would find it: what is there but does not start is missing."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from skvm.app import Settings
from skvm.app.environment import Prefix
from skvm.app.sandbox import sandbox_of
from skvm.app.trying import Tried, try_needs
from skvm.diag import SandboxError
from skvm.plan import EnvironmentNeed


@pytest.fixture
def tried(tmp_path: Path) -> Tried:
    try:
        sandbox = anyio.run(sandbox_of, Settings(home=tmp_path, cache=tmp_path))
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")
    programs = {
        "sound": "#!/bin/sh\necho sound 4.2.1\n",
        "grumpy": "#!/bin/sh\necho 'unknown option --version' >&2\nexit 2\n",
        "orphan": "#!/no/such/interpreter\n",
        "lame": "#!/bin/sh\nexec a-program-that-is-not-there\n",
        "dying": "#!/bin/sh\nkill -SEGV $$\n",
    }
    versions, loaded = {"pip tidy-rows": "1.5"}, {"pip tidy-rows": "imported rows"}
    prefix = Prefix(key="k", folder=tmp_path / "prefix", versions=versions, loaded=loaded)
    (prefix.folder / "bin").mkdir(parents=True)
    for name, text in programs.items():
        (prefix.folder / "bin" / name).write_text(text)
        (prefix.folder / "bin" / name).chmod(0o755)
    needs = [("bin", name) for name in (*programs, "not-there-at-all", "python3")]
    needs += [("pip", "Tidy_Rows"), ("pip", "no-such-distribution"), ("npm", "no-such-package"), ("env", "X")]
    return anyio.run(try_needs, [EnvironmentNeed(kind=k, name=n) for k, n in needs], sandbox, prefix)


def test_what_starts_is_present_and_what_does_not_is_missing(tried: Tried) -> None:
    states = {name: state for (_, name), (state, _) in tried.items()}
    assert states == {
        "sound": "present",
        "grumpy": "present",
        "orphan": "missing",
        "lame": "missing",
        "dying": "missing",
        "not-there-at-all": "missing",
        "python3": "present",
        "Tidy_Rows": "present",
        "no-such-distribution": "missing",
        "no-such-package": "missing",
    }
    assert tried["bin", "sound"][1].endswith("version 4.2.1")
    assert "does not start" in tried["bin", "lame"][1] and "a-program-that-is-not-there" in tried["bin", "lame"][1]
    assert tried["pip", "Tidy_Rows"][1] == "version 1.5, imported rows in the isolated prefix"
