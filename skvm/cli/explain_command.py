"""`skvm explain`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from skvm.cli.common import format_option, pool_options, put, put_json, style


@click.command("explain")
@click.argument("what", metavar="SKILL-or-PLAN|SKVnnn")
@click.option("--target", default="sim/strong", show_default=True, metavar="MODEL[@HARNESS]", help="when a skill is named")
@click.option("--profile", type=click.Path(path_type=Path), help="a profile file instead of the one found by name")
@pool_options
@format_option()
def command(what: str, target: str, profile: Path | None, form: str, **pool: Any) -> int:
    """Why a plan is as it is: bindings, gaps, edges, critical path; or what a diagnostic code means."""
    if re.fullmatch(r"SKV\d{3}", what.upper()):
        return _code(what.upper(), form)
    from skvm.app.compiling import CompileOptions, artifact_at
    from skvm.app.settings import Settings
    from skvm.plan.describe import explain_json, explain_text

    artifact, _ = artifact_at(Path(what), CompileOptions(target, profile, **pool), Settings.from_environment())
    if form == "json":
        put_json(explain_json(artifact))
    else:
        put(explain_text(artifact, style))
    return 0


def _code(number: str, form: str) -> int:
    from skvm.diag import CODES, UsageError, explanation

    if number not in CODES:
        raise UsageError(f"no diagnostic has the code {number}", help="codes are printed by `skvm check`")
    code = CODES[number]
    if form == "json":
        row = {"code": number, "slug": code.slug, "summary": code.summary, "severity": code.severity.value}
        put_json({**row, "text": explanation(number)})
    else:
        put(explanation(number))
    return 0
