"""`skvm trace`."""

from __future__ import annotations

from pathlib import Path

import click

from skvm.cli.common import format_option, note, put, put_json


@click.command("trace")
@click.argument("run")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="write a self-contained page")
@click.option("--jsonl", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="write its events, one a line")
@format_option()
def command(run: str, html: Path | None, jsonl: Path | None, form: str) -> int:
    """Timeline of a run: what overlapped, what waited, every model and tool call."""
    from skvm.app.history import died, events_of
    from skvm.app.inputs import save_result
    from skvm.app.settings import Settings
    from skvm.runtime.timeline import events_lines, timeline_json, timeline_text, trace_html

    settings = Settings.from_environment()
    events = events_of(run, settings)
    if died(run, settings):
        note(f"{run}: it was cut off, because its process died; `skvm run SKILL-or-PLAN --resume {run}` goes on with it")
    if html is not None:
        save_result(html, trace_html(events).encode())
        _told(html)
    if jsonl is not None:
        save_result(jsonl, events_lines(events).encode())
        _told(jsonl)
    if form == "json":
        put_json(timeline_json(events))
    elif html is None and jsonl is None:
        put(timeline_text(events))
    return 0


def _told(path: Path) -> None:
    if str(path) != "-":
        note(f"wrote {path}")
