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


@click.group("profile", cls=_Group, options_metavar="", subcommand_metavar="MODEL [OPTIONS] | COMMAND [ARGS]...")
def command() -> None:
    """Capability profiles: what a model on a harness was measured to do.

    `skvm profile MODEL` measures one (its options: `skvm profile measure --help`); a measurement that was cut off or whose
    budget ended goes on where it was.

    \b
    skvm profile openai/gpt-4.1-mini --max-cost 2       measure, spend 2 USD at most
    skvm profile sim/weak --for bench/skills/log-triage  only what a skill needs
    skvm profile show gpt-5.4@openclaw                  what is known of a target
    skvm profile diff sim/weak sim/strong               what differs, and is it chance
    """


for _each in (measure, list_, show, diff, import_):
    command.add_command(_each)
