"""Where state lives and what the environment sets. Only this file reads settings from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """`home` holds runs, journal, evidence and the user's profiles; `cache` only what can be made again.

    `variables`: what the user's environment says to clients of package indexes; not read before somebody asks for packages.
    """

    home: Path
    cache: Path
    sandbox: str | None = None
    debug: bool = False
    dump: Path | None = None
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    engine_url: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls) -> Settings:
        """`SKVM_HOME` moves everything; `SKVM_SANDBOX` asks for one backend; `SKVM_DEBUG` shows tracebacks of bugs;
        `SKVM_DUMP` names a folder for the program after every pass; `SKVM_ENGINE_URL` is the database of an engine with a
        queue."""
        sandbox = os.environ.get("SKVM_SANDBOX") or None
        debug = bool(os.environ.get("SKVM_DEBUG"))
        dump = Path(os.environ["SKVM_DUMP"]).expanduser().resolve() if os.environ.get("SKVM_DUMP") else None
        url = os.environ.get("SKVM_ENGINE_URL") or None
        moved = os.environ.get("SKVM_HOME")
        if moved:
            home = Path(moved).expanduser().resolve()
            return cls(home, home / "cache", sandbox, debug, dump, _of_clients(), url)
        from platformdirs import user_cache_path, user_state_path

        return cls(user_state_path("skvm"), user_cache_path("skvm"), sandbox, debug, dump, _of_clients(), url)

    @property
    def profiles(self) -> Path:
        """Folder of the user's own profiles, searched before the shipped ones."""
        return self.home / "profiles"


def _of_clients() -> dict[str, str]:
    """`PIP_...`, `NPM_CONFIG_...` and their like; which of them count is for `adapters.packages` to say."""
    heads = ("PIP_", "NPM_CONFIG_", "NODE_EXTRA_", "SKVM_INDEX_")
    return {name: value for name, value in os.environ.items() if name.upper().startswith(heads)}
