"""`skvm lock`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skvm.cli.common import OutputPath, format_option, note, pool_options, put, put_json, skills_argument


@click.command("lock")
@skills_argument
@click.option("--target", required=True, metavar="MODEL[@HARNESS]", help="the processor to compile for")
@click.option("--passes", metavar="SPEC", help="a pipeline instead of the default one")
@click.option(
    "--environment",
    "environments",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="a lock of `skvm env --lock`, for the skill of its name; may be repeated",
)
@pool_options
@click.option("-o", "--output", type=OutputPath(), default=Path("skvm.lock"), show_default=True, help="lock file")
@format_option()
def command(skills: tuple[str, ...], output: Path, form: str, environments: tuple[Path, ...], **given: Any) -> int:
    """Note what the plans of skills are made from, so that `skvm verify` can tell whether they would come out again."""
    from skvm.app.asked import CompileOptions
    from skvm.app.inputs import expand_inputs, save_result
    from skvm.app.locking import lock_skills
    from skvm.app.settings import Settings

    options, settings = CompileOptions(**given), Settings.from_environment()
    lock = lock_skills(expand_inputs(skills), options, settings, output.parent, environments)
    save_result(output, lock.to_bytes())
    note(f"wrote {output}")
    if form == "json":
        put_json(lock.model_dump(mode="json", by_alias=True))
    else:
        put("\n".join(f"{row.name} for {row.target}: plan {row.plan[:19]}" for row in lock.skills))
    return 0
