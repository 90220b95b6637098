"""`skvm runs`."""

from __future__ import annotations

import click

from skvm.cli.common import format_option, put, put_json


@click.command("runs")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--cancel", metavar="RUN", help="end a run of `--engine dbos`, whoever does it")
@format_option()
def command(limit: int, cancel: str | None, form: str) -> int:
    """Past runs, newest first."""
    from skvm.app.history import past_runs
    from skvm.app.settings import Settings

    settings = Settings.from_environment()
    if cancel is not None:
        from skvm.app.carrying import cancel_run

        return _cancelled(cancel, cancel_run(cancel, settings), form)
    rows = past_runs(settings, limit)
    if form == "json":
        put_json({"runs": [r.model_dump(mode="json") for r in rows]})
        return 0
    for r in rows:
        mark = " (simulated)" if r.simulated else ""
        put(f"{r.run}  {r.started}  {r.status:10} {r.seconds:7.2f} s  {r.skill}  {r.model}{mark}")
    if not rows:
        put("no runs yet")
    return 0


def _cancelled(run: str, found: bool, form: str) -> int:
    if form == "json":
        put_json({"run": run, "cancelled": found})
    else:
        put(f"{run}: {'is being ended' if found else 'nothing of it is going on'}")
    return 0 if found else 1
