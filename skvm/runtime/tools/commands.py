"""Commands in the sandbox: environment, grants, output."""

from __future__ import annotations

import inspect
import os
import shlex
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import anyio

from skvm.diag import SandboxError
from skvm.plan.policy import Policy
from skvm.ports import Keeping, Reach, Sandbox, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult
from skvm.runtime.api import SandboxSource
from skvm.runtime.state.redact import Redactor
from skvm.runtime.threads import in_thread
from skvm.runtime.tools.files import MAX_RESULT, SPILL_PREFIX
from skvm.runtime.tools.shell import needs_shell, to_skill
from skvm.runtime.work.workspace import Workspace

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND_SECONDS = 600.0
MEBI = 1024**2
PYTHONS = ("python", "python3")


@dataclass(frozen=True)
class CommandResult:
    """`text` is what the model sees; `stdout` bounded; `reason` as of the sandbox."""

    exit_code: int
    text: str
    stdout: str
    reason: str
    seconds: float


class Commands:
    """Runs the commands of one run. The sandbox is chosen when the first command (or guard) asks for it."""

    def __init__(
        self,
        space: Workspace,
        source: SandboxSource,
        redactor: Redactor,
        prefix: Path | None,
        policy: Policy,
    ) -> None:
        self._policy = policy
        self._space = space
        self._source = source
        self._redactor = redactor
        self._sandbox: Sandbox | None = None
        self._choosing = anyio.Lock()
        self._spilled = max((int(p.stem) for p in space.spill.glob("*.txt") if p.stem.isdecimal()), default=0)
        self._lane = anyio.CapacityLimiter(max(2, os.cpu_count() or 1))
        self._bin = _interpreter(space.folder / "bin", prefix)
        self._prefix = prefix
        # The prefix comes before the links: an interpreter finds the packages of its prefix by the path it is called by.
        self._path = ":".join((*prefix_path(prefix), str(self._bin), SYSTEM_PATH))

    def beside(self, space: Workspace) -> Commands:
        """Commands of another skill in the same run: the same sandbox, prefix and lane, other files."""
        other = Commands(space, self.sandbox, self._redactor, self._prefix, self._policy)
        other._lane = self._lane
        return other

    async def sandbox(self) -> Sandbox:
        """The sandbox of this run; raises SandboxError where there is none."""
        async with self._choosing:
            if self._sandbox is None:
                self._sandbox = await _choose(self._source)
        return self._sandbox

    def words(self, command: str | tuple[str, ...]) -> tuple[str, ...]:
        """argv of a command: split without a shell where none is needed, else through bash; skill files found."""
        skill, here = str(self._space.skill), self._here
        if not isinstance(command, str):
            return tuple(to_skill(word, self._space.bundle, here, skill) for word in command)
        if needs_shell(command):
            quoted = skill if skill == shlex.quote(skill) else "${SKILL_DIR}"
            return ("bash", "-c", to_skill(command, self._space.bundle, here, quoted))
        return tuple(to_skill(word, self._space.bundle, here, skill) for word in shlex.split(command))

    async def run(
        self,
        command: str | tuple[str, ...],
        env: dict[str, str],
        reach: Reach | None = None,
        seconds: float | None = None,
        write: tuple[Path, ...] | None = None,
        warm: bool = False,
    ) -> CommandResult:
        """Run one command in the work folder, of which it may write only `write` when that is given. It has a network only
        with `reach`. `warm`: others like it may follow.

        Raises SandboxError when the sandbox itself fails.
        """
        sandbox = await self.sandbox()
        self._spilled += 1
        spill = self._space.spill / f"{self._spilled:04}.txt"
        wall = min(x for x in (COMMAND_SECONDS, seconds, self._policy.limits.command_seconds) if x is not None)
        request = SandboxRequest(
            argv=self.words(command),
            cwd=self._space.work,
            grants=SandboxGrants(
                work=self._space.work,
                read=self._readable(),
                write=write,
                skill=self._space.skill,
                programs=self._policy.executables,
            ),
            env={**self._environment(), **env},
            limits=self._limits(wall),
            spill=spill,
            reach=reach,
            warm=warm,
        )
        async with self._lane:
            result = await sandbox.run(request)
        await in_thread(self._settle_spill, spill, result)
        return self._result(result, spill)

    def close(self) -> None:
        """Nothing runs any more: let go of what the sandbox keeps for the work folder."""
        sandbox: object = self._sandbox
        if isinstance(sandbox, Keeping):
            sandbox.rest(self._space.work)

    def _limits(self, wall: float) -> SandboxLimits:
        usual, own = SandboxLimits(), self._policy.limits
        return SandboxLimits(
            wall=max(0.05, wall),
            output=MAX_RESULT,
            memory=min(usual.memory, (own.memory_mb or usual.memory) * MEBI),
            file=min(usual.file, (own.file_mb or usual.file) * MEBI),
            processes=min(usual.processes, own.processes or usual.processes),
        )

    def _result(self, result: SandboxResult, spill: Path) -> CommandResult:
        clean = self._redactor.cut if result.truncated else self._redactor.text
        stdout, stderr = (clean(data.decode("utf-8", "replace")) for data in (result.stdout, result.stderr))
        parts = [f"exit code: {result.exit_code}" + (f" ({_WHY[result.reason]})" if result.reason in _WHY else "")]
        parts += [f"note: {note}" for note in result.notes]
        parts += [f"{name}:\n{text.rstrip()}" for name, text in (("stdout", stdout), ("stderr", stderr)) if text.strip()]
        if result.truncated:
            parts.append(f"[output cut; all of it: read_file {SPILL_PREFIX}{spill.name}]")
        return CommandResult(result.exit_code, "\n".join(parts), stdout, result.reason, result.seconds)

    def _settle_spill(self, spill: Path, result: SandboxResult) -> None:
        """Keep the full output only where it says more than the result; never with a secret in it."""
        if not result.truncated:
            spill.unlink(missing_ok=True)
        else:
            self._redactor.file(spill)

    def _environment(self) -> dict[str, str]:
        modules = self._prefix / "node_modules" if self._prefix else None
        node = {"NODE_PATH": str(modules)} if modules is not None and modules.is_dir() else {}
        return {
            **node,
            "PATH": self._path,
            "HOME": "/tmp",  # noqa: S108 - private to the sandbox
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SKILL_DIR": str(self._space.skill),
            "CLAUDE_SKILL_DIR": str(self._space.skill),
        }

    def _readable(self) -> tuple[Path, ...]:
        own = [self._bin] if self._bin.is_dir() else []
        real = (self._bin / PYTHONS[0]).resolve() if own else None
        if real is not None and not str(real).startswith(("/usr/", "/bin/")):
            own.append(real.parent.parent)
        return tuple(own + ([self._prefix] if self._prefix else []))

    def _here(self, path: str) -> bool:
        return (self._space.work / path).exists()


