"""`skvm ir`."""

from __future__ import annotations

import click

from skvm.cli.common import format_option, put, put_items, skills_argument


@click.command("ir")
@skills_argument
@format_option()
def command(skills: tuple[str, ...], form: str) -> int:
    """The typed program: scheduling, structural and logical layers, every node with its span."""
    from skvm.app.check import diagnose
    from skvm.app.inputs import expand_inputs
    from skvm.ir.printer import program_text

    rows = []
    for item in expand_inputs(skills):
        source = item.load()
        program, _ = diagnose(source)
        if form == "json":
            rows.append({"digest": program.digest, **program.model_dump(mode="json")})
        else:
            put(program_text(program, source.main))
    if form == "json":
        put_items(rows)
    return 0
