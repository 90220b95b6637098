"""`skvm ir`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skvm.cli.common import OutputPath, format_option, note, progress, put, put_items, put_json, skills_argument

if TYPE_CHECKING:
    from skvm.app.inputs import SkillInput


@click.command("ir")
@skills_argument
@click.option("--as", "form_as", type=click.Choice(["program", "ssl"]), default="program", help="ssl: the published SSL record")
@click.option("--sidecar", type=OutputPath(dir_okay=False), help="write there what an SSL record has no place for (JSON)")
@click.option("--from", "form_from", type=click.Choice(["skill", "ssl"]), default="skill", help="ssl: each word names a record")
@click.option(
    "--text",
    "text_to",
    type=OutputPath(dir_okay=False),
    help="write there the text that a record's spans are in",
)
@format_option()
def command(
    skills: tuple[str, ...], form_as: str, sidecar: Path | None, form_from: str, text_to: Path | None, form: str
) -> int:
    """The typed program: scheduling, structural and logical layers, every node with its span."""
    from skvm.app.inputs import expand_inputs

    if sidecar is not None and form_as != "ssl":
        raise click.UsageError("--sidecar goes with --as ssl")
    if form_from == "ssl":
        if form_as == "ssl":
            raise click.UsageError("--from ssl reads records; --as ssl makes them")
        return _records(skills, text_to, form)
    if text_to is not None:
        raise click.UsageError("--text goes with --from ssl: a skill has its own text")
    inputs = expand_inputs(skills)
    return _ssl(inputs, sidecar) if form_as == "ssl" else _programs(inputs, form)


def _programs(inputs: Sequence[SkillInput], form: str) -> int:
    from skvm.app.check import diagnose
    from skvm.ir.printer import program_text

    rows = []
    for item in inputs:
        source = item.load()
        program, _ = diagnose(source)
        if form == "json":
            rows.append({"digest": program.digest, **program.model_dump(mode="json")})
        else:
            put(program_text(program, source.main))
    if form == "json":
        put_items(rows)
    return 0


def _records(words: Sequence[str], text_to: Path | None, form: str) -> int:
    """Programs of records; what is wrong with a record, or has no place in a program, is told on stderr."""
    from skvm.app.inputs import save_result
    from skvm.app.records import read_record
    from skvm.ir.printer import program_text

    if text_to is not None and len(words) > 1:
        raise click.UsageError("--text is for one record")
    rows, read = [], [read_record(word) for word in words]
    for one in read:
        for line in one.said:
            note(line)
        if one.program is None or one.source is None:
            continue
        if text_to is not None:
            save_result(text_to, one.source.main.raw)
        rows.append({"digest": one.program.digest, **one.program.model_dump(mode="json")})
        if form != "json":
            put(program_text(one.program, one.source.main))
    if form == "json" and rows:
        put_json(rows[0] if len(words) == 1 else {"items": rows})
    return 0 if len(rows) == len(read) else 1


def _ssl(inputs: Sequence[SkillInput], sidecar: Path | None) -> int:
    """Records on stdout; skills that have none are counted on stderr, and a single one of them exits 1."""
    from skvm.app.inputs import save_result
    from skvm.app.views import ssl_of
    from skvm.diag import render
    from skvm.ir import canonical_json

    results = [ssl_of(i.load(), i.shown) for i in progress(inputs, len(inputs), "exporting")]
    for result in results:
        for located in result.located:
            note(render.full(located) if len(inputs) == 1 else render.concise(located))
    made = [r for r in results if r.record is not None]
    if sidecar is not None and made:
        rows = [r.sidecar for r in made]
        save_result(sidecar, canonical_json(rows[0] if len(inputs) == 1 else {"items": rows}) + b"\n")
    if len(inputs) > 1:
        put_json({"items": [r.record for r in made]})
        note(f"{len(inputs)} skills: {len(made)} as SSL records, {len(inputs) - len(made)} not expressible")
        return 0
    if made:
        put_json(made[0].record)
    return 0 if made else 1
