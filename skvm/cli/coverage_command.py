"""`skvm coverage`."""

from __future__ import annotations

from pathlib import Path

import click

from skvm.cli.common import OutputPath, format_option, note, progress, put, put_json, skills_argument, style


@click.command("coverage")
@skills_argument
@click.option("--target", "targets", multiple=True, metavar="MODEL[@HARNESS]", help="only this target; may be repeated")
@click.option(
    "--profile", "files", multiple=True, type=click.Path(path_type=Path), help="a target by its profile file; may be repeated"
)
@click.option("--html", type=OutputPath(), metavar="FILE", help="write a heat map there, too: one page, no network")
@click.option("--no-cache", is_flag=True, help="do not use results of earlier runs")
@click.option("--jobs", type=click.IntRange(1), default=None, help="processes for many skills (default: all cores)")
@format_option()
def command(
    skills: tuple[str, ...],
    targets: tuple[str, ...],
    files: tuple[Path, ...],
    html: Path | None,
    no_cache: bool,
    jobs: int | None,
    form: str,
) -> int:
    """Which targets are able to do which skills: needs met, weak, missing, unmeasured; the weakest step; the cheapest target.

    Without --target and --profile all measured profiles are compared. Exits 0 whatever is covered: a gap is not an error.
    """
    from skvm.app.cache import Cache
    from skvm.app.coverage import columns_of, coverage, needs_many
    from skvm.app.inputs import expand_inputs, save_result
    from skvm.app.settings import Settings

    settings = Settings.from_environment()
    columns = columns_of(targets, files, settings)
    for column in columns:
        if column.profile is None:
            note(f"{column.name}: never measured; `skvm profile list` shows what was, `skvm profile {column.name}` measures it")
    inputs = expand_inputs(skills)
    found = needs_many(inputs, None if no_cache else Cache(settings.cache), jobs)
    matrix = coverage(list(progress(found, len(inputs), "reading")), columns)
    if html is not None:
        from skvm.app.coverage_html import coverage_html

        save_result(html, coverage_html(matrix).encode())
        note(f"wrote {html}")
    if form == "json":
        put_json(matrix.to_json())
    else:
        from skvm.app.coverage_text import coverage_text

        put(coverage_text(matrix, style))
    return 0
