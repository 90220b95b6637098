"""Finding and reading profiles: files of the caller's folders first, the shipped ones after them.

A target is matched exactly (model and harness), else by the same model on another harness, else not at all; each but the
first leaves a note that ends up in the plan. `sim/NAME` uses the profile called NAME (decisions, "Profiles").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from skvm.capability.catalog import load_catalog
from skvm.capability.model import Profile, Target
from skvm.diag import UsageError
from skvm.source import data_path, read_data

SIM = "sim/"
NEAREST = ("bare-agent", "openclaw")
"""Harnesses a profile is borrowed from, nearest to the built-in agent first; any other follows by name."""

NOT_PROFILES = frozenset({"catalog.json", "harnesses.json", "prices.json", "schema.json", "coverage-schema.json"})
_DATED = re.compile(r"(?:-\d{8}|-\d{4}-\d{2}-\d{2})$")


@lru_cache(maxsize=1)
def known_harnesses() -> tuple[str, ...]:
    """Names that may follow the last `@` of a target: those of profiles/harnesses.json."""
    return tuple(json.loads(read_data("profiles", "harnesses.json"))["harnesses"])


class ProfileMatch(NamedTuple):
    """The profile to use, or None when the target was never measured; `note` says how it was found or what is missing."""

    profile: Profile | None
    note: str


def parse_target(text: str) -> Target:
    """Target of `MODEL[@HARNESS]`; what follows `sim/` is a profile name and is never split. Raises UsageError when empty."""
    if not text.strip():
        raise UsageError("the target is empty", help="give MODEL or MODEL@HARNESS, for example sim/strong", code="SKV001")
    return Target(model=text) if text.startswith(SIM) else Target.parse(text, known_harnesses())


MEND = "correct the file or move it away; profiles/schema.json is the format"


def load_profile(path: Path) -> Profile:
    """Read one profile file; raises UsageError that names the file and the first thing wrong with it."""
    try:
        profile = Profile.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        raise UsageError(f"not a profile {first_fault(error)}", where=str(path), help=MEND, code="SKV002") from None
    except OSError as error:
        words = f"cannot be read: {error.strerror or error}"
        raise UsageError(words, where=str(path), help="see `skvm profile list`") from None
    except RecursionError:
        raise UsageError("not a profile: nested too deeply", where=str(path), help=MEND, code="SKV002") from None
    except ValueError as error:
        raise UsageError(f"not a profile: {error}", where=str(path), help=MEND, code="SKV002") from None
    known = {p.id for p in load_catalog().primitives}
    strange = next((name for name in profile.cells if name not in known), None)
    if strange is not None:
        raise UsageError(
            f"not a profile at cells: {strange} is no primitive", where=str(path), help="see `skvm profile show`", code="SKV002"
        )
    return profile


def profile_bytes(profile: Profile) -> bytes:
    """A profile as a file holds it; `load_profile` gives the same one back."""
    body = {"schema_version": profile.schema_version, **profile.model_dump(mode="json", exclude_defaults=True)}
    return (json.dumps(body, indent=1, ensure_ascii=False) + "\n").encode()


def first_fault(error: ValidationError) -> str:
    """`at PLACE: what is wrong` of the first fault that validation found."""
    first = error.errors()[0]
    at = ".".join(str(part) for part in first["loc"])
    return f"at {at or 'the top'}: {first['msg']}"


def list_profiles(dirs: Iterable[Path] = ()) -> tuple[Profile, ...]:
    """All profiles of `dirs` in that order, then the shipped ones; by name inside a folder, an earlier name hides a later.

    A folder that does not exist counts as empty. Raises UsageError for a file that is not a profile.
    """
    found: dict[str, Profile] = {}
    for profile in [p for folder in dirs for p in read_folder(folder)] + list(shipped_profiles()):
        found.setdefault(profile.name, profile)
    return tuple(found.values())


@lru_cache(maxsize=1)
def shipped_profiles() -> tuple[Profile, ...]:
    """The profiles that come with skvm, by name, synthetic ones last."""
    root = data_path("profiles")
    return read_folder(root) + read_folder(root / "sim")


def find_profile(target: Target, dirs: Iterable[Path] = ()) -> ProfileMatch:
    """The profile of a target; raises UsageError when `sim/NAME` names no profile."""
    return match_profile(target, list_profiles(dirs))


def match_profile(target: Target, profiles: tuple[Profile, ...]) -> ProfileMatch:
    """The profile of a target among those given, first ones first; raises UsageError when `sim/NAME` names none."""
    if target.model.startswith(SIM):
        return _named(target, profiles)
    same = [p for p in profiles if not p.synthetic and model_key(p.model) == model_key(target.model)]
    exact = next((p for p in same if p.harness == target.harness), None)
    if exact is not None:
        return ProfileMatch(exact, f"profile {exact.name}, measured {exact.measured or 'at an unknown date'}")
    if same:
        near = min(same, key=lambda p: (NEAREST.index(p.harness) if p.harness in NEAREST else len(NEAREST), p.harness))
        return ProfileMatch(near, f"{target.model} was not measured on {target.harness}; profile {near.name} is used instead")
    return ProfileMatch(None, f"{target} was never measured: every requirement is unproved and nothing is edited")


def model_key(model: str) -> str:
    """One spelling for a model id: vendor path, variant after a colon, date and dots are dropped, case is folded."""
    tail = model.rsplit("/", 1)[-1].split(":", 1)[0].lower()
    return _DATED.sub("", tail.replace(".", "-"))


def _named(target: Target, profiles: tuple[Profile, ...]) -> ProfileMatch:
    name = target.model.removeprefix(SIM)
    wanted = {name, f"{name}@{target.harness}"}
    for profile in profiles:
        if profile.name in wanted:
            kind = "synthetic profile" if profile.synthetic else "simulated from profile"
            return ProfileMatch(profile, f"{kind} {profile.name}")
    known = ", ".join(p.name for p in profiles)
    words = f"no profile is called {name}" if name else "the name of a profile is missing"
    raise UsageError(words, where=target.model, help=f"known: {known}", code="SKV001")


def read_folder(folder: Path) -> tuple[Profile, ...]:
    """Profiles of one folder by file name, none where it does not exist; raises UsageError for a file that is not one."""
    if not folder.is_dir():
        return ()
    return tuple(load_profile(path) for path in sorted(folder.glob("*.json")) if path.name not in NOT_PROFILES)
