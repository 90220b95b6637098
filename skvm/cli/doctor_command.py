"""`skvm doctor`."""

from __future__ import annotations

import click

from skvm.cli.common import format_option, put, put_json, style


@click.command("doctor")
@format_option()
def command(form: str) -> int:
    """What this machine lacks for skvm, and the command that gets it."""
    from skvm.app.machine import examine
    from skvm.app.settings import Settings

    rows = examine(Settings.from_environment())
    if form == "json":
        put_json({"checks": rows})
    else:
        for row in rows:
            mark = style("ok", "good") if row["ok"] else style("--", "warning")
            put(f"{mark} {row['what']}: {row['detail']}" + (f"; {row['help']}" if not row["ok"] and row["help"] else ""))
    return 3 if any(not r["ok"] and r["needed"] for r in rows) else 0
