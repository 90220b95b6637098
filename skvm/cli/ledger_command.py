"""`skvm ledger`."""

from __future__ import annotations

import click

from skvm.cli.common import format_option, put, put_json


@click.command("ledger")
@click.option("--skill", help="only this skill")
@format_option()
def command(skill: str | None, form: str) -> int:
    """What solidified steps saved, against the recorded baseline of the same steps, minus what compiling and learning cost."""
    from skvm.app.evidence import savings
    from skvm.jit.ledger import ledger_text

    found = savings(skill)
    if form == "json":
        put_json(found.to_json())
    else:
        put(ledger_text(found))
    return 0
