"""`skvm profile`: the group; its subcommands have files of their own."""

from __future__ import annotations

import click

from skvm.cli.profile_files import diff, import_
from skvm.cli.profile_show import list_, show


@click.group("profile")
def command() -> None:
    """Capability profiles: what a model on a harness was measured to do."""


for _each in (list_, show, diff, import_):
    command.add_command(_each)
