"""`skvm profile MODEL`: measure a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from skvm.cli.common import Amount, format_option, note, put, put_json, started

if TYPE_CHECKING:
    from skvm.profile.run.runner import Progress


@click.command("measure", short_help="measure a model (may be left out)")
@click.argument("model", metavar="MODEL")
@click.option("--harness", metavar="H", default="builtin", show_default=True)
@click.option("--api-base", metavar="URL", help="address of the model's server")
@click.option("--for", "skill", metavar="SKILL", type=click.Path(), help="measure only what this skill needs")
@click.option("--primitive", "primitives", metavar="P", multiple=True, help="measure only this one; may be repeated")
@click.option("--deadline", metavar="S", type=Amount(), help="seconds from the start of the process")
@click.option("--budget-calls", metavar="N", type=click.IntRange(1), help="model calls to spend")
@click.option("--max-tokens", metavar="N", type=click.IntRange(1), help="tokens to spend, both ways")
@click.option("--max-cost", metavar="USD", type=Amount(), help="money to spend")
@click.option("--concurrency", metavar="N", type=click.IntRange(1, 64), default=4, show_default=True)
@click.option(
    "--seed", metavar="N", type=click.IntRange(0, 10**9), default=0, show_default=True, help="which instances are put"
)
@click.option("--resume/--fresh", default=None, help="go on with an earlier measurement (one cut off: always), or begin again")
@format_option()
@click.pass_context
def measure(ctx: click.Context, /, form: str, skill: str | None, **options: Any) -> int:
    """Measure what MODEL can do, with as few probes as safe verdicts need.

    No probe is begun that would pass a budget if it took what the dearest so far took; one that takes more is finished.
    """
    from pathlib import Path

    from skvm.app.measuring import MeasureOptions, limit_of
    from skvm.app.measuring import measure as run
    from skvm.app.settings import Settings

    wanted = MeasureOptions(skill=Path(skill) if skill else None, started=started(ctx), listener=_show, **options)
    found = run(wanted, Settings.from_environment())
    body = found.to_json()
    if form == "json":
        put_json(body)
    else:
        put("\n".join(_lines(body)))
    limit = limit_of(found)
    if limit is not None:
        raise limit
    return 3 if found.failures else 0


def _show(progress: Progress) -> None:
    cost = f", {progress.cost:.2f} USD" if progress.cost else ""
    probes = "1 probe" if progress.done == 1 else f"{progress.done} probes"
    note(f"{probes} done, about {progress.left} left: {progress.seconds:.0f} s{cost}")


def _lines(body: dict[str, Any]) -> list[str]:
    head = f"{body['target']}{' (SIMULATED)' if body['simulated'] else ''}: {'complete' if body['complete'] else 'partial'}"
    cost = f", {body['cost']:.4f} USD" if body["cost"] else ""
    rows = [f"{head}; {body['instances']} probes, {body['calls']} calls, {body['tokens']} tokens{cost}"]
    rows += [_cell(name, cell) for name, cell in body["cells"].items() if name not in body["unmeasured"]]
    rows += _unmeasured(body["unmeasured"])
    rows.append(
        f"profile {body['profile']}: {body['file'] or body['kept']}{': ' + body['why'] if body['kept'] == 'refused' else ''}"
    )
    return rows


def _unmeasured(missing: dict[str, dict[str, str]]) -> list[str]:
    """A line for each primitive that was to be measured and was not, and one for all others."""
    others = [one["why"] for one in missing.values() if one["reason"] == "not wanted"]
    rows = [f"  {name:22} not measured: {one['why']}" for name, one in missing.items() if one["reason"] != "not wanted"]
    return rows + [f"  {f'{len(others)} others':22} not measured: {others[0]}" for _ in others[:1]]


def _cell(name: str, cell: dict[str, Any]) -> str:
    low, high = cell["interval"]
    open_ = "" if cell["settled"] else "  not settled"
    return f"  {name:22} {cell['level']}  p={cell['probability']:.2f} [{low:.2f}, {high:.2f}] n={cell['n']}{open_}"
