"""Profiles as files: finding one by any of its names, and taking over foreign ones without losing a better one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from skvm.app.settings import Settings
from skvm.capability import Cell, Profile, list_profiles, load_catalog, load_profile, match_profile, parse_target, profile_bytes
from skvm.capability.estimate import probability
from skvm.capability.profiles import read_folder
from skvm.diag import UsageError

if TYPE_CHECKING:
    from skvm.capability.tcp import Imported

MOST_BYTES = 16 * 1024 * 1024
"""Largest file that is read as a profile; those of the reference profiler have tens of kilobytes."""

LOCK_SECONDS = 10.0
TCP = "name a profile that SkVM wrote (a TCP file)"
READABLE = 0o644
"""Mode of a profile file: it holds nothing secret."""


@dataclass(frozen=True)
class Kept:
    """What became of one profile: `written`, `unchanged` (the same was there), or `refused` with the reason in `why`."""

    path: Path
    profile: Profile
    action: Literal["written", "unchanged", "refused"]
    why: str = ""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The published JSON form."""
        found = {"profile": self.profile.name, "file": str(self.path), "action": self.action}
        return {**found, "why": self.why, "measured": len(self.profile.cells), "notes": list(self.notes)}


def profile_named(word: str, settings: Settings) -> Profile:
    """The profile that a word means: a file, the name of a profile, or a target.

    Raises UsageError when there is none.
    """
    if word.endswith(".json") or Path(word).is_file():
        return load_profile(Path(word))
    profiles = list_profiles((settings.profiles,))
    named = next((p for p in profiles if p.name == word), None)
    if named is not None:
        return named
    match = match_profile(parse_target(word), profiles)
    if match.profile is None:
        raise UsageError("no profile of this target", where=word, help="see `skvm profile list`")
    return match.profile


def import_profiles(files: Sequence[Path], settings: Settings, folder: Path | None = None) -> list[Kept]:
    """Take over TCP files into a folder (None: the user's profiles), in the order given.

    Raises UsageError when one of them is no such file, before any is written; StoreError when one cannot be written.
    """
    read = [_read(path) for path in files]
    target = folder or settings.profiles
    return [keep_profile(found.profile, target, settings, found.notes) for found in read]


def keep_profile(profile: Profile, folder: Path, settings: Settings, notes: tuple[str, ...] = ()) -> Kept:
    """Write a profile as `NAME.json` unless a better one of that name is there; raises StoreError, UsageError."""
    from skvm.capability.compare import why_keep
    from skvm.store import held_lock, private_folder, write_aside

    path = folder / f"{profile.name}.json"
    with held_lock(settings.home, f"profiles in {folder.resolve()}", LOCK_SECONDS):
        if path.exists():
            old = load_profile(path)
            if old == profile:
                return Kept(path, profile, "unchanged", "the same profile is there", notes)
            why = why_keep(old, profile)
            if why:
                return Kept(path, profile, "refused", why, notes)
        private_folder(folder)
        write_aside(path, profile_bytes(profile), READABLE)
    return Kept(path, profile, "written", "", notes)


def _read(path: Path) -> Imported:
    from skvm.capability.tcp import read_tcp

    try:
        if not path.is_file():
            raise UsageError("not a file" if path.exists() else "no such file", where=str(path), help=TCP)
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"larger than {MOST_BYTES >> 20} MB: not a TCP", where=str(path), help=TCP)
        raw = path.read_bytes()
        source = f"TCP file {path.name}, sha256:{hashlib.sha256(raw).hexdigest()}"
        return read_tcp(json.loads(raw), source)
    except RecursionError:
        raise UsageError("not a TCP: nested too deeply", where=str(path), help=TCP) from None
    except ValueError as error:
        words = str(error) if str(error).startswith(("not a TCP", "no primitive")) else f"not JSON: {error}"
        raise UsageError(words, where=str(path), help=TCP) from None
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=str(path)) from None


def found_profile(word: str, settings: Settings) -> tuple[Profile, str]:
    """The profile that a word means and how it was found; raises UsageError when there is none."""
    profile = profile_named(word, settings)
    when = f"measured {profile.measured}" if profile.measured else "synthetic" if profile.synthetic else "undated"
    asked = parse_target(word)
    near = profile.name != word and not word.endswith(".json") and asked.harness != profile.harness
    return profile, f"{when}, used for {word}, which was not measured itself" if near else when


def listed(settings: Settings) -> list[dict[str, Any]]:
    """One row per profile, the user's own first: what it measures, how much of it was counted, where it is from."""
    own = {p.name for p in read_folder(settings.profiles)}
    return [
        {
            "name": p.name,
            "model": p.model,
            "harness": p.harness,
            "measured": p.measured,
            "cells": len(p.cells),
            "counted": sum(1 for c in p.cells.values() for _, n in c.counts.values() if n),
            "probes": sum(n for c in p.cells.values() for _, n in c.counts.values()),
            "synthetic": p.synthetic,
            "from": "own" if p.name in own else "shipped",
        }
        for p in list_profiles((settings.profiles,))
    ]


def shown(profile: Profile) -> dict[str, dict[str, Any]]:
    """Cells for people and programs: the letter with its probability and interval, and every level with its counts."""
    return {p.id: _shown(profile.cells.get(p.id)) for p in load_catalog().primitives}


def _shown(cell: Cell | None) -> dict[str, Any]:
    from skvm.capability.compare import PROBED, level_state

    if cell is None:
        return {"level": None, "probability": None, "interval": None, "n": 0, "offered": True, "levels": {}}
    estimate = probability(cell, cell.level) if cell.level is not None else None
    return {
        "level": cell.level,
        "probability": estimate.mean if estimate else None,
        "interval": list(estimate.interval) if estimate else None,
        "n": sum(n for _, n in cell.counts.values()),
        "offered": cell.offered,
        "levels": {level.value: level_state(cell, level).model_dump(mode="json") for level in PROBED},
    }
