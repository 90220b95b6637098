"""Ways out of one sandbox, tried by whoever runs this: `python -m bench.safety.escapes BACKEND [kept]`; one JSON object on
stdout. `kept`: every Python program in a worker that served others before.

Attempts from inside are those of the conformance suite (files, environment, `/proc`, sockets, processes, kernel), with and
without an outlet. Beside them: a fork storm, a process that leaves and survives, links that are swapped while they are written
through, names with `..` for the file tools, and shell characters in the parameters of a stated command.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from bench.safety.kept import Kept
from skvm.adapters.sandboxes import BACKENDS
from skvm.ports import SandboxGrants, SandboxLimits, SandboxRequest
from skvm.runtime.tools import files
from skvm.runtime.tools.shell import Unbindable, bind_argv, bind_shell
from skvm.runtime.work.confined import Confined, Refused
from skvm.testing.conformance import ATTEMPTS
from skvm.testing.conformance.outlet import OWN, OutletSuite, permits

RACE = """
import os, sys, time
outside, ends = sys.argv[1], time.monotonic() + 1.5
if os.fork() == 0:
    while time.monotonic() < ends:
        try: os.mkdir("way")
        except OSError: pass
        try: os.rmdir("way")
        except OSError: pass
        try: os.symlink(outside, "way")
        except OSError: pass
        try: os.unlink("way")
        except OSError: pass
    os._exit(0)
while time.monotonic() < ends:
    for act in (lambda: open("way/made", "w").close(), lambda: os.rename("own", "way/moved"), lambda: open("own", "w").close()):
        try: act()
        except OSError: pass
os.wait()
"""

NAMES = (
    "../out", "a/../../out", "/etc/skvm-escape", "way/out", "./way/../../out", "a/b/../../../out", "..", "way", "~/out", "\0",
    "a\0/../out",
)  # fmt: skip

VALUES = (
    "; touch pwned", "$(touch pwned)", "`touch pwned`", "| touch pwned", "&& touch pwned", "x\ntouch pwned\n",
    "' ; touch pwned ; '", '" ; touch pwned ; "', "$(touch${IFS}pwned)", "-o pwned", "--output=pwned", "\\'; touch pwned #",
    "> pwned", "${x:=$(touch pwned)}", "'$(touch pwned)'", "*", "~", "!!", "x\r\ntouch pwned",
)  # fmt: skip
TEMPLATES = (
    "echo VALUE", "echo 'VALUE'", 'echo "VALUE"', "echo a-VALUE-b", "cat < /dev/null VALUE", "x=VALUE; echo $x",
)  # fmt: skip


def main(backend: str, kept: str = "") -> dict[str, Any]:
    """`attempts`, and the names of those that got through."""
    build: Any = BACKENDS[backend]
    made: Callable[[], Any] = (lambda: Kept(build())) if kept else build

    class Suite(OutletSuite):
        def make(self) -> Any:
            return made()

    suite = Suite()
    through: list[str] = []
    attempts = 0

    def tried(count: int, act: Callable[[Path], Any]) -> None:
        nonlocal attempts
        attempts += count
        with tempfile.TemporaryDirectory() as folder:
            try:
                through.extend(sorted(act(Path(folder).resolve()) or ()))
            except AssertionError as error:
                through.append(f"{getattr(act, '__name__', 'suite')}: {error}")

    for report in () if kept else (made().prove(), made().prove_outlet()):
        attempts += len(report.denied) + len(report.failed)
        through.extend(f"self-test {name}" for name in report.failed)
    tried(len(ATTEMPTS), suite.escapes)
    tried(len(ATTEMPTS) - len(OWN), lambda folder: suite.escapes(folder, permits("good.invalid")) - OWN)
    for test in (
        suite.test_fork_storm_ends_at_the_deadline,
        suite.test_process_that_left_does_not_survive_the_deadline,
        suite.test_process_that_left_does_not_survive_the_program,
        suite.test_place_to_write_that_leads_out_is_refused,
        suite.test_narrowed_writing,
        suite.test_granted_hosts_are_reached_and_others_are_named,
    ):
        tried(1, test)
    tried(1, lambda folder: _race(made(), folder))
    tried(len(NAMES) * 3, _names)
    tried(len(VALUES) * len(TEMPLATES) * 2, lambda folder: _words(made(), folder))
    return {"backend": backend, "attempts": attempts, "through": through}


def _world(folder: Path) -> tuple[Path, Path]:
    work, outside = folder / "work", folder / "outside"
    work.mkdir()
    outside.mkdir()
    (outside / "kept").write_text("kept")
    return work, outside


def _changed(folder: Path) -> set[str]:
    outside = folder / "outside"
    names = sorted(p.name for p in outside.iterdir()) + sorted(p.name for p in folder.iterdir())
    same = names == ["kept", "outside", "work"] and (outside / "kept").read_text() == "kept"
    return set() if same and not Path("/etc/skvm-escape").exists() else {f"outside changed: {names}"}


def _run(sandbox: Any, work: Path, *argv: str) -> Any:
    request = SandboxRequest(
        argv=argv,
        cwd=work,
        grants=SandboxGrants(work=work),
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        limits=SandboxLimits(wall=30),
    )
    return anyio.run(sandbox.run, request)


def _race(sandbox: Any, folder: Path) -> set[str]:
    work, outside = _world(folder)
    _run(sandbox, work, "python3", "-c", RACE, str(outside))
    return _changed(folder)


def _names(folder: Path) -> set[str]:
    """The file tools run outside of the sandbox; their folder is all that holds them."""
    work, outside = _world(folder)
    (work / "way").symlink_to(outside)
    (work / "a").mkdir()
    places = files.Places(Confined(work), Confined(work), Confined(work), frozenset())
    through = set()
    for name in NAMES:
        for act in (
            lambda name=name: files.write_file(places, name, "x"),
            lambda name=name: files.edit_file(places, name + "/kept", "kept", "x"),
            lambda name=name: files.read_file(places, name + "/kept"),
        ):
            try:
                said = act()
            except (files.ToolFailure, Refused, OSError, ValueError):
                continue
            if "kept" in said and "wrote" not in said:
                through.add(f"read through {name!r}")
    return through | _changed(folder)


def _words(sandbox: Any, folder: Path) -> set[str]:
    """Every value in every template, bound as words and as shell text: nothing in it is ever executed."""
    work, _ = _world(folder)
    lines: list[str] = []
    for template in TEMPLATES:
        for value in VALUES:
            try:
                lines.append(bind_shell(template, {"VALUE": value}))
            except (Unbindable, ValueError):
                continue
    for line in lines:
        (work / f"{len(list(work.iterdir())):04}.sh").write_text(line + "\n")
    _run(sandbox, work, "bash", "-c", "for s in *.sh; do bash $s >/dev/null 2>&1 </dev/null; done")
    through = {f"shell text: {line!r}" for line in lines if (work / "pwned").exists()}
    for value in VALUES:
        try:
            words = bind_argv(("echo", "VALUE", "a=VALUE"), {"VALUE": value})
        except (Unbindable, ValueError):
            continue
        if "\0" not in value and _run(sandbox, work, *words).stdout.decode() != f"{value} a={value}\n":
            through.add(f"words: {value!r}")
    return (through if (work / "pwned").exists() else {t for t in through if t.startswith("words")}) | _changed(folder)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
