"""From `MODEL[@HARNESS]` to a target with its profile, and from a target to a model backend."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skvm.app.settings import Settings
from skvm.capability import Target
from skvm.capability.profiles import SIM, ProfileMatch, find_profile, load_profile
from skvm.diag import UsageError
from skvm.ports import ModelClient

REPLAY = "replay:"
ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)


def profile_for(target: Target, settings: Settings, file: Path | None = None) -> ProfileMatch:
    """Profile of a target: the given file, the user's, or a shipped one; raises UsageError for a bad file or name."""
    if file is None:
        return find_profile(target, (settings.profiles,))
    profile = load_profile(file)
    return ProfileMatch(profile, f"profile {profile.name} from {file.name}")


def require_builtin(target: Target) -> None:
    """Only the built-in harness runs skills so far; raises UsageError for another."""
    if target.harness != "builtin" and not target.model.startswith(SIM):
        help = "use the built-in one: leave @HARNESS out"
        raise UsageError(f"the harness {target.harness} cannot run skills yet", where=str(target), help=help)


def backends(
    settings: Settings, *, api_base: str | None = None, seed: int = 0, oracle: Any = None, record: Path | None = None
) -> Callable[[str], ModelClient]:
    """One client per model id, made on first use: `sim/NAME`, `replay:DIR`, or any id that litellm knows.

    `record`: a folder for what they answer. Raises UsageError for an address that is none.
    """
    if api_base is not None and not ADDRESS.match(api_base):
        raise UsageError("not the address of a server", where=f"--api-base {api_base}", help="write http://HOST:PORT/PATH")
    made: dict[str, ModelClient] = {}

    def client(model: str) -> ModelClient:
        if model not in made:
            found = _make(model, settings, api_base, seed, oracle)
            made[model] = found if record is None else _recorded(found, record)
        return made[model]

    return client


def _make(model: str, settings: Settings, api_base: str | None, seed: int, oracle: Any) -> ModelClient:
    if model.startswith(SIM):
        return _simulated(model, settings, seed, oracle)
    if model.startswith(REPLAY):
        return _replay(Path(model.removeprefix(REPLAY)))
    from skvm.adapters.litellm_client import LitellmClient

    return LitellmClient(api_base=api_base)


def _simulated(model: str, settings: Settings, seed: int, oracle: Any) -> ModelClient:
    from skvm.adapters.simulation.model import SimModel
    from skvm.adapters.simulation.oracle import CommandOracle
    from skvm.adapters.tokens import OfflineCounter

    profile = find_profile(Target(model=model), (settings.profiles,)).profile
    assert profile is not None, "a simulated target always has a profile"
    return SimModel(profile, oracle or CommandOracle(), OfflineCounter(), seed=seed)


def _recorded(model: ModelClient, folder: Path) -> ModelClient:
    from skvm.testing import RecordingModel

    return RecordingModel(model, folder)


def _replay(folder: Path) -> ModelClient:
    from skvm.testing import ReplayModel

    if not folder.is_dir():
        raise UsageError("no cassette folder here", where=str(folder), help="record one first")
    return ReplayModel(folder)
