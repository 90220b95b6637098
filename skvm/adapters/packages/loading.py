"""Is what was unpacked of use? Modules are imported and programs started, in the sandbox, without network."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from skvm.adapters.packages.box import Box
from skvm.diag import EnvironmentFailure
from skvm.plan import LockedPackage
from skvm.ports import SandboxResult

LOAD_SECONDS = 120.0
"""For one package: the first import compiles, and some libraries are large."""

_ASIDE = re.compile(r"(?:tests?|docs?|examples?|benchmarks?|scripts?|tools)\Z")
_WORDS = re.compile(r"[A-Za-z_]\w*\Z")
_LINE = re.compile(r"(?m)^\S*(?:Error|Exception)\b.*$")
BROKEN = (126, 127)
"""Exit codes of a program that cannot be executed, or whose interpreter or libraries are not there."""


async def load_all(box: Box, packages: Iterable[LockedPackage]) -> dict[str, str]:
    """What was loaded of each package that was asked for; raises EnvironmentFailure for one that does not load."""
    done: dict[str, str] = {}
    for package in (p for p in packages if p.asked):
        box.say(f"loading {package.name} {package.version}")
        loaded = await (_python(box, package) if package.kind == "pip" else _node(box, package))
        done[f"{package.kind} {package.name}"] = loaded
    return done


async def _python(box: Box, package: LockedPackage) -> str:
    modules, programs = _contents(box.folder, package.name)
    python = str(box.folder / "bin" / "python")
    for module in modules:
        result = await _try(box, (python, "-I", "-c", "import importlib, sys; importlib.import_module(sys.argv[1])", module))
        if result.exit_code != 0:
            raise _unloaded(package, f"import {module}", result)
    if modules:
        return f"imported {', '.join(modules)}"
    return await _programs(box, package, [str(box.folder / "bin" / name) for name in programs[:1]])


async def _node(box: Box, package: LockedPackage) -> str:
    place = box.folder / "node_modules" / package.name
    about: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        about = json.loads((place / "package.json").read_bytes())
    if about.get("bin"):
        names = [package.name.rpartition("/")[2]] if isinstance(about["bin"], str) else sorted(about["bin"])
        return await _programs(box, package, [str(box.folder / "node_modules" / ".bin" / n) for n in names[:1]])
    if not (about.get("main") or about.get("exports") or about.get("module") or (place / "index.js").exists()):
        return "unpacked; nothing to load"
    program = (
        f"import({json.dumps(package.name)}).then(() => process.exit(0), e => {{ console.error(String(e)); process.exit(1) }})"
    )
    result = await _try(box, ("node", "-e", program))
    if result.exit_code != 0:
        raise _unloaded(package, f"import {package.name}", result)
    return f"imported {package.name}"


async def _programs(box: Box, package: LockedPackage, programs: list[str]) -> str:
    for program in programs:
        result = await _try(box, (program, "--version"))
        if not starts(result):
            raise _unloaded(package, f"{Path(program).name} --version", result)
        return f"started {Path(program).name}"
    return "unpacked; nothing to load"


async def _try(box: Box, argv: tuple[str, ...]) -> SandboxResult:
    return await box.run(argv, {"PYTHONDONTWRITEBYTECODE": "1"}, seconds=LOAD_SECONDS, write=(box.scratch,))


def starts(result: SandboxResult) -> bool:
    """Did a program get as far as its own code? What it thinks of `--version` does not matter."""
    return not result.reason and result.exit_code not in BROKEN


def _unloaded(package: LockedPackage, what: str, result: SandboxResult) -> EnvironmentFailure:
    text = (result.stderr + b"\n" + result.stdout).decode("utf-8", "replace")
    lines = _LINE.findall(text) or [line for line in text.splitlines() if line.strip()] or ["it said nothing"]
    why = {"timeout": "it took too long", "memory": "it ran out of memory"}.get(result.reason, lines[-1].strip()[:200])
    help = f"leave it out with --without {package.name}"
    return EnvironmentFailure(f"{package.name} {package.version} does not load ({what}): {why}", help=help)


def _contents(folder: Path, name: str) -> tuple[list[str], list[str]]:
    """Modules and programs of a distribution, by the list of its files."""
    for record in sorted((folder / "lib").glob("python*/site-packages/*.dist-info/RECORD")):
        if _normal(record.parent.name.removesuffix(".dist-info").rsplit("-", 1)[0]) == name:
            with record.open(encoding="utf-8", newline="") as file:
                paths = [row[0] for row in csv.reader(file) if row]
            return _modules(paths, name), sorted(p.rpartition("/")[2] for p in paths if "../bin/" in p)
    return [], []


def _modules(paths: list[str], name: str) -> list[str]:
    """Top modules: the one called like the distribution where there is one, else all that are meant to be imported."""
    found: dict[str, int] = {}
    for path in paths:
        parts = path.split("/")
        if parts[-1] == "__init__.py":
            parts = parts[:-1]
        elif len(parts) == 1 and (parts[0].endswith(".py") or ".cpython-" in parts[0] or parts[0].endswith(".abi3.so")):
            parts = [parts[0].split(".")[0]]
        else:
            continue
        if all(_WORDS.match(part) and not part.startswith("_") and not _ASIDE.match(part) for part in parts):
            found[".".join(parts)] = len(parts)
    tops = [m for m in found if not any(m.startswith(f"{other}.") for other in found)]
    same = [m for m in tops if _normal(m) == name]
    return sorted(same or tops)[:4]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
