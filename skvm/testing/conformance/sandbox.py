"""What every sandbox must do. Subclass in a test module, say `make`, and let pytest collect the methods:

class TestMine(SandboxSuite):
    def make(self) -> Sandbox:
        return MySandbox()
"""
# ruff: noqa: D102, ASYNC110 - test names say what they show; a program inside sets no event

from __future__ import annotations

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path

import anyio

from skvm.ports import Reach, Sandbox, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult
from skvm.testing.conformance.escapes import ATTEMPTS, PERMITTED, Scene

PYTHON = os.path.realpath(sys.executable)
_BEAT = """
import os, time
{leave}
while True:
    with open("beat", "a") as stream:
        stream.write("x")
    time.sleep(0.01)
"""
_LEAVE = """
for fd in (0, 1, 2):
    os.dup2(os.open(os.devnull, os.O_RDWR), fd)
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
import signal
for number in (1, 2, 13, 15): signal.signal(number, signal.SIG_IGN)
"""


class SandboxSuite(ABC):
    """The contract of `skvm.ports.Sandbox` as tests; each gets an empty folder `tmp_path`."""

    @abstractmethod
    def make(self) -> Sandbox:
        """The sandbox under test."""

    def run(self, tmp_path: Path, *argv: str, **fields: object) -> SandboxResult:
        """Run a program in `tmp_path/work`; `grants`, `limits`, `env`, `stdin`, `spill`, `cwd` may be given."""
        return anyio.run(self.make().run, self.request(tmp_path, *argv, **fields))

    def request(self, tmp_path: Path, *argv: str, **fields: object) -> SandboxRequest:
        """A request with the suite's defaults."""
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        given = {"cwd": work, "grants": SandboxGrants(work=work), "env": {"PATH": "/usr/bin:/bin"}, **fields}
        return SandboxRequest.model_validate({"argv": argv, **given})

    def test_proves_itself(self) -> None:
        report = anyio.run(self.make().self_test)
        assert report.ok, (report.failed, report.detail)
        assert "survive-deadline" in report.denied

    def test_identity_is_stable(self) -> None:
        assert self.make().version == self.make().version
        assert self.make().name in self.make().version

    def test_output_error_and_status_are_the_programs(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 3")
        assert (done.exit_code, done.stdout, done.stderr, done.reason) == (3, b"out\n", b"err\n", "")

    def test_input_reaches_the_program(self, tmp_path: Path) -> None:
        data = bytes(range(256)) * 4096
        done = self.run(tmp_path, "wc", "-c", stdin=data)
        assert done.stdout.strip() == str(len(data)).encode()

    def test_program_that_ignores_its_input(self, tmp_path: Path) -> None:
        assert self.run(tmp_path, "true", stdin=b"x" * 1_000_000).exit_code == 0

    def test_environment_is_exactly_what_was_given(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, "/usr/bin/env", env={"PATH": "/usr/bin:/bin", "A": "ü b=c\nd"})
        names = {line.split("=")[0] for line in done.stdout.decode().splitlines()}
        assert names - {"TMPDIR", "PWD", "d"} == {"PATH", "A"}
        assert "A=ü b=c\nd" in done.stdout.decode()

    def test_starts_in_the_folder_asked_for(self, tmp_path: Path) -> None:
        (tmp_path / "work" / "deep er").mkdir(parents=True)
        done = self.run(tmp_path, "sh", "-c", "pwd; echo x >made", cwd=tmp_path / "work" / "deep er")
        assert done.stdout.decode().strip() == str((tmp_path / "work" / "deep er").resolve())
        assert (tmp_path / "work" / "deep er" / "made").read_text() == "x\n"

    def test_missing_program(self, tmp_path: Path) -> None:
        assert self.run(tmp_path, "surely-no-such-program").reason == "not_found"
        assert self.run(tmp_path, "./nor-this").reason == "not_found"

    def test_words_no_program_can_be_given(self, tmp_path: Path) -> None:
        for word in ("a\0b", "\ud800", "x" * 200_000):
            done = self.run(tmp_path, "echo", word)
            assert (done.reason, done.stdout) == ("not_found", b"")
        assert self.run(tmp_path, "echo", "x" * 100_000).exit_code == 0

    def test_folder_spelled_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real" / "work").mkdir(parents=True)
        (tmp_path / "real" / "skill").mkdir()
        (tmp_path / "real" / "skill" / "a").write_text("a")
        (tmp_path / "link").symlink_to(tmp_path / "real")
        linked = tmp_path / "link"
        grants = SandboxGrants(work=linked / "work", skill=linked / "skill")
        done = self.run(tmp_path, "sh", "-c", f"cat {linked}/skill/a; echo x >made", cwd=linked / "work", grants=grants)
        assert (done.exit_code, done.stdout) == (0, b"a"), done.stderr
        assert (tmp_path / "real" / "work" / "made").exists()

    def test_several_narrow_places(self, tmp_path: Path) -> None:
        work = tmp_path / "work"
        (work / "a" / "deep").mkdir(parents=True)
        (work / "b").mkdir()
        (work / "c.txt").write_text("old")
        grants = SandboxGrants(work=work, write=(work / "a" / "deep", work / "b" / "new.csv", work / "c.txt"))
        command = "echo 1 >a/deep/x; echo 2 >b/new.csv; echo 3 >c.txt; echo 4 >a/no; echo 5 >no"
        self.run(tmp_path, "sh", "-c", command, grants=grants)
        made = {str(p.relative_to(work)): p.read_text() for p in work.rglob("*") if p.is_file()}
        assert made == {"a/deep/x": "1\n", "b/new.csv": "2\n", "c.txt": "3\n"}

    def test_script_in_the_work_folder_runs(self, tmp_path: Path) -> None:
        (tmp_path / "work").mkdir()
        script = tmp_path / "work" / "go.sh"
        script.write_text("#!/bin/sh\necho ran $1\n")
        script.chmod(0o755)
        assert self.run(tmp_path, "./go.sh", "it").stdout == b"ran it\n"

    def test_interpreter_of_this_process_runs(self, tmp_path: Path) -> None:
        assert self.run(tmp_path, PYTHON, "-c", "import json, csv, sqlite3; print(1)").stdout == b"1\n"

    def test_signal_is_told(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, "sh", "-c", "kill -9 $$")
        assert (done.exit_code, done.reason) == (137, "signal")

    def test_memory_is_bounded(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, PYTHON, "-c", "x = bytearray(1 << 30)", limits=SandboxLimits(memory=300 * 1024**2))
        assert done.exit_code != 0
        assert done.reason == "memory"

    def test_file_size_is_bounded(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, "dd", "if=/dev/zero", "of=big", "bs=1M", "count=20", limits=SandboxLimits(file=4 * 1024**2))
        assert done.exit_code != 0
        assert (tmp_path / "work" / "big").stat().st_size <= 4 * 1024**2

    def test_processor_time_is_bounded(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, "sh", "-c", "while :; do :; done", limits=SandboxLimits(cpu=1.0))
        assert done.reason == "timeout"

    def test_output_is_bounded_in_memory_and_whole_on_disk(self, tmp_path: Path) -> None:
        spill = tmp_path / "logs" / "all"
        code = "import sys\nfor i in range(40000): print(i)\nprint('last', file=sys.stderr)"
        done = self.run(tmp_path, PYTHON, "-c", code, limits=SandboxLimits(output=1000), spill=spill)
        assert done.truncated
        assert len(done.stdout) < 1100
        assert done.stdout.startswith(b"0\n1\n")
        assert done.stdout.endswith(b"39999\n")
        whole = spill.read_bytes()
        assert whole.replace(b"last\n", b"") == b"".join(b"%d\n" % i for i in range(40000))

    def test_endless_output_ends(self, tmp_path: Path) -> None:
        spill = tmp_path / "all"
        done = self.run(tmp_path, "yes", limits=SandboxLimits(file=1024**2), spill=spill)
        assert done.reason == "output"
        assert spill.stat().st_size <= 1024**2

    def test_deadline_ends_everything(self, tmp_path: Path) -> None:
        done = self.run(tmp_path, "sh", "-c", "sleep 300 & sleep 300", limits=SandboxLimits(wall=0.3))
        assert (done.exit_code, done.reason) == (124, "timeout")

    def test_process_that_left_does_not_survive_the_deadline(self, tmp_path: Path) -> None:
        code = "import os\nif os.fork() == 0:\n" + _indent(_BEAT.format(leave=_LEAVE)) + "\nimport time; time.sleep(300)"
        done = self.run(tmp_path, PYTHON, "-c", code, limits=SandboxLimits(wall=1.5))
        assert done.reason == "timeout"
        self.assert_still(tmp_path)

    def test_process_that_left_does_not_survive_the_program(self, tmp_path: Path) -> None:
        code = "import os\nif os.fork() == 0:\n" + _indent(_BEAT.format(leave=_LEAVE))
        code += "\nimport time\nwhile not os.path.exists('beat'): time.sleep(0.01)"
        assert self.run(tmp_path, PYTHON, "-c", code).exit_code == 0
        self.assert_still(tmp_path)

    def test_fork_storm_ends_at_the_deadline(self, tmp_path: Path) -> None:
        # Bounded by itself at some hundred, for sandboxes that cannot bound the number of processes of root.
        code = "import os, time\nopen('beat', 'w').close()\nwhile os.path.getsize('beat') < 300:\n"
        code += " try: os.fork()\n except OSError: pass\n open('beat', 'a').write('x')\ntime.sleep(300)"
        done = self.run(tmp_path, PYTHON, "-c", code, limits=SandboxLimits(wall=0.7, processes=24, cpu=5))
        assert done.reason == "timeout"
        self.assert_still(tmp_path)

    def test_cancellation_ends_everything(self, tmp_path: Path) -> None:
        request = self.request(tmp_path, PYTHON, "-c", _BEAT.format(leave=""))
        beat = tmp_path / "work" / "beat"

        async def main() -> None:
            async with anyio.create_task_group() as group:
                group.start_soon(self.make().run, request)
                while not beat.exists():
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()

        anyio.run(main)
        self.assert_still(tmp_path)

    def test_many_at_once(self, tmp_path: Path) -> None:
        found: dict[int, bytes] = {}

        async def one(number: int) -> None:
            done = await self.make().run(self.request(tmp_path, "sh", "-c", f"echo {number}"))
            found[number] = done.stdout

        async def main() -> None:
            async with anyio.create_task_group() as group:
                for number in range(12):
                    group.start_soon(one, number)

        anyio.run(main)
        assert found == {n: b"%d\n" % n for n in range(12)}

    def test_narrowed_writing(self, tmp_path: Path) -> None:
        work = tmp_path / "work"
        (work / "out").mkdir(parents=True)
        (work / "in.txt").write_text("in")
        grants = SandboxGrants(work=work, write=(work / "out",))
        done = self.run(tmp_path, "sh", "-c", "cat in.txt; echo y >out/y; echo n >n; echo n >in.txt", grants=grants)
        assert done.stdout == b"in"
        assert done.exit_code != 0
        assert (work / "out" / "y").read_text() == "y\n"
        assert not (work / "n").exists()
        assert (work / "in.txt").read_text() == "in"

    def test_nothing_to_write(self, tmp_path: Path) -> None:
        work = tmp_path / "work"
        work.mkdir()
        done = self.run(tmp_path, "sh", "-c", "echo n >n", grants=SandboxGrants(work=work, write=()))
        assert done.exit_code != 0
        assert not list(work.iterdir())

    def test_place_to_write_that_leads_out_is_refused(self, tmp_path: Path) -> None:
        work, outside = tmp_path / "work", tmp_path / "outside"
        work.mkdir()
        outside.mkdir()
        (work / "out").symlink_to(outside)
        grants = SandboxGrants(work=work, write=(work / "out",))
        try:
            self.run(tmp_path, "sh", "-c", "echo x >out/x", grants=grants)
        except Exception as error:
            assert type(error).__name__ == "SandboxError"
        assert not list(outside.iterdir())

    def test_more_to_read(self, tmp_path: Path) -> None:
        more = tmp_path / "more"
        more.mkdir()
        (more / "a").write_text("a")
        (tmp_path / "other").write_text("secret")
        grants = SandboxGrants(work=tmp_path / "work", read=(more, tmp_path / "gone"))
        done = self.run(tmp_path, "sh", "-c", f"cat {more}/a; cat {tmp_path}/other; echo x >{more}/b", grants=grants)
        assert done.stdout == b"a"
        assert not (more / "b").exists()

    def test_skill_in_the_work_folder_or_beside_it_is_readable(self, tmp_path: Path) -> None:
        skill = tmp_path / "skill"
        skill.mkdir()
        (skill / "s.py").write_text("print('from the skill')")
        done = self.run(tmp_path, PYTHON, str(skill / "s.py"), grants=SandboxGrants(work=tmp_path / "work", skill=skill))
        assert done.stdout == b"from the skill\n"

    def test_no_way_out(self, tmp_path: Path) -> None:
        assert self.escapes(tmp_path) == set()

    def test_permitted_things_work(self, tmp_path: Path) -> None:
        with Scene(tmp_path) as scene:
            seen = self._tried(scene, PERMITTED)
        assert [name for name, worked in seen.items() if not worked] == []

    def escapes(self, tmp_path: Path, reach: Reach | None = None) -> set[str]:
        """Names of the attempts that got through, from inside or as seen by the host; with `reach`, of a program that has an
        outlet."""
        with Scene(tmp_path) as scene:
            seen = self._tried(scene, ATTEMPTS, reach)
            return {name for name, through in seen.items() if through} | scene.traces()

    def _tried(self, scene: Scene, attempts: dict[str, str], reach: Reach | None = None) -> dict[str, bool]:
        request = SandboxRequest(
            argv=(PYTHON, "-I", "-c", scene.code()),
            cwd=scene.work,
            grants=SandboxGrants(work=scene.work, skill=scene.skill),
            env={"PATH": "/usr/bin:/bin", "PROBE": "1"},
            stdin=scene.told(attempts, Path(sys.prefix)),
            reach=reach,
        )
        done = anyio.run(self.make().run, request)
        try:
            seen: dict[str, bool] = json.loads(done.stdout)
        except ValueError:
            raise AssertionError((done.exit_code, done.reason, done.stderr[-2000:])) from None
        assert set(seen) == set(attempts)
        return seen

    def assert_still(self, tmp_path: Path) -> None:
        """Something wrote to `beat`, and nothing does any more."""
        beat = tmp_path / "work" / "beat"
        before = beat.stat().st_size
        assert before > 0
        time.sleep(0.1)
        assert beat.stat().st_size == before


def _indent(code: str) -> str:
    return "\n".join(f" {line}" for line in code.splitlines())
