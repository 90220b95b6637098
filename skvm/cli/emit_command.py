"""`skvm emit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from skvm.cli.common import OutputPath, format_option, progress, put, put_items, put_json, skills_argument, style


@click.command("emit")
@skills_argument
@click.option("--harness", metavar="NAME", help="which agent program is to read it: claude-code, codex, goose, ...")
@click.option("--target", metavar="MODEL[@HARNESS]", help="help its steps where this target is measured below what they need")
@click.option("--profile", type=click.Path(path_type=Path), help="a profile file instead of the one found by name")
@click.option("--restore", is_flag=True, help="give the author's skill back from an emitted folder")
@click.option("-o", "--output", required=True, type=OutputPath(), help="folder for the emitted skills")
@format_option()
def command(skills: tuple[str, ...], restore: bool, output: Path, form: str, **given: Any) -> int:
    """Write skills as a harness reads them: the author's text, edited only where a measured gap asks for it."""
    from skvm.diag import UsageError

    if restore:
        if len(skills) != 1:
            raise UsageError("--restore takes one emitted folder", help="name its folder, and a new one with -o")
        return _restore(Path(skills[0]), output, form)
    if given["harness"] is None:
        raise UsageError("no harness is named", help="name one with --harness, for example --harness claude-code")
    return _emit(skills, output, form, given)


def _emit(skills: tuple[str, ...], output: Path, form: str, given: dict[str, Any]) -> int:
    from skvm.app.emitting import EmitOptions, emit_to
    from skvm.app.inputs import expand_inputs
    from skvm.app.settings import Settings

    options, settings = EmitOptions(into=output, **given), Settings.from_environment()
    inputs = expand_inputs(skills)
    rows = [emit_to(item.load(), options, settings).to_json() for item in progress(inputs, len(inputs), "emitting")]
    if form == "json":
        put_items(rows)
    else:
        put("\n\n".join(_text(row) for row in rows))
    return 0


def _restore(folder: Path, output: Path, form: str) -> int:
    from skvm.app.emitting import restore_to

    place = restore_to(folder, output)
    if form == "json":
        put_json({"folder": str(place)})
    else:
        put(f"{style(str(place), 'bold')}: the author's skill, byte for byte")
    return 0


def _text(row: dict[str, Any]) -> str:
    lines = [f"{style(row['skill'], 'bold')} for {style(row['harness'], 'bold')}: {row['folder']}"]
    lines += [style("  byte for byte the author's text", "good")] if row["identical"] else []
    for edit in row["edits"]:
        at = f" (line {', '.join(map(str, edit['lines'][:4]))})" if edit["lines"] else ""
        lines.append(f"  {style('edit', 'warning')}{at}: {edit['gap']}")
        lines += [style(f"      + {line}", "dim") for line in edit["text"].strip().splitlines()[:6]]
    lines += [f"  {style('note', 'info')}: {note}" for note in row["notes"]]
    places = [f"{p}/ of a project" for p in row["found_in"]["project"][:1]] + [f"{p}/" for p in row["found_in"]["home"][:1]]
    lines += [style(f"  {row['harness']} finds it in {' or '.join(places)}", "dim")] if places else []
    return "\n".join(lines)
