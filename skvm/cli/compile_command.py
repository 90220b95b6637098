"""`skvm compile`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skvm.cli.common import OutputPath, format_option, note, pool_options, progress, put, put_items, skills_argument, style

if TYPE_CHECKING:
    from skvm.app.plans import Made


@click.command("compile")
@skills_argument
@click.option("--target", required=True, metavar="MODEL[@HARNESS]", help="the processor to compile for, e.g. sim/weak")
@click.option("--profile", type=click.Path(path_type=Path), help="a profile file instead of the one found by name")
@pool_options
@click.option("-o", "--output", type=OutputPath(), help="plan file; a folder for several skills")
@click.option("--passes", metavar="SPEC", help="a pipeline instead of the default one")
@click.option("--print-after", multiple=True, metavar="PASS", help="show the program after this pass on stderr")
@click.option("--stop-after", metavar="PASS", help="run no pass after this one")
@click.option("--offline", is_flag=True, help="refuse passes that use a model (none of the default ones does)")
@click.option("--jobs", type=click.IntRange(1), default=None, help="processes for many skills (default: all cores)")
@click.option("--timings", is_flag=True, help="show on stderr how long each pass took")
@format_option()
def command(skills: tuple[str, ...], form: str, output: Path | None, jobs: int | None, timings: bool, **given: Any) -> int:
    """Compile skills into content-addressed plans; needs no key, no network and no model."""
    from skvm.app.asked import CompileOptions
    from skvm.app.inputs import expand_inputs
    from skvm.app.plans import compile_many
    from skvm.app.settings import Settings
    from skvm.app.watching import Watch

    given.pop("offline")
    settings = Settings.from_environment()
    watch = Watch("all", settings.dump) if timings else None
    show = (lambda name, text: note(f"--- after {name}\n{text}")) if given["print_after"] else None
    options = CompileOptions(show=show, watch=watch, **given)
    inputs = expand_inputs(skills)
    whole = form == "json" or output is not None
    found = compile_many(inputs, options, settings, whole, jobs)
    made = []
    for item, one in zip(inputs, progress(found, len(inputs), "compiling"), strict=True):
        made.append(one)
        if output is not None:
            _write(one, output, item.shown, several=len(inputs) > 1)
    if watch is not None:
        note("\n".join(f"{name:14} {1000 * seconds:8.1f} ms" for name, seconds in watch.seconds.items()))
    _put(made, form)
    return 1 if any(one.errors for one in made) else 0


def _put(made: list[Made], form: str) -> None:
    from skvm.app.plans import painted

    if form == "json":
        put_items([json.loads(one.data) for one in made])
    else:
        put("\n\n".join(painted(one.text, style) for one in made))


def _write(one: Made, output: Path, shown: str, several: bool) -> None:
    from skvm.app.inputs import file_name, save_result

    into_folder = several or output.is_dir()
    path = output / f"{file_name(one.name)}-{one.digest[7:15]}.skvm.json" if into_folder else output
    save_result(path, one.data)
    note(f"{shown}: wrote {path}")