_WHY = {
    "timeout": "ended at its time limit",
    "memory": "ended at its memory limit",
    "output": "ended at its output limit",
    "not_found": "no such command",
}


async def _choose(source: SandboxSource) -> Sandbox:
    if source is None:
        raise SandboxError("commands need a sandbox and none is given")
    if isinstance(source, Sandbox):
        return source
    chosen = source()
    return await chosen if inspect.isawaitable(chosen) else chosen


def prefix_path(prefix: Path | None) -> tuple[str, ...]:
    """Where the programs of a prefix lie."""
    return (str(prefix / "bin"), str(prefix / "node_modules" / ".bin")) if prefix else ()


def step_path(prefix: Path | None) -> tuple[str, ...]:
    """Where steps look for programs: those of the prefix first."""
    return (*prefix_path(prefix), SYSTEM_PATH)


def step_python(prefix: Path | None) -> str:
    """What `python` means in a step: the interpreter of the prefix, of the system, or the one that runs us."""
    candidates: Iterable[str | None] = (
        str(prefix / "bin" / "python3") if prefix and (prefix / "bin" / "python3").exists() else None,
        shutil.which("python3", path=SYSTEM_PATH),
        os.path.realpath(sys.executable),
    )
    return next(c for c in candidates if c)


def _interpreter(folder: Path, prefix: Path | None) -> Path:
    """A folder where `python` and `python3` are the interpreter of steps."""
    target = step_python(prefix)
    folder.mkdir(exist_ok=True)
    for name in PYTHONS:
        link = folder / name
        if not link.is_symlink() or str(link.readlink()) != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    return folder
