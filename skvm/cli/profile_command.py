"""`skvm profile`."""

from __future__ import annotations

from typing import Any

import click

from skvm.cli.common import format_option, put, put_json


@click.group("profile")
def command() -> None:
    """Capability profiles: what a model on a harness was measured to do."""


@command.command("list")
@format_option()
def list_(form: str) -> int:
    """All profiles, the user's own first."""
    from skvm.app.settings import Settings
    from skvm.capability.profiles import list_profiles

    profiles = list_profiles((Settings.from_environment().profiles,))
    rows = [
        {
            "name": p.name,
            "model": p.model,
            "harness": p.harness,
            "measured": p.measured,
            "cells": len(p.cells),
            "synthetic": p.synthetic,
        }
        for p in profiles
    ]
    if form == "json":
        put_json(rows)
    else:
        put("\n".join(f"{r['name']:36} {r['cells']:2} of 26 measured  {r['measured'] or 'synthetic'}" for r in rows))
    return 0


@command.command("show")
@click.argument("target", metavar="MODEL[@HARNESS]")
@format_option()
def show(target: str, form: str) -> int:
    """Levels, counts and probabilities of one target."""
    from skvm.app.settings import Settings
    from skvm.app.targets import profile_for
    from skvm.capability.profiles import parse_target
    from skvm.diag import UsageError

    match = profile_for(parse_target(target), Settings.from_environment())
    if match.profile is None:
        raise UsageError(match.note, help="see `skvm profile list`")
    cells = _cells(match.profile)
    if form == "json":
        put_json({"name": match.profile.name, "note": match.note, "source": match.profile.source, "cells": cells})
    else:
        put("\n".join([f"{match.profile.name}: {match.note}", *(_line(name, cell) for name, cell in cells.items())]))
    return 0


def _cells(profile: Any) -> dict[str, dict[str, Any]]:
    from skvm.capability import Level, load_catalog
    from skvm.capability.estimate import probability

    rows: dict[str, dict[str, Any]] = {}
    for primitive in load_catalog().primitives:
        cell = profile.cells.get(primitive.id)
        if cell is None:
            rows[primitive.id] = {"level": None, "probability": None, "interval": None, "n": 0}
            continue
        level = cell.level or Level.L0
        estimate = probability(cell, level)
        rows[primitive.id] = {
            "level": level.value,
            "probability": estimate.mean if estimate else None,
            "interval": list(estimate.interval) if estimate else None,
            "n": sum(n for _, n in cell.counts.values()),
            "offered": cell.offered,
        }
    return rows


def _line(name: str, cell: dict[str, Any]) -> str:
    if cell["level"] is None:
        return f"  {name:22} not measured"
    interval = f"[{cell['interval'][0]:.2f}, {cell['interval'][1]:.2f}]" if cell["interval"] else ""
    counts = f"n={cell['n']}" if cell["n"] else "letter only"
    return f"  {name:22} {cell['level']}  p={cell['probability']:.2f} {interval} {counts}"
