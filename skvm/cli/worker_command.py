"""`skvm worker`."""

from __future__ import annotations

import click

from skvm.cli.common import Amount, note


@click.command("worker")
@click.option("--engine", default="dbos", show_default=True, help="its database is SKVM_ENGINE_URL")
@click.option("--idle", type=Amount(), metavar="S", help="end after so many seconds without a run")
def command(engine: str, idle: float | None) -> int:
    """Do runs out of the queue, one at a time, and go on with those of processes that died; start as many as you like."""
    from skvm.app.carrying import serve_blocking
    from skvm.app.settings import Settings

    serve_blocking(engine, Settings.from_environment(), idle, lambda text: note(f"worker: {text}"))
    return 0
