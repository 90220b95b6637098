"""`skvm profile list` and `skvm profile show`."""

from __future__ import annotations

from typing import Any

import click

from skvm.cli.common import format_option, put, put_json


@click.command("list", short_help="all profiles, the user's own first")
@format_option()
def list_(form: str) -> int:
    """All profiles, the user's own first."""
    from skvm.app.profiles import listed
    from skvm.app.settings import Settings

    rows = listed(Settings.from_environment())
    if form == "json":
        put_json(rows)
    else:
        put("\n".join(_row(r) for r in rows))
    return 0


def _row(row: dict[str, Any]) -> str:
    when = row["measured"][:10] or ("synthetic" if row["synthetic"] else "unknown date")
    counted = f"{row['counted']:2} of 78 levels counted, {row['probes']:4} probes"
    return f"{row['name']:36} {row['cells']:2} of 26 measured, {counted}  {when:10} {row['from']}"


@click.command("show", short_help="levels, counts, probabilities of a target")
@click.argument("target", metavar="MODEL[@HARNESS]")
@format_option()
def show(target: str, form: str) -> int:
    """Levels, counts and probabilities of one target; a file or the name of a profile will do."""
    from skvm.app.profiles import found_profile, shown
    from skvm.app.settings import Settings

    profile, note = found_profile(target, Settings.from_environment())
    cells = shown(profile)
    if form == "json":
        put_json({"name": profile.name, "note": note, "source": profile.source, "cells": cells})
    else:
        lines = [f"{profile.name}: {note}", f"  {profile.source}"] if profile.source else [f"{profile.name}: {note}"]
        put("\n".join([*lines, *(_line(name, cell) for name, cell in cells.items())]))
    return 0


def _line(name: str, cell: dict[str, Any]) -> str:
    if not cell["offered"]:
        return f"  {name:22} not offered by the harness"
    if not cell["levels"]:
        return f"  {name:22} not measured"
    levels = "   ".join(_level(level, state) for level, state in cell["levels"].items())
    return f"  {name:22} {cell['level'] or '--'}  {levels}".rstrip()


def _level(level: str, state: dict[str, Any]) -> str:
    if state["probability"] is None:
        return f"{level} {'not measured':25}"
    low, high = state["interval"]
    counts = f"{state['counts'][0]}/{state['counts'][1]}" if state["counts"] else "letter"
    return f"{level} p={state['probability']:.2f} [{low:.2f}, {high:.2f}] {counts:6}"
