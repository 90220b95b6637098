"""From `MODEL[@HARNESS]` to a target and its profile, and from a model id to a backend."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from skvm.app.settings import Settings
from skvm.capability import KNOWN_HARNESSES, Profile, Target
from skvm.capability.profiles import ProfileMatch, find_profile
from skvm.diag import UsageError


def parse_target(text: str) -> Target:
    """Target of a command line word; raises UsageError for an empty one."""
    target = Target.parse(text, KNOWN_HARNESSES)
    if not target.model:
        raise UsageError("no model given", where=text, help="write MODEL or MODEL@HARNESS, e.g. sim/strong")
    return target


def profile_for(target: Target, settings: Settings, file: Path | None = None) -> ProfileMatch:
    """Profile of a target: the given file, the user's, or a shipped one; raises UsageError for a bad file."""
    if file is None:
        return find_profile(target, (settings.profiles,))
    try:
        body = json.loads(file.read_bytes())
        return ProfileMatch(Profile.model_validate(body), "")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=str(file)) from None
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(x) for x in first["loc"])
        raise UsageError(f"not a profile: {at}: {first['msg']}", where=str(file), help="see profiles/schema.json") from None
    except ValueError as error:
        raise UsageError(f"not a profile: {error}", where=str(file)) from None


def require_builtin(target: Target) -> None:
    """Only the built-in harness runs skills so far."""
    if target.harness != "builtin":
        raise UsageError(
            f"the harness {target.harness} cannot run skills yet", where=str(target), help="use the built-in one: leave @HARNESS out"
        )
