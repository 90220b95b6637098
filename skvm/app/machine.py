"""What this machine lacks: in general (sandbox, state folder, optional programs), and for one skill. Nothing is installed."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import anyio

from skvm.app.environment import Prefix, plan_of, prefix_of
from skvm.app.sandbox import sandbox_of
from skvm.app.settings import Settings
from skvm.app.trying import Tried, try_needs
from skvm.diag import SandboxError, SkvmError
from skvm.plan import Artifact
from skvm.source import LineIndex, SkillSource, Span

OPTIONAL = {
    "rg": "apt-get install ripgrep",
    "chromium": "apt-get install chromium",
    "pdftotext": "apt-get install poppler-utils",
}


def examine(settings: Settings) -> list[dict[str, Any]]:
    """Rows `{what, ok, needed, detail, help}`, needed things first."""
    return [_state(settings), *_sandbox(settings), *(_program(name, how) for name, how in OPTIONAL.items()), _engine()]


def _row(what: str, ok: bool, needed: bool, detail: str, help: str = "") -> dict[str, Any]:
    return {"what": what, "ok": ok, "needed": needed, "detail": detail, "help": help}


def _state(settings: Settings) -> dict[str, Any]:
    from skvm.store import open_store

    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.home), open_store(settings.home):
            return _row("state folder", True, True, str(settings.home))
    except SkvmError as error:
        return _row("state folder", False, True, f"{error.where}: {error.message}", error.help)
    except OSError as error:
        return _row(
            "state folder", False, True, f"{settings.home}: {error.strerror}", "set SKVM_HOME to a folder you can write"
        )


def _sandbox(settings: Settings) -> list[dict[str, Any]]:
    """The sandbox, and whether a command in it can be let out to granted hosts and to nothing else."""
    from skvm.adapters.sandboxes import prove_outlet

    try:
        found = anyio.run(sandbox_of, settings)
        report = prove_outlet(found)
    except SkvmError as error:
        return [_row("sandbox", False, True, error.message, error.help)]
    failed = f"{report.backend} does not prove it here: {', '.join(report.failed)} {report.detail}".rstrip()
    help = "commands run without a network; install bubblewrap, or let users make user namespaces"
    ways = f"{report.backend}, {len(report.denied)} ways out denied"
    return [
        _row("sandbox", True, True, found.version),
        _row("hosts for commands", report.ok, False, ways if report.ok else failed, help),
    ]


def _program(name: str, how: str) -> dict[str, Any]:
    path = shutil.which(name)
    return _row(name, path is not None, False, path or "not found", how)


def _engine() -> dict[str, Any]:
    from skvm.adapters.databases import require_dbos, sqlite_module

    try:
        require_dbos()
        sqlite_module()
    except SkvmError as error:
        return _row("engine dbos", False, False, error.message, error.help)
    return _row("engine dbos", True, False, "installed")


def preflight_of(source: SkillSource, settings: Settings, artifact: Artifact | None = None) -> dict[str, Any]:
    """`{skill, sandbox, prefix, present, missing, unknown}`; rows have kind, name, version, why, steps, hint, detail, places.

    Executables and packages are tried in the sandbox; where none proves itself, `sandbox` is empty and nothing was tried.
    """
    from skvm.runtime.preflight import Machine, preflight

    artifact = artifact or plan_of(source, settings)
    prefix = prefix_of(artifact, settings)
    version, tried = anyio.run(_tried, artifact, prefix, settings)
    report = preflight(artifact, Machine(tried=tried), source.root)
    shown = _Places(source)
    for need in artifact.needs:
        row = next(r for rows in report.values() for r in rows if (r["kind"], r["name"]) == (need.kind, need.name))
        row["places"] = [shown.of(span) for span in need.spans]
    return {"skill": source.name, "sandbox": version, "prefix": prefix.key if prefix else "", **report}


async def _tried(artifact: Artifact, prefix: Prefix | None, settings: Settings) -> tuple[str, Tried]:
    try:
        sandbox = await sandbox_of(settings)
    except SandboxError:
        return "", _untried(artifact)
    return sandbox.version, await try_needs(artifact.needs, sandbox, prefix)


def _untried(artifact: Artifact) -> Tried:
    """Without a sandbox nothing is started: what lies on PATH may or may not be of use."""
    return {
        (n.kind, n.name): ("unknown", f"{path}, not tried: no sandbox")
        for n in artifact.needs
        if n.kind == "bin" and (path := shutil.which(n.name)) is not None
    }


class _Places:
    """Spans as `file:line`."""

    def __init__(self, source: SkillSource) -> None:
        self._source = source
        self._lines: dict[str, LineIndex] = {}

    def of(self, span: Span) -> str:
        """Where a span begins."""
        if span.file not in self._lines:
            main = self._source.main
            self._lines[span.file] = LineIndex(main.raw if span.file == main.file else self._source.read(span.file))
        return f"{span.file}:{self._lines[span.file].line(span.start)}"
