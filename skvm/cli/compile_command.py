"""`skvm compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skvm.cli.common import format_option, note, pool_options, progress, put, put_items, skills_argument, style


@click.command("compile")
@skills_argument
@click.option("--target", required=True, metavar="MODEL[@HARNESS]", help="the processor to compile for, e.g. sim/weak")
@click.option("--profile", type=click.Path(path_type=Path), help="a profile file instead of the one found by name")
@pool_options
@click.option("-o", "--output", type=click.Path(path_type=Path), help="plan file; a folder for several skills")
@click.option("--passes", metavar="SPEC", help="a pipeline instead of the default one")
@click.option("--print-after", multiple=True, metavar="PASS", help="show the program after this pass on stderr")
@click.option("--stop-after", metavar="PASS", help="run no pass after this one")
@click.option("--offline", is_flag=True, help="refuse passes that use a model (none of the default ones does)")
@format_option()
def command(skills: tuple[str, ...], form: str, output: Path | None, **given: Any) -> int:
    """Compile skills into content-addressed plans; needs no key, no network and no model."""
    from skvm.app.compiling import CompileOptions, compile_source
    from skvm.app.inputs import expand_inputs
    from skvm.app.settings import Settings

    given.pop("offline")
    options = CompileOptions(show=lambda name, text: note(f"--- after {name}\n{text}"), **given)
    settings = Settings.from_environment()
    inputs = expand_inputs(skills)
    made = []
    for item in progress(inputs, len(inputs), "compiling"):
        artifact = compile_source(item.load(), options, settings)
        made.append(artifact)
        if output is not None:
            _write(artifact, output, item.shown, several=len(inputs) > 1)
    if form == "json":
        put_items([a.to_json() for a in made])
    else:
        _text(made)
    return 1 if any(d.severity == "error" for a in made for d in a.diagnostics) else 0


def _write(artifact: Any, output: Path, shown: str, several: bool) -> None:
    from skvm.app.inputs import save_result

    into_folder = several or output.is_dir()
    path = output / f"{_slug(artifact.source.name)}-{artifact.digest[7:15]}.skvm.json" if into_folder else output
    save_result(path, artifact.to_bytes())
    note(f"{shown}: wrote {path}")


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.") or "skill"


def _text(made: list[Any]) -> None:
    from skvm.plan.describe import summary_text

    put("\n\n".join(summary_text(a, style) for a in made))
