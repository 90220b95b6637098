"""Locking: what a plan was made from, in one file, and whether it would come out again.

A lock names skill, toolchain, profiles, pool, limits, plan, the variant that runs in its place where one was accepted, the code
of its solidified steps and the lock of its environment by digest. It holds no time and no place of this machine: skills and
files are named as seen from the folder of the lock.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from skvm.app.active import active_plan
from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_request, request_of
from skvm.app.evidence import with_book
from skvm.app.inputs import SkillInput
from skvm.app.plans import parts_of
from skvm.app.settings import Settings
from skvm.diag import PlanError, UsageError
from skvm.ir import Frozen, digest_json
from skvm.plan import Artifact, Limits, SolidState, StepNode, load_environment_lock, wanted_of
from skvm.store import open_store

NAME = "skvm.lock"
SCHEMA = 3

VARIANT = "plan that runs"
"""How a change of the variant that runs is called among what changed."""


class LockedEnvironment(Frozen):
    """The lock of an environment: where it lies, its digest, and the digest of the packages that it answers."""

    path: str
    digest: str
    wanted: str


class Locked(Frozen):
    """One skill. `made_from`: digest or text by name, see `plans.parts_of`. `runs`: digest of the variant that `skvm run` takes
    in the place of `plan`, empty where it takes that one. `solidified`: digest of the code by step, steps of other skills
    behind the name of theirs. `environment` is None where no lock of it was named."""

    path: str
    name: str
    target: str
    pool: tuple[str, ...] = ()
    limits: Limits = Limits()
    passes: str | None = None
    plan: str
    runs: str = ""
    made_from: dict[str, str]
    solidified: dict[str, str] = {}
    environment: LockedEnvironment | None = None


class Lock(Frozen):
    """A lock file."""

    format: Literal["skvm/lock"] = "skvm/lock"
    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    skills: tuple[Locked, ...]

    def to_bytes(self) -> bytes:
        """As written: sorted keys, one value a line, so that a diff can be read."""
        return (json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, sort_keys=True) + "\n").encode("utf-8")


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


@dataclass(frozen=True)
class Compared:
    """One locked skill now. `plan_same`: the same plan comes out. `changed`: what it is made from that is not the same, or
    `plan` where only that is another. `runs`: the variant that runs now, empty for the plan."""

    locked: Locked
    plan_same: bool
    changed: tuple[str, ...]
    runs: str = ""

    def to_json(self) -> dict[str, Any]:
        """For `--format json`."""
        return {
            "path": self.locked.path,
            "name": self.locked.name,
            "plan": self.locked.plan,
            "locked_to_run": self.locked.runs or self.locked.plan,
            "runs": self.runs or self.locked.plan,
            "plan_same": self.plan_same,
            "changed": list(self.changed),
            "help": self.help(),
        }

    def help(self) -> str:
        """What to do about another plan that runs; empty where it is the locked one."""
        if VARIANT not in self.changed:
            return ""
        name, target = self.locked.name, self.locked.target
        back = f"`skvm jit rollback {name} {_short(self.locked.runs)}".rstrip() + f" --target {target}`"
        if not self.runs:
            gone = f"the locked variant {_short(self.locked.runs)} no longer runs, but the plan as compiled"
            return f"{gone}: lock again, or {back} where it is still kept"
        return (
            f"a variant {_short(self.runs)} was accepted since (`skvm jit adapted {name}` says why): "
            f"lock again to take it, or {back} to put it back"
        )


def lock_skills(
    items: Sequence[SkillInput], options: CompileOptions, settings: Settings, folder: Path, environments: Sequence[Path] = ()
) -> Lock:
    """Compile skills and note all they were made from; `folder` is where the lock will lie.

    `environments`: locks of environments, each for the skill of its name. Raises UsageError for stdin and for a lock of an
    environment that fits no skill, PlanError for a damaged one.
    """
    places = {load_environment_lock(path).skill: path for path in environments}
    rows = []
    for item in items:
        locked, artifact = _locked(item, options, settings, folder)
        place = places.pop(locked.name, None)
        rows.append(locked.model_copy(update={"environment": _environment(place, artifact, folder)}) if place else locked)
    if places:
        skill, place = next(iter(places.items()))
        raise UsageError(f"the environment of {skill}, and no such skill is locked", where=str(place), help="leave it out")
    return Lock(skills=tuple(rows))


def _environment(place: Path, artifact: Artifact, folder: Path) -> LockedEnvironment:
    """The lock of an environment in a file; raises UsageError when it is for other packages than the skill asks for."""
    lock = load_environment_lock(place)
    if lock.wanted != wanted_of(artifact.needs):
        help = "make it again with `skvm env SKILL --lock`"
        raise UsageError(f"not for what {lock.skill} asks for now", where=str(place), help=help)
    return LockedEnvironment(path=_relative(place, folder), digest=lock.digest, wanted=lock.wanted)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _locked(item: SkillInput, options: CompileOptions, settings: Settings, folder: Path) -> tuple[Locked, Artifact]:
    if item.path is None:
        raise UsageError("a skill on stdin cannot be locked", help="name its folder")
    source = item.load()
    request = request_of(options, settings)
    artifact = compile_request(source, request, settings)
    locked = Locked(
        path=_relative(item.path, folder),
        name=artifact.source.name,
        target=options.target,
        pool=options.pool,
        limits=request.limits,
        passes=options.passes,
        plan=artifact.digest,
        runs=variant_of(artifact, settings),
        made_from=parts_of(source, request),
        solidified=solidified(artifact, settings),
    )
    return locked, artifact


def variant_of(artifact: Artifact, settings: Settings) -> str:
    """Digest of the accepted variant that runs in the place of a compiled plan; empty where that one runs."""
    with open_store(settings.home) as storage:
        runs = active_plan(storage, artifact).digest
    return "" if runs == artifact.digest else runs


def solidified(artifact: Artifact, settings: Settings) -> dict[str, str]:
    """Digest of the promoted code of each step of a plan and of the plans it hands over to; what was seen of it is left out."""
    parts = {"holes", "calls", "values", "summary", "guards", "slice_digest"}
    found = {r.step_key: r for r in with_book(lambda book: book.records(), settings)}
    rows: dict[str, str] = {}
    for plan, prefix in ((artifact, ""), *((other, f"{other.source.name}/") for other in artifact.skills)):
        for node in plan.plan.nodes:
            record = found.get(node.key) if isinstance(node, StepNode) else None
            codes = [v for v in record.versions if v.state is SolidState.PROMOTED] if record is not None else []
            if codes:
                bodies = [code.model_dump(mode="json", include=parts) for code in codes]
                rows[prefix + node.id] = digest_json(bodies if len(bodies) > 1 else bodies[0])
    return rows


def read_lock(path: Path) -> Lock:
    """A lock file; raises UsageError where there is none, PlanError for a damaged or newer one."""
    try:
        body = json.loads(path.read_bytes())
        if isinstance(body, dict) and isinstance(body.get("schema"), int) and body["schema"] > SCHEMA:
            raise PlanError(f"lock schema {body['schema']} is newer than {SCHEMA}", where=str(path), help="upgrade skvm")
        return Lock.model_validate(body)
    except FileNotFoundError:
        raise UsageError("there is no lock", where=str(path), help="make one with `skvm lock SKILL --target T`") from None
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise PlanError(f"not a lock at {at}: {first['msg']}", where=str(path), help="make it again") from None
    except ValueError as error:
        raise PlanError(f"not a lock: {error}", where=str(path), help="make it again") from None


def verify_lock(lock: Lock, folder: Path, settings: Settings) -> Iterator[Compared]:
    """Compile every locked skill again and compare; raises UsageError for a skill that is gone."""
    for locked in lock.skills:
        place = folder / locked.path
        limits = locked.limits
        options = CompileOptions(
            locked.target,
            passes=locked.passes,
            pool=locked.pool,
            success=limits.success,
            wall=limits.wall,
            models=limits.models,
        )
        now, artifact = _locked(SkillInput(place, str(place)), options, settings, folder)
        changed = [name for name, value in now.made_from.items() if locked.made_from.get(name) != value]
        changed += [VARIANT] if now.runs != locked.runs else []
        changed += ["solidified code"] if now.solidified != locked.solidified else []
        changed += ["environment"] if not _same_environment(locked.environment, artifact, folder) else []
        same = now.plan == locked.plan
        yield Compared(locked, same, tuple(changed) if changed or same else ("plan",), now.runs)


def _same_environment(locked: LockedEnvironment | None, artifact: Artifact, folder: Path) -> bool:
    """Is the lock of the environment the one that was noted, and does it answer what the skill asks for now?"""
    if locked is None:
        return True
    try:
        now = load_environment_lock(folder / locked.path)
    except (UsageError, PlanError):
        return False
    return now.digest == locked.digest and now.wanted == wanted_of(artifact.needs)
