"""Emitting a skill for a harness into a folder, and taking it back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from skvm.app.asked import CompileOptions
from skvm.app.check import diagnose
from skvm.app.compiling import compile_source
from skvm.app.settings import Settings
from skvm.diag import PlanError, UsageError
from skvm.ir import canonical_json
from skvm.source import SkillSource, digest_bytes

if TYPE_CHECKING:
    from skvm.compile.emission import Emission, Harness, Sidecar

NO_TARGET = "none"
"""Model of a plan that is only for a harness: never measured, so nothing of it is a gap."""


@dataclass(frozen=True)
class Emitted:
    """One skill as it was written; `place` is its folder."""

    place: Path
    emission: Emission
    harness: Harness

    def to_json(self) -> dict[str, Any]:
        """Edits with 1-based lines of the original."""
        side = self.emission.sidecar
        return {
            "skill": side.skill,
            "harness": side.harness,
            "target": side.target,
            "plan": side.plan,
            "folder": str(self.place),
            "identical": self.emission.identical,
            "edits": [{"gap": c.gap, "lines": list(c.lines), "text": c.new} for c in side.changes],
            "notes": list(side.notes),
            "found_in": {"project": list(self.harness.project), "home": list(self.harness.home)},
        }


@dataclass(frozen=True)
class EmitOptions:
    """For which harness, into which folder. `target` None: no measured gaps, only what the harness asks for."""

    harness: str
    into: Path
    target: str | None = None
    profile: Path | None = None


def emit_to(source: SkillSource, options: EmitOptions, settings: Settings) -> Emitted:
    """Write one skill for a harness; raises UsageError for an unknown harness or a folder in the way."""
    from skvm.compile.emission import SIDECAR, emit_skill, harness_named

    harness = harness_named(options.harness)
    if SIDECAR in source.paths:
        raise UsageError("this skill was emitted already", where=source.name, help="give the author's folder, or --restore it")
    program, _ = diagnose(source)
    artifact = compile_source(source, CompileOptions(options.target or NO_TARGET, options.profile), settings)
    emission = emit_skill(program, source, artifact, harness)
    place = options.into / emission.folder
    _refuse_foreign(place)
    files = {f.path: source.read(f.path) for f in source.files}
    files |= {source.main.file: emission.main, SIDECAR: canonical_json(emission.sidecar.model_dump(mode="json", by_alias=True))}
    _replace(place, files, {f.path for f in source.files if f.executable})
    return Emitted(place, emission, harness)


def restore_to(folder: Path, into: Path) -> Path:
    """Write the author's skill that an emitted folder was made from; raises PlanError when anything in it was changed since."""
    from skvm.compile.emission import restore

    sidecar = read_sidecar(folder)
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError("this folder is not empty", where=str(into), help="name a new one with -o")
    files = {sidecar.main: restore(_bytes(folder / sidecar.main), sidecar)}
    for path, digest in sidecar.files.items():
        files[path] = _bytes(folder / path)
        if digest_bytes(files[path]) != digest:
            raise PlanError("a file of the emitted skill was changed since", where=str(folder / path), help="emit it again")
    _replace(into, files, {path for path in files if os.access(folder / path, os.X_OK)})
    return into


def read_sidecar(folder: Path) -> Sidecar:
    """The sidecar of an emitted folder; raises UsageError where there is none, PlanError for a damaged or newer one."""
    from skvm.compile.emission import SIDECAR, Sidecar

    path = folder / SIDECAR
    if not path.is_file():
        raise UsageError("this folder was not emitted", where=str(folder), help="name a folder that `skvm emit` wrote")
    try:
        found = Sidecar.model_validate(json.loads(path.read_bytes()))
    except (ValueError, ValidationError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise PlanError(f"not a sidecar: {first}", where=str(path), help="emit the skill again") from None
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}", where=str(path), help="emit the skill again") from None


def _refuse_foreign(place: Path) -> None:
    """Only an empty place or an earlier emission may be overwritten."""
    from skvm.compile.emission import SIDECAR

    if place.exists() and not (place / SIDECAR).is_file() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError("something else is here", where=str(place), help="name another folder with -o, or move it away")


def _replace(place: Path, files: Mapping[str, bytes], executable: set[str]) -> None:
    """Write a folder beside its place first, so that a reader never sees half of it."""
    fresh = place.with_name(f".{place.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for path, data in files.items():
        file = fresh / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755 if path in executable else 0o644)
    if place.exists():
        shutil.rmtree(place)
    fresh.rename(place)
