"""The tools of a step without a sandbox: the runtime's own file tools, and scripts of a skill run in this process."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

from skvm.ir import EffectClass
from skvm.plan import CallRecord
from skvm.runtime.tools import files
from skvm.runtime.tools.commands import SYSTEM_PATH
from skvm.runtime.tools.shell import to_skill
from skvm.runtime.tools.specs import EFFECTS
from skvm.runtime.work.confined import Confined, Refused
from skvm.runtime.work.snapshot import changed, take


class Machine:
    """One work folder, emptied for every request, beside one skill. Scripts are the bench's own, so no sandbox is needed."""

    def __init__(self, skill: Path, work: Path, env: dict[str, str]) -> None:
        self.skill, self.work, self.env = skill, work, env
        self._bundle = frozenset(p.relative_to(skill).as_posix() for p in skill.rglob("*") if p.is_file())
        work.mkdir(parents=True, exist_ok=True)
        self._places = files.Places(Confined(work), Confined(skill), Confined(work), self._bundle)
        self._code: dict[str, types.CodeType] = {}

    def prepare(self, given: dict[str, bytes]) -> None:
        """Nothing in the folder but these files."""
        for root, folders, names in os.walk(self.work, topdown=False):
            for name in names:
                os.unlink(os.path.join(root, name))
            for name in folders:
                os.rmdir(os.path.join(root, name))
        for name, data in given.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def run(self, tool: str, args: dict[str, Any]) -> tuple[CallRecord, list[str]]:
        """The record of a call and the files it wrote."""
        before = take(self.work)
        record = self._command(args["command"]) if tool == "execute_command" else self._file_tool(tool, args)
        return record, changed(self.work, before)

    def _file_tool(self, tool: str, args: dict[str, Any]) -> CallRecord:
        try:
            text, ok = getattr(files, tool)(self._places, **args), True
        except (files.ToolFailure, Refused) as error:
            text, ok = f"error: {error}", False
        except OSError as error:
            text, ok = f"error: {error.strerror or error}", False
        return CallRecord(tool=tool, args=args, result=text, ok=ok, effect=EFFECTS[tool].value)

    def _command(self, command: str) -> CallRecord:
        code, out, err = self._program(shlex.split(command))
        parts = [f"exit code: {code}", *(f"{n}:\n{t.rstrip()}" for n, t in (("stdout", out), ("stderr", err)) if t.strip())]
        return CallRecord(
            tool="execute_command",
            args={"command": command},
            result="\n".join(parts),
            ok=code == 0,
            exit_code=code,
            stdout=out,
            effect=EffectClass.EFFECTFUL.value,
        )

    def _program(self, argv: list[str]) -> tuple[int, str, str]:
        if len(argv) < 2 or not argv[1].startswith("scripts/"):
            path = {**os.environ, "PATH": SYSTEM_PATH}  # programs of the sandbox, whatever comes first outside of it
            done = subprocess.run(argv, capture_output=True, text=True, cwd=self.work, check=False, env=path)
            return done.returncode, done.stdout, done.stderr
        argv = [to_skill(word, self._bundle, lambda p: (self.work / p).exists(), str(self.skill)) for word in argv]
        path = argv[1]
        if path not in self._code:
            self._code[path] = compile(Path(path).read_text(encoding="utf-8"), path, "exec")
        out, err = io.StringIO(), io.StringIO()
        with self._as_program(path, argv[2:]), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _ended(self._code[path])
        return code, out.getvalue(), err.getvalue()

    @contextlib.contextmanager
    def _as_program(self, path: str, args: list[str]) -> Any:
        kept = sys.argv, sys.path[:], Path.cwd(), dict(os.environ)
        sys.argv, sys.path[0:0] = [path, *args], [str(Path(path).parent)]
        os.chdir(self.work)
        os.environ.update(self.env)
        try:
            yield
        finally:
            sys.argv, sys.path[:] = kept[0], kept[1]
            os.chdir(kept[2])
            os.environ.clear()
            os.environ.update(kept[3])


def _ended(code: types.CodeType) -> int:
    """Exit code of a script; a failure of it is one, and tells no paths."""
    try:
        exec(code, {"__name__": "__main__", "__file__": code.co_filename, "__doc__": ""})
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0
