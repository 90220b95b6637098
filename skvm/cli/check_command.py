"""`skvm check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from skvm.cli.common import format_option, note, progress, put, put_items, put_json, skills_argument, style

if TYPE_CHECKING:
    from skvm.app.cache import Cache
    from skvm.app.inputs import SkillInput


@click.command("check")
@skills_argument
@click.option("--certify", is_flag=True, help="prove that the program rebuilds the file, and say what is in it")
@click.option("--fix", "fixes", is_flag=True, help="write the safe fixes into the files, then check what is left")
@click.option("--unsafe-fixes", "unsafe", is_flag=True, help="with --fix: also those that may change the meaning")
@click.option("--no-cache", is_flag=True, help="do not use results of earlier runs")
@click.option("--jobs", type=click.IntRange(1), default=None, help="processes for many skills (default: all cores)")
@format_option("concise", "sarif", "github")
def command(
    skills: tuple[str, ...], certify: bool, fixes: bool, unsafe: bool, no_cache: bool, jobs: int | None, form: str
) -> int:
    """Diagnostics of one or many skills; exits 1 when one is an error."""
    from skvm.app.check import check_many
    from skvm.app.inputs import expand_inputs

    if unsafe and not fixes:
        raise click.UsageError("--unsafe-fixes goes with --fix")
    inputs = expand_inputs(skills)
    if fixes:
        _fix(inputs, unsafe)
    found = check_many(inputs, certify=certify, jobs=jobs, cache=None if no_cache else _cache())
    results = list(progress(found, len(inputs), "checking"))
    _print(results, form)
    return 1 if any(r.errors for r in results) else 0


def _fix(inputs: list[SkillInput], unsafe: bool) -> None:
    from skvm.app.fixing import fix_skill

    for item in inputs:
        count = fix_skill(item, unsafe=unsafe)
        if count:
            note(f"{item.shown}: {count} fixed")


def _cache() -> Cache:
    from skvm.app.cache import Cache
    from skvm.app.settings import Settings

    return Cache(Settings.from_environment().cache)


def _print(results: list, form: str) -> None:  # type: ignore[type-arg]
    from skvm import __version__
    from skvm.diag import render, sarif

    items = [i for r in results for i in r.located]
    if form == "json":
        put_items([r.to_json() for r in results])
    elif form == "sarif":
        put_json(sarif.sarif(items, __version__))
    elif form in ("concise", "github"):
        line = render.concise if form == "concise" else render.github
        if items:
            put("\n".join(line(i) for i in items))
    else:
        for item in items:
            put(render.full(item, style) + "\n")
        for result in results:
            if result.certificate is not None:
                put(result.certificate_text())
        put(render.summary(items, len(results)))
