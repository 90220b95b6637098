"""The environment of a skill: locked on request, built on request in the sandbox, found again by runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from skvm.adapters.packages import (
    Box,
    BuildLimits,
    Interpreter,
    Sources,
    install_npm,
    install_pip,
    interpreter,
    load_all,
    resolve_npm,
    resolve_pip,
    sources_of,
)
from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_source
from skvm.app.sandbox import passing_folder, sandbox_of
from skvm.app.settings import Settings
from skvm.diag import EnvironmentFailure, PlanError, UsageError
from skvm.ir import Frozen
from skvm.plan import (
    Artifact,
    EnvironmentLock,
    EnvironmentNeed,
    LockedPackage,
    load_environment_lock,
    parse_environment_lock,
    wanted_of,
)
from skvm.plan.environment import PACKAGES
from skvm.source import SkillSource
from skvm.store import Prefixes, folder_bytes

TARGET = "sim/strong"
"""What a skill needs does not depend on the target, but a plan has one."""


@dataclass(frozen=True)
class EnvironmentOptions:
    """`without`: names to leave out. `offline`: ask no index; the lock has names and no packages then."""

    without: tuple[str, ...] = ()
    offline: bool = False
    limits: BuildLimits = field(default_factory=BuildLimits)
    say: Callable[[str], None] = field(default=lambda text: None)


def build_limits(seconds: float, mebibytes: int) -> BuildLimits:
    """Bounds of a build."""
    return BuildLimits(seconds, mebibytes * 1024**2)


class Prefix(Frozen):
    """A built prefix. `key` of its lock; `size` in bytes; `loaded`: what was loaded of each package that was asked for."""

    key: str
    folder: Path
    size: int = 0
    loaded: dict[str, str] = {}
    versions: dict[str, str] = {}


def plan_of(source: SkillSource, settings: Settings) -> Artifact:
    """A plan of the skill, for what it says about the environment."""
    return compile_source(source, CompileOptions(target=TARGET), settings)


def lock_environment(artifact: Artifact, options: EnvironmentOptions, settings: Settings) -> EnvironmentLock:
    """Exact packages for all that a skill asks for, out of the user's indexes.

    Raises EnvironmentFailure where they do not have it or cannot be reached, UsageError for an unknown name in `without`.
    """
    needs = artifact.needs
    asked = _asked(needs, options.without)
    lock = EnvironmentLock(
        skill=artifact.source.name,
        wanted=wanted_of(needs),
        needs=needs,
        left_out=tuple(sorted(set(options.without))),
        resolved=not (asked and options.offline),
    )
    if not asked or options.offline:
        return lock.sealed()
    python, packages = anyio.run(_resolve, asked, options, settings)
    return lock.model_copy(update={"packages": packages, "python": python.python, "platform": python.platform}).sealed()


async def _resolve(
    asked: tuple[EnvironmentNeed, ...], options: EnvironmentOptions, settings: Settings
) -> tuple[Interpreter, tuple[LockedPackage, ...]]:
    sandbox = await sandbox_of(settings)
    with passing_folder("environment") as folder:
        box = Box(sandbox, Path(folder), _sources(settings), options.limits, options.say)
        python = await interpreter(box)
        npm, pip = (tuple(n for n in asked if n.kind == kind) for kind in PACKAGES)
        found = await resolve_npm(box, npm) if npm else ()
        return python, (*found, *(await resolve_pip(box, python, pip) if pip else ()))


def apply_environment(lock: EnvironmentLock, options: EnvironmentOptions, settings: Settings) -> Prefix | None:
    """The prefix of a lock, built where there is none yet; None for a lock without packages.

    Raises EnvironmentFailure where it cannot be built or loaded: then nothing is left behind.
    """
    if not lock.resolved:
        raise UsageError("the lock was made offline and has no packages", help="make it again without --offline")
    if not lock.packages:
        return None
    prefixes = Prefixes(settings.home)
    with prefixes.alone():
        if prefixes.find(lock.key) is None:
            with prefixes.building(lock.key) as (folder, receipt):
                receipt.update(anyio.run(_build, lock, folder.resolve(), options, settings))
        prefixes.remember(lock.wanted, lock.to_bytes())
    return _found(lock, settings)


async def _build(lock: EnvironmentLock, folder: Path, options: EnvironmentOptions, settings: Settings) -> dict[str, object]:
    import shutil

    sandbox = await sandbox_of(settings)
    box = Box(sandbox, folder, _sources(settings), options.limits, options.say)
    python = await interpreter(box)
    here = (python.python, python.platform)
    if here != (lock.python, lock.platform):
        said = f"the lock is for Python {lock.python} on {lock.platform}, this is {' on '.join(here)}"
        raise EnvironmentFailure(said, help="make it again with `skvm env SKILL --lock`")
    await install_pip(box, python, lock.of("pip"))
    if lock.of("npm"):
        await install_npm(box, lock.of("npm"))
    loaded = await load_all(box, lock.packages)
    shutil.rmtree(box.scratch, ignore_errors=True)
    return {"size": folder_bytes(folder), "loaded": loaded}


def lock_at_hand(artifact: Artifact, options: EnvironmentOptions, settings: Settings) -> EnvironmentLock:
    """The lock that was applied last for what the skill asks for, else a new one."""
    known = known_lock(artifact, settings)
    if known is not None and known.left_out == tuple(sorted(set(options.without))):
        return known
    return lock_environment(artifact, options, settings)


def known_lock(artifact: Artifact, settings: Settings) -> EnvironmentLock | None:
    """The lock that was applied last for what a plan asks for; None where there is none, or it is damaged."""
    wanted = wanted_of(artifact.needs)
    data = Prefixes(settings.home).lock_for(wanted) if wanted else None
    try:
        return parse_environment_lock(data, "the state folder") if data else None
    except PlanError:
        return None


def prefix_of(artifact: Artifact, settings: Settings) -> Prefix | None:
    """The prefix that is there for a plan; None where none was built."""
    lock = known_lock(artifact, settings)
    return _found(lock, settings) if lock is not None else None


def folder_for(artifact: Artifact, build: bool, say: Callable[[str], None], settings: Settings) -> Path | None:
    """The prefix for a run of a plan, built first when `build`; None, and a word about it, where there is none."""
    found = prefix_of(artifact, settings)
    if found is None and build:
        options = EnvironmentOptions(say=say)
        found = apply_environment(lock_at_hand(artifact, options, settings), options, settings)
    if found is None:
        say("packages that the skill asks for are not built: `skvm env SKILL --apply` does it, or --build here")
    return found.folder if found is not None else None


def _found(lock: EnvironmentLock, settings: Settings) -> Prefix | None:
    found = Prefixes(settings.home).find(lock.key)
    if found is None:
        return None
    folder, receipt = found
    versions = {f"{p.kind} {p.name}": p.version for p in lock.packages}
    return Prefix(key=lock.key, folder=folder, size=receipt.get("size", 0), loaded=receipt.get("loaded", {}), versions=versions)


def _sources(settings: Settings) -> Sources:
    return sources_of(settings.variables, Path.cwd())


def _asked(needs: Iterable[EnvironmentNeed], without: tuple[str, ...]) -> tuple[EnvironmentNeed, ...]:
    rows = tuple(n for n in needs if n.kind in PACKAGES)
    unknown = sorted(set(without) - {n.name for n in rows})
    if unknown:
        known = ", ".join(n.name for n in rows) or "none"
        raise UsageError(f"--without {unknown[0]}: the skill asks for no such package", help=f"it asks for: {known}")
    return tuple(n for n in rows if n.name not in without)


def answer(
    source: SkillSource, options: EnvironmentOptions, settings: Settings, given: Path | None, *, fresh: bool
) -> EnvironmentLock:
    """The lock for a skill: the one in a file where that is named, a new one when `fresh`, else the one that is at hand.

    Raises PlanError for a file that locks something else than the skill asks for.
    """
    artifact = plan_of(source, settings)
    if given is None:
        return lock_environment(artifact, options, settings) if fresh else lock_at_hand(artifact, options, settings)
    lock = load_environment_lock(given)
    if lock.wanted != wanted_of(artifact.needs):
        help = "make it again with `skvm env SKILL --lock`"
        raise PlanError(f"the lock is not for what {source.name} asks for now", where=str(given), help=help)
    return lock
