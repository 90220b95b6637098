"""`skvm profile`: the group; its subcommands have files of their own."""

from __future__ import annotations

import click

from skvm.cli.profile_files import diff, import_
from skvm.cli.profile_measure import measure
from skvm.cli.profile_show import list_, show


class _Group(click.Group):
    """`skvm profile MODEL` is `skvm profile measure MODEL`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `measure` before whatever is no subcommand."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["measure", *args]
        return super().parse_args(ctx, args)


@click.group("profile", cls=_Group)
def command() -> None:
    """Capability profiles: what a model on a harness was measured to do. `skvm profile MODEL` measures one."""


for _each in (measure, list_, show, diff, import_):
    command.add_command(_each)
