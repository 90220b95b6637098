"""Trying what a skill needs: programs are started and modules imported, in the sandbox, as its steps would find them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import anyio

from skvm.adapters.packages.loading import starts
from skvm.app.environment import Prefix
from skvm.app.sandbox import passing_folder
from skvm.plan import EnvironmentNeed
from skvm.ports import Sandbox, SandboxGrants, SandboxLimits, SandboxRequest, SandboxResult
from skvm.runtime.preflight import State, satisfies
from skvm.runtime.tools.commands import PYTHONS, step_path, step_python

AT_ONCE = 4
SECONDS = 30.0
"""For one program to tell its version; one that takes longer is not told to be missing."""

Tried = dict[tuple[str, str], tuple[State, str]]

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")
_IMPORT = """
import importlib, json, sys
from importlib import metadata
out = {}
try:
    found = metadata.distribution(sys.argv[1])
    out["version"] = found.version
    names = (found.read_text("top_level.txt") or "").split()
    names = names or sorted({f.parts[0].removesuffix(".py") for f in found.files or () if f.suffix == ".py"})
    names = [n for n in names if n.isidentifier() and not n.startswith("_")][:3]
    for name in names:
        importlib.import_module(name)
    out["imported"] = names
except metadata.PackageNotFoundError:
    out["absent"] = True
except BaseException as error:
    out["error"] = f"{type(error).__name__}: {error}"[:200]
sys.__stdout__.write("\\n" + json.dumps(out) + "\\n")
sys.__stdout__.flush()
"""


@dataclass(frozen=True)
class Bench:
    """The sandbox, a folder to work in, and the prefix whose programs and modules come first."""

    sandbox: Sandbox
    work: Path
    prefix: Path | None

    async def run(self, argv: tuple[str, ...]) -> SandboxResult:
        """Run a program as a step would: same PATH, same bounds, nothing of the skill."""
        request = SandboxRequest(
            argv=argv,
            cwd=self.work,
            grants=SandboxGrants(work=self.work, read=(self.prefix,) if self.prefix else ()),
            env={"PATH": ":".join(step_path(self.prefix)), "HOME": str(self.work), "LANG": "C.UTF-8", "NO_COLOR": "1"},
            limits=SandboxLimits(wall=SECONDS, cpu=SECONDS, output=16 * 1024),
        )
        return await self.sandbox.run(request)


async def try_needs(needs: Iterable[EnvironmentNeed], sandbox: Sandbox, prefix: Prefix | None) -> Tried:
    """State and detail of every executable and package among the needs."""
    tried: Tried = {}
    lane = anyio.CapacityLimiter(AT_ONCE)
    with passing_folder("try") as folder:
        bench = Bench(sandbox, Path(folder), prefix.folder if prefix else None)

        async def one(need: EnvironmentNeed) -> None:
            async with lane:
                tried[need.kind, need.name] = await _try(need, bench, prefix)

        async with anyio.create_task_group() as group:
            for need in needs:
                if need.kind in ("bin", "pip", "npm"):
                    group.start_soon(one, need)
    return tried


async def _try(need: EnvironmentNeed, bench: Bench, prefix: Prefix | None) -> tuple[State, str]:
    if need.kind == "bin":
        return await _program(need.name, bench)
    built = _built(need, prefix)
    if built is not None or need.kind == "npm":
        return built or ("missing", "not in a prefix of this skill")
    return await _distribution(need, bench)


def _built(need: EnvironmentNeed, prefix: Prefix | None) -> tuple[State, str] | None:
    """What a prefix holds was loaded when it was built."""
    name = f"{need.kind} {re.sub(r'[-_.]+', '-', need.name).lower() if need.kind == 'pip' else need.name}"
    if prefix is None or name not in prefix.versions:
        return None
    loaded = prefix.loaded.get(name, "unpacked")
    return "present", f"version {prefix.versions[name]}, {loaded} in the isolated prefix"


async def _program(name: str, bench: Bench) -> tuple[State, str]:
    path = step_python(bench.prefix) if name in PYTHONS else shutil.which(name, path=":".join(step_path(bench.prefix)))
    if path is None:
        outside = shutil.which(name)
        if outside is not None:
            return "missing", f"only at {outside}, where steps in the sandbox do not look"
        return "missing", "not on the PATH of steps"
    result = await bench.run((path, "--version"))
    if result.reason == "timeout":
        return "unknown", f"{path}, did not tell its version within {SECONDS:g} s"
    if not starts(result):
        return "missing", f"{path} does not start: {_last(result)}"
    version = _VERSION.search((result.stdout + b"\n" + result.stderr).decode("utf-8", "replace"))
    return "present", f"{path}, version {version.group()}" if version and result.exit_code == 0 else path


async def _distribution(need: EnvironmentNeed, bench: Bench) -> tuple[State, str]:
    result = await bench.run((step_python(bench.prefix), "-c", _IMPORT, need.name))
    lines = result.stdout.decode("utf-8", "replace").strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else {}
    except ValueError:
        told = {}
    if told.get("absent"):
        return "missing", "not installed for the Python of steps"
    if "imported" not in told:
        return "missing", f"installed, but does not load: {told.get('error') or _last(result)}"
    if need.version and not satisfies(told["version"], need.version):
        return "missing", f"version {told['version']} is installed"
    return "present", f"version {told['version']}, imported {', '.join(told['imported']) or 'nothing'}"


def _last(result: SandboxResult) -> str:
    lines = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:200] if lines else result.reason or f"exit code {result.exit_code}"
