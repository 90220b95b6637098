"""`skvm outline`."""

from __future__ import annotations

import click

from skvm.cli.common import format_option, put, put_items, skills_argument, style


@click.command("outline")
@skills_argument
@format_option()
def command(skills: tuple[str, ...], form: str) -> int:
    """What was understood of a skill: stages, steps, order, tools, requirements, with line numbers."""
    from skvm.app.inputs import expand_inputs
    from skvm.app.views import outline_of, outline_text_of

    inputs = expand_inputs(skills)
    if form == "json":
        put_items([outline_of(i.load()) for i in inputs])
    else:
        put("\n".join(outline_text_of(i.load(), style) for i in inputs))
    return 0
