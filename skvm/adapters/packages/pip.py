"""Python distributions: resolved, fetched and unpacked by pip, wheels only, so that no code of theirs runs meanwhile."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from skvm.adapters.packages.box import Box, failure
from skvm.adapters.packages.reach import Hosts
from skvm.adapters.packages.sources import host_of
from skvm.diag import EnvironmentFailure
from skvm.plan import EnvironmentNeed, LockedPackage
from skvm.plan.environment import split_extras

_ABOUT = """
import glob, json, os, sys, sysconfig
try:
    import pip
    place = os.path.dirname(pip.__file__)
except ImportError:
    import ensurepip
    place = sorted(glob.glob(os.path.join(os.path.dirname(ensurepip.__file__), "_bundled", "pip-*.whl")))[-1]
    sys.path.insert(0, place)
    place = os.path.join(place, "pip")
from pip._internal.models.index import PyPI
print(json.dumps([place, sysconfig.get_python_version(), sysconfig.get_platform(), PyPI.simple_url, PyPI.file_storage_domain]))
"""
_QUIET = ("--no-input", "--disable-pip-version-check", "--no-cache-dir", "--retries", "1", "--timeout", "20", "-q")
_NAME = re.compile(r"(?a)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_CLAUSE = r"(?:===?|>=|<=|!=|~=|<|>)\s*[0-9A-Za-z.*+!_-]+"
_CLAUSES = re.compile(rf"(?a){_CLAUSE}(?:\s*,\s*{_CLAUSE})*\Z")
_RELEASE = (Path("/etc/debian_version"), Path("/etc/lsb-release"))
"""What pip reads to say which system it runs on, and does not start without where it is there but may not be read."""

_NO_WHEEL = re.compile(r"No matching distribution found for (\S+)")
_EXACT = re.compile(r"(?a)[@=v]*([0-9][0-9A-Za-z.+!_-]*)\Z")


@dataclass(frozen=True)
class Interpreter:
    """The Python that a prefix is made of. `pip`: what runs as pip; `index`, `storage`: its own index and host of files."""

    program: Path
    pip: str
    python: str
    platform: str
    index: str
    storage: str


async def interpreter(box: Box) -> Interpreter:
    """The interpreter that runs us, asked in the sandbox; raises EnvironmentFailure when it has no pip."""
    program = _running()
    result = await box.run((str(program), "-I", "-c", _ABOUT), seconds=60.0)
    if result.exit_code != 0:
        raise EnvironmentFailure(
            "this Python has neither pip nor ensurepip", where=str(program), help="e.g. `apt-get install python3-venv`"
        )
    return Interpreter(program, *json.loads(result.stdout))


def _running() -> Path:
    return Path(sys.executable).resolve()


def requirement(name: str, version: str) -> str:
    """The need as pip is told it; raises EnvironmentFailure for a name or version that pip has no word for."""
    if _NAME.match(name) is None:
        raise EnvironmentFailure(f"{name!r} is no name of a distribution", help="leave it out with --without")
    extras, clauses = split_extras(version)
    exact = _EXACT.match(clauses)
    if exact is not None:
        return f"{name}{extras}=={exact.group(1)}"
    if clauses and _CLAUSES.match(clauses) is None:
        raise EnvironmentFailure(f"{name}: {version!r} is no version of a distribution", help="leave it out with --without")
    return f"{name}{extras}{clauses}"


async def resolve_pip(box: Box, python: Interpreter, needs: Sequence[EnvironmentNeed]) -> tuple[LockedPackage, ...]:
    """Exact distributions with hashes that answer the needs; raises EnvironmentFailure where there are none."""
    box.say(f"resolving {len(needs)} Python packages")
    scratch = box.scratch
    (scratch / "wanted.txt").write_text("".join(f"{requirement(n.name, n.version)}\n" for n in needs), encoding="utf-8")
    report = scratch / "report.json"
    options = ("--dry-run", "--ignore-installed", "--only-binary", ":all:", "--report", str(report))
    result = await _pip(box, python, ("install", *options, *_QUIET, "-r", str(scratch / "wanted.txt")))
    if result is not None:
        raise result
    rows = json.loads(report.read_bytes())["install"]
    return tuple(sorted((_locked(row) for row in rows), key=lambda p: p.name))


def _locked(row: dict[str, Any]) -> LockedPackage:
    info = row["download_info"]
    hashes = info.get("archive_info", {}).get("hashes", {})
    digest = hashes.get("sha256") or _digest_of(info["url"])
    return LockedPackage(
        kind="pip",
        name=re.sub(r"[-_.]+", "-", row["metadata"]["name"]).lower(),
        version=row["metadata"]["version"],
        hashes=(f"sha256:{digest}",) if digest else (),
        file=unquote(urlsplit(info["url"]).path.rpartition("/")[2]),
        asked=bool(row.get("requested")),
    )


def _digest_of(address: str) -> str:
    """sha256 of a local file; pip gives none for files that are not from an index."""
    parts = urlsplit(address)
    if parts.scheme != "file":
        return ""
    try:
        with Path(unquote(parts.path)).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


async def install_pip(box: Box, python: Interpreter, packages: Iterable[LockedPackage]) -> None:
    """Make the folder of the box an isolated interpreter with these distributions; raises EnvironmentFailure."""
    rows = tuple(packages)
    result = await box.run((str(python.program), "-I", "-m", "venv", "--without-pip", str(box.folder)), seconds=120.0)
    if result.exit_code != 0:
        raise failure("venv", result)
    if not rows:
        return
    box.say(f"installing {len(rows)} Python packages")
    hashed = all(p.hashes for p in rows)
    lines = (f"{p.name}=={p.version}{''.join(f' --hash={h}' for h in p.hashes if hashed)}\n" for p in rows)
    (box.scratch / "locked.txt").write_text("".join(lines), encoding="utf-8")
    options = ("--no-deps", "--only-binary", ":all:", "--no-warn-script-location", *(("--require-hashes",) if hashed else ()))
    where = ("--python", str(box.folder / "bin" / "python"))
    problem = await _pip(box, python, (*where, "install", *options, *_QUIET, "-r", str(box.scratch / "locked.txt")))
    if problem is not None:
        raise problem
    for place in (box.folder / "bin").iterdir():
        if not place.is_symlink():
            place.chmod(0o755)  # a sandbox may have kept pip from doing it


async def _pip(box: Box, python: Interpreter, words: tuple[str, ...]) -> EnvironmentFailure | None:
    sources = box.sources
    own = host_of(python.index)
    reach = [*sources.pip_hosts, *([own] if sources.default_pip else [])]
    if own in reach:
        reach.append(host_of(f"https://{python.storage}"))
    if not reach and not sources.read:
        return EnvironmentFailure("no package index is named", help="set PIP_INDEX_URL or PIP_FIND_LINKS")
    reach += sources.extra if reach else ()
    env = {**sources.pip, "PIP_CONFIG_FILE": "/dev/null"}
    argv = (str(python.program), "-I", python.pip, *words)
    hosts = Hosts(reach) if reach else None
    result = await box.run(argv, env, hosts=hosts, read=(*sources.read, *_RELEASE))
    return _told(failure("pip", result, hosts)) if result.exit_code != 0 else None


def _told(problem: EnvironmentFailure) -> EnvironmentFailure:
    """pip speaks of no distribution where there are only sources, which it is told not to build."""
    found = _NO_WHEEL.search(problem.message)
    if found is None:
        return problem
    name = re.split(r"[^\w.-]", found[1])[0]
    return EnvironmentFailure(
        f"there is no wheel of {found[1]} for this Python, or no such version; sources are not built, since that runs them",
        help=f"name a folder with a wheel of it in PIP_FIND_LINKS, or leave it out with --without {name}",
    )
