"""Task files: every kind of check both ways, and errors that name the file and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.app.tasks import Task, load_task, load_tasks, pointed, run_checks
from skvm.diag import UsageError
from skvm.ports import SandboxRequest, SandboxResult


class Fixed:
    """A sandbox that answers as told and keeps the request."""

    name = "fixed"
    version = "1"

    def __init__(self, code: int = 0, out: str = "", reason: str = "") -> None:
        self.result = SandboxResult(exit_code=code, stdout=out.encode(), stderr=b"", reason=reason)
        self.seen: list[SandboxRequest] = []

    async def run(self, request: SandboxRequest) -> SandboxResult:
        self.seen.append(request)
        return self.result


def holds(check: dict[str, Any], work: Path, sandbox: Any = None) -> bool:
    task = Task.model_validate({"id": "t", "prompt": "p", "checks": [check]})
    (result,) = anyio.run(run_checks, task, work, sandbox, work)
    assert result.ok or result.detail
    assert result.to_json()["ok"] is result.ok
    return result.ok


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "a.json").write_text('{"items": [{"n": 1, "a/b": true}], "s": "x"}')
    (tmp_path / "a.csv").write_text('id,name\n1,Ada\n2,"B, C"\n')
    (tmp_path / "a.md").write_text("# Title\n\nTotal: 12\n\n")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder").mkdir()
    return tmp_path


GOOD = [
    {"exists": "a.md"},
    {"exists": "b.md", "absent": True},
    {"equals": "a.md", "text": "# Title\n\nTotal: 12"},
    {"json_path": "a.json", "at": "/items/0/n", "value": 1},
    {"json_path": "a.json", "at": "/items/0/a~1b", "value": True},
    {"json_path": "a.json", "at": "/items", "length": 1},
    {"json_path": "a.json", "value": {"items": [{"n": 1, "a/b": True}], "s": "x"}},
    {"csv_rows": "a.csv", "count": 2, "columns": ["id", "name"], "contains": {"name": "B, C"}},
    {"regex": "a.md", "pattern": r"^Total: \d+$"},
    {"regex": "a.md", "pattern": "TODO", "absent": True},
]
BAD = [
    {"exists": "b.md"},
    {"exists": "folder"},
    {"exists": "a.md", "absent": True},
    {"equals": "a.md", "text": "# Title"},
    {"equals": "b.md", "text": ""},
    {"equals": "bad.txt", "text": ""},
    {"equals": "folder", "text": ""},
    {"json_path": "a.json", "at": "/items/0/n", "value": True},
    {"json_path": "a.json", "at": "/items/1/n", "value": 1},
    {"json_path": "a.json", "at": "/items/x", "value": 1},
    {"json_path": "a.json", "at": "/s/x", "value": 1},
    {"json_path": "a.json", "at": "/s", "length": 2},
    {"json_path": "a.md", "value": 1},
    {"csv_rows": "a.csv", "count": 3},
    {"csv_rows": "a.csv", "columns": ["name", "id"]},
    {"csv_rows": "a.csv", "contains": {"name": "Z"}},
    {"csv_rows": "b.csv", "count": 0},
    {"regex": "a.md", "pattern": "Total: 13"},
    {"regex": "a.md", "pattern": "Total", "absent": True},
    {"regex": "b.md", "pattern": "x", "absent": True},
]


@pytest.mark.parametrize("check", GOOD, ids=json.dumps)
def test_what_holds(check: dict[str, Any], work: Path) -> None:
    assert holds(check, work)


@pytest.mark.parametrize("check", BAD, ids=json.dumps)
def test_what_does_not(check: dict[str, Any], work: Path) -> None:
    assert not holds(check, work)


def test_a_link_out_of_the_work_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.md").symlink_to(tmp_path / "secret")
    assert not holds({"equals": "a.md", "text": "x"}, work)


def test_commands_run_in_the_sandbox_only(work: Path) -> None:
    check = {"command": ["python3", "$SKILL/check.py"], "stdout": "^ok"}
    assert not holds(check, work)
    box = Fixed(out="ok\n")
    assert holds(check, work, box)
    (request,) = box.seen
    assert request.argv[1:] == (f"{work}/check.py",)
    assert request.grants.write == () and request.reach is None and request.cwd == work
    assert not holds(check, work, Fixed(out="no"))
    assert not holds(check, work, Fixed(code=1, out="ok"))
    assert not holds(check, work, Fixed(out="ok", reason="timeout"))
    assert holds({"command": ["python3"], "exit": 3}, work, Fixed(code=3))
    assert not holds({"command": ["no-such-program-anywhere"]}, work, Fixed())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "not a task"),
        ("[]", "the top"),
        ({"prompt": "p", "checks": [{"exists": "a"}]}, "id"),
        ({"id": "t", "prompt": "p", "checks": []}, "checks"),
        ({"id": "t", "prompt": "p", "checks": [{"exist": "a"}]}, "checks.0"),
        ({"id": "t", "prompt": "p", "checks": [{"exists": "a", "equals": "b", "text": ""}]}, "exactly one of"),
        ({"id": "t", "prompt": "p", "checks": [{"exists": "../a"}]}, "inside the work folder"),
        ({"id": "t", "prompt": "p", "checks": [{"exists": "/etc/passwd"}]}, "inside the work folder"),
        ({"id": "t", "prompt": "p", "checks": [{"regex": "a", "pattern": "("}]}, "regular expression"),
        ({"id": "t", "prompt": "p", "checks": [{"command": []}]}, "checks.0"),
        ({"id": "t", "prompt": "p", "files": {"../x": "y"}, "checks": [{"exists": "a"}]}, "files"),
        ({"id": "t", "prompt": "p", "files": {"x": "missing.csv"}, "checks": [{"exists": "a"}]}, "missing.csv"),
    ],
)
def test_errors_name_file_place_and_remedy(body: Any, says: str, tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    with pytest.raises(UsageError) as caught:
        load_task(path)
    line = caught.value.line()
    assert str(path) in line and says in line and caught.value.help and "\n" not in line


def test_missing_file_and_folder_without_tasks(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_task(tmp_path / "none.json")
    assert load_tasks(tmp_path) == []


@given(st.binary(max_size=300))
def test_any_bytes_give_a_task_or_a_usage_error(raw: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.json"
        path.write_bytes(raw)
        with pytest.raises(UsageError):
            load_task(path)


@given(
    st.recursive(
        st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
def test_pointers_reach_every_value(value: Any) -> None:
    def walk(found: Any, pointer: str) -> None:
        assert pointed(value, pointer) == found
        items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
        for key, inner in items:
            walk(inner, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")

    walk(value, "")
