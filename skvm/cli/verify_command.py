"""`skvm verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skvm.cli.common import format_option, put, put_items, style


@click.command("verify")
@click.argument("lock", type=click.Path(path_type=Path), default=Path("skvm.lock"))
@click.option("--frozen", is_flag=True, help="nothing that a plan is made from may have changed")
@format_option()
def command(lock: Path, frozen: bool, form: str) -> int:
    """Does every locked plan come out again? Exits 1 when one does not, with --frozen also when anything else changed."""
    from skvm.app.locking import read_lock, verify_lock
    from skvm.app.settings import Settings

    rows = [found.to_json() for found in verify_lock(read_lock(lock), lock.parent, Settings.from_environment())]
    if form == "json":
        put_items(rows)
    else:
        put("\n".join(_line(row) for row in rows))
    return 1 if any(not row["plan_same"] or (frozen and row["changed"]) for row in rows) else 0


def _line(row: dict[str, Any]) -> str:
    state = style("the same plan", "good") if row["plan_same"] else style("another plan", "error")
    changed = f"; changed: {', '.join(row['changed'])}" if row["changed"] else ""
    help = f"\n  {row['help']}" if row["help"] else ""
    return f"{row['name']} ({row['path']}): {state}{changed}{help}"
