"""`skvm schema`."""

from __future__ import annotations

import click

from skvm.cli.common import put, put_json
from skvm.diag import UsageError


@click.command("schema")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """JSON schema of a file that skvm writes; without a name, the names."""
    from skvm.plan.schema import schemas

    known = schemas()
    if name is None:
        put("\n".join(known))
        return 0
    found = next((key for key in known if name in (key, key.rpartition("-")[0])), None)
    if found is None:
        raise UsageError(f"there is no schema {name!r}", help=f"known: {', '.join(known)}")
    put_json(known[found])
    return 0
