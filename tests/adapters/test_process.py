"""The bounded child: what is kept, what ends it, what is reported."""

import sys
import threading

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.adapters.confine.process import Job, Launch, _Kept, run_job
from skvm.diag import SandboxError


def launch(code, **fields):
    return Launch(
        **{"argv": [sys.executable, "-I", "-S", "-c", code], "stdin": b"", "wall": 30.0, "keep": 1000, "cap": 1 << 30, **fields}
    )


@given(st.lists(st.binary(max_size=400), max_size=60), st.integers(0, 500))
def test_head_and_tail_are_kept(parts, room):
    kept, whole = _Kept(room), b"".join(parts)
    for part in parts:
        kept.add(part)
        assert len(kept.head) + len(kept.tail) <= 5 * room + 2 * 64 * 1024
    value = kept.value()
    assert kept.truncated == (len(whole) > room)
    if not kept.truncated:
        assert value == whole
    else:
        half = room // 2
        note = b"\n[... %d bytes left out ...]\n" % (len(whole) - 2 * half)
        assert value == whole[:half] + note + (whole[len(whole) - half :])


def test_memory_stays_bounded_for_two_hundred_megabytes(tmp_path):
    import resource

    code = "import os\nfor _ in range(3200): os.write(1, b'x' * 65536)"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended = Job(launch(code, keep=65536, spill=tmp_path / "all")).run()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert ended.truncated
    assert (tmp_path / "all").stat().st_size == 3200 * 65536
    assert grown < 20 * 1024  # KiB


def test_no_spill_file_without_output(tmp_path):
    Job(launch("pass", spill=tmp_path / "all")).run()
    assert not (tmp_path / "all").exists()


def test_spill_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="cannot keep the output"):
        Job(launch("print(1)", spill=tmp_path / "file" / "x")).run()


def test_program_that_does_not_exist():
    with pytest.raises(SandboxError, match="cannot start"):
        Job(launch("", argv=["/surely/not/here"])).run()


def test_stopped_before_it_began_never_begins(tmp_path):
    job = Job(launch(f"open({str(tmp_path / 'made')!r}, 'w')"))
    job.stop()
    assert job.run().reason == "stopped"
    job.stop()
    assert not (tmp_path / "made").exists()


def test_stop_from_another_thread():
    job = Job(launch("import time; time.sleep(300)"))
    threading.Timer(0.2, job.stop).start()
    ended = job.run()
    assert (ended.reason, ended.returncode) == ("stopped", -9)


def test_output_after_the_input_was_closed():
    code = "import os, sys\nos.close(0)\nprint('y' * 100000)"
    ended = Job(launch(code, stdin=b"x" * 300_000)).run()
    assert ended.returncode == 0
    assert ended.truncated


def test_a_process_that_outlives_its_end_is_a_failure_of_the_sandbox(monkeypatch):
    import skvm.adapters.confine.process as process

    monkeypatch.setattr(process, "GRACE", 0.2)
    code = "import os, time\nif os.fork() == 0:\n os.setsid()\n time.sleep(3)"
    with pytest.raises(SandboxError, match="outlived"):
        Job(launch(code)).run()


def test_cancelled_before_the_thread_started(tmp_path):
    job = Job(launch(f"open({str(tmp_path / 'made')!r}, 'w')"))

    async def main():
        with anyio.CancelScope() as scope:
            scope.cancel()
            await run_job(job)

    anyio.run(main)
    assert not (tmp_path / "made").exists()
