"""`skvm env`."""

from __future__ import annotations

from typing import Any

import click

from skvm.cli.common import format_option, put, put_items, skills_argument, style

MARKS = {"present": ("+", "good"), "missing": ("-", "error"), "unknown": ("?", "warning")}


@click.command("env")
@skills_argument
@format_option()
def command(skills: tuple[str, ...], form: str) -> int:
    """What a skill needs on this machine, as one report: present, missing with how to get it, unknown."""
    from skvm.app.inputs import expand_inputs
    from skvm.app.machine import preflight_of
    from skvm.app.settings import Settings

    settings = Settings.from_environment()
    reports = [preflight_of(i.load(), settings) for i in expand_inputs(skills)]
    if form == "json":
        put_items(reports)
    else:
        put("\n\n".join(_text(r) for r in reports))
    return 1 if any(r["missing"] for r in reports) else 0


def _text(report: dict[str, Any]) -> str:
    lines = [f"{report['skill']}: needs on this machine"]
    for state, (mark, role) in MARKS.items():
        for row in report[state]:
            version = f" {row['version']}" if row.get("version") else ""
            hint = f"  ({row['hint']})" if row.get("hint") and state != "present" else ""
            lines.append(f"  {style(mark, role)} {row['kind']:5} {row['name']}{version}{hint}")
    if len(lines) == 1:
        lines.append("  nothing")
    return "\n".join(lines)
