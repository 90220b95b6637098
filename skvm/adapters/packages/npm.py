"""Packages of npm: resolved and unpacked with their install scripts switched off, so that no code of theirs runs meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from skvm.adapters.packages.box import Box, failure
from skvm.adapters.packages.reach import Hosts
from skvm.adapters.packages.sources import host_of
from skvm.diag import EnvironmentFailure
from skvm.plan import EnvironmentNeed, LockedPackage

_NAME = re.compile(r"(?a)(?:@[A-Za-z0-9~][A-Za-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~-]*\Z")
_VERSION = re.compile(r"(?a)[0-9A-Za-z.^~<>=|* +-]*\Z")
_KEPT = (
    "dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta", "bin", "engines", "os", "cpu", "libc",
    "optional", "peer", "hasInstallScript", "name", "link",
)  # fmt: skip
_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel", "error", "--fetch-retries", "1")


async def resolve_npm(box: Box, needs: Sequence[EnvironmentNeed]) -> tuple[LockedPackage, ...]:
    """Exact packages with integrity that answer the needs; raises EnvironmentFailure where there are none."""
    box.say(f"resolving {len(needs)} npm packages")
    asked: dict[str, str] = {}
    for need in needs:
        if _NAME.match(need.name) is None or _VERSION.match(need.version) is None:
            said = f"{need.name}@{need.version}".rstrip("@")
            raise EnvironmentFailure(f"{said!r} is no package of npm", help="leave it out with --without")
        asked[need.name] = need.version or "latest"
    folder = box.scratch / "npm"
    folder.mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "prefix", "private": True, "dependencies": asked}))
    await _npm(box, ("install", "--package-lock-only", "--prefix", str(folder), *_QUIET))
    rows = json.loads((folder / "package-lock.json").read_bytes())["packages"]
    return tuple(_locked(at, row, asked) for at, row in sorted(rows.items()) if at)


def _locked(at: str, row: dict[str, Any], asked: dict[str, str]) -> LockedPackage:
    name = at.rpartition("node_modules/")[2]
    return LockedPackage(
        kind="npm",
        name=name,
        version=str(row.get("version", "")),
        hashes=tuple(str(row.get("integrity", "")).split()),
        asked=at == f"node_modules/{name}" and name in asked,
        at=at,
        tree={key: row[key] for key in _KEPT if key in row},
    )


async def install_npm(box: Box, packages: Iterable[LockedPackage]) -> None:
    """Put the packages into `node_modules` of the box's folder; raises EnvironmentFailure."""
    rows = tuple(packages)
    box.say(f"installing {len(rows)} npm packages")
    asked = {p.name: p.version for p in rows if p.asked}
    root = {"name": "prefix", "dependencies": asked}
    tree = {p.at: {"version": p.version, "integrity": " ".join(p.hashes), **p.tree} for p in rows}
    lock = {"name": "prefix", "lockfileVersion": 3, "requires": True, "packages": {"": root, **tree}}
    (box.folder / "package.json").write_text(json.dumps({**root, "private": True}, indent=1))
    (box.folder / "package-lock.json").write_text(json.dumps(lock, indent=1))
    await _npm(box, ("ci", "--prefix", str(box.folder), *_QUIET))


async def _npm(box: Box, words: tuple[str, ...]) -> None:
    reach = list(box.sources.npm_hosts)
    if box.sources.default_npm:
        told = await box.run(("npm", "config", "get", "registry"), {"npm_config_userconfig": "/dev/null"}, seconds=60.0)
        if told.exit_code != 0:
            raise EnvironmentFailure("npm does not start", help="e.g. `apt-get install nodejs npm`")
        reach.append(host_of(told.stdout.decode("utf-8", "replace").strip()))
    env = {**box.sources.npm, "npm_config_userconfig": "/dev/null", "npm_config_cache": str(box.scratch / "npm-cache")}
    hosts = Hosts([*reach, *box.sources.extra])
    result = await box.run(("npm", *words), env, hosts=hosts, read=box.sources.read)
    if result.exit_code != 0:
        raise failure("npm", result, hosts)
