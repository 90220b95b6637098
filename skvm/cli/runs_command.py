"""`skvm runs`."""

from __future__ import annotations

import click

from skvm.cli.common import format_option, put, put_json


@click.command("runs")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@format_option()
def command(limit: int, form: str) -> int:
    """Past runs, newest first."""
    from skvm.app.settings import Settings
    from skvm.store import open_store

    store = open_store(Settings.from_environment().home)
    rows = store.journal.runs(limit)
    if form == "json":
        put_json({"runs": [r.model_dump(mode="json") for r in rows]})
        return 0
    for r in rows:
        mark = " (simulated)" if r.simulated else ""
        put(f"{r.run}  {r.started}  {r.status:10} {r.seconds:7.2f} s  {r.skill}  {r.model}{mark}")
    if not rows:
        put("no runs yet")
    return 0
