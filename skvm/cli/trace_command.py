"""`skvm trace`."""

from __future__ import annotations

from pathlib import Path

import click

from skvm.cli.common import format_option, note, put, put_json


@click.command("trace")
@click.argument("run")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="write a self-contained page")
@format_option()
def command(run: str, html: Path | None, form: str) -> int:
    """Timeline of a run: what overlapped, what waited, every model and tool call."""
    from skvm.app.inputs import save_result
    from skvm.app.settings import Settings
    from skvm.diag import UsageError
    from skvm.runtime.timeline import timeline_json, timeline_text, trace_html
    from skvm.store import open_store

    events = open_store(Settings.from_environment().home).journal.read(run)
    if not events:
        raise UsageError("no run has this id", where=run, help="see `skvm runs`")
    if html is not None:
        save_result(html, trace_html(events).encode())
        note(f"wrote {html}")
    if form == "json":
        put_json(timeline_json(events))
    elif html is None:
        put(timeline_text(events))
    return 0
