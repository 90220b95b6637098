"""What this machine lacks: in general (sandbox, state folder, optional programs), and for one skill. Nothing is installed."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import anyio

from skvm.app.compiling import CompileOptions, compile_source
from skvm.app.running import sandbox_of
from skvm.app.settings import Settings
from skvm.diag import SkvmError
from skvm.source import SkillSource

OPTIONAL = {
    "rg": "apt-get install ripgrep",
    "chromium": "apt-get install chromium",
    "pdftotext": "apt-get install poppler-utils",
}


def examine(settings: Settings) -> list[dict[str, Any]]:
    """Rows `{what, ok, needed, detail, help}`, needed things first."""
    return [_state(settings), _sandbox(settings), *(_program(name, how) for name, how in OPTIONAL.items())]


def _row(what: str, ok: bool, needed: bool, detail: str, help: str = "") -> dict[str, Any]:
    return {"what": what, "ok": ok, "needed": needed, "detail": detail, "help": help}


def _state(settings: Settings) -> dict[str, Any]:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.home):
            return _row("state folder", True, True, str(settings.home))
    except OSError as error:
        return _row(
            "state folder", False, True, f"{settings.home}: {error.strerror}", "set SKVM_HOME to a folder you can write"
        )


def _sandbox(settings: Settings) -> dict[str, Any]:
    try:
        found = anyio.run(sandbox_of, settings)
        return _row("sandbox", True, True, found.version)
    except SkvmError as error:
        return _row("sandbox", False, True, error.message, error.help)


def _program(name: str, how: str) -> dict[str, Any]:
    path = shutil.which(name)
    return _row(name, path is not None, False, path or "not found", how)


def preflight_of(source: SkillSource, settings: Settings) -> dict[str, Any]:
    """`{skill, present, missing, unknown}`; rows have kind, name, version, why, steps, hint."""
    from skvm.runtime.preflight import preflight

    artifact = compile_source(source, CompileOptions(target="sim/strong"), settings)
    report = preflight(artifact)
    return {"skill": source.name, **report}
