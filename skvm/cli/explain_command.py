"""`skvm explain`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skvm.cli.common import OutputPath, format_option, note, pool_options, put, put_items, put_json, style

if TYPE_CHECKING:
    from skvm.app.asked import CompileOptions
    from skvm.app.plans import Known
    from skvm.plan import Artifact
    from skvm.plan.queue import Rate


@click.command("explain")
@click.argument("what", metavar="SKILL-or-PLAN|SKVnnn")
@click.option("--target", default="sim/strong", show_default=True, metavar="MODEL[@HARNESS]", help="when a skill is named")
@click.option("--profile", type=click.Path(path_type=Path), help="a profile file instead of the one found by name")
@pool_options
@click.option("--html", type=OutputPath(), help="write one self-contained page with the graph")
@click.option("--cache", is_flag=True, help="does the cache hold this plan, and if not, what changed since the last one")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="RPM", help="what so many requests a minute cost")
@click.option("--token-rate", type=click.FloatRange(min=0, min_open=True), metavar="TPM", help="so many tokens a minute")
@click.option("--lanes", type=click.IntRange(min=1), metavar="N", help="so many requests at once")
@format_option()
def command(what: str, target: str, profile: Path | None, cache: bool, html: Path | None, form: str, **more: Any) -> int:
    """Why a plan is as it is: bindings, gaps, edges, critical path; or what a diagnostic code means."""
    if re.fullmatch(r"SKV\d{3}", what.upper()):
        return _code(what.upper(), form)
    from skvm.app.asked import CompileOptions
    from skvm.app.compiling import artifact_at
    from skvm.app.settings import Settings
    from skvm.plan.describe import explain_json, explain_text
    from skvm.plan.queue import FREE, Rate

    asked = Rate(more.pop("rate"), more.pop("token_rate"), more.pop("lanes"))
    rates = (asked,) if asked != FREE else ()
    options = CompileOptions(target, profile, **more)
    if cache:
        return _cache(what, options, form)
    artifact, _ = artifact_at(Path(what), options, Settings.from_environment())
    if html is not None:
        _page(artifact, html, rates)
    if form == "json":
        put_json(explain_json(artifact, rates))
    else:
        put(explain_text(artifact, style, rates))
    return 1 if any(d.severity == "error" for d in artifact.diagnostics) else 0


def _page(artifact: Artifact, path: Path, rates: tuple[Rate, ...]) -> None:
    from skvm.app.inputs import save_result
    from skvm.plan.page import plan_page

    save_result(path, plan_page(artifact, rates).encode("utf-8", "replace"))
    note(f"wrote {path}")


def _cache(what: str, options: CompileOptions, form: str) -> int:
    from skvm.app.compiling import request_of
    from skvm.app.inputs import expand_inputs
    from skvm.app.plans import Plans, parts_of
    from skvm.app.settings import Settings

    settings = Settings.from_environment()
    request, plans = request_of(options, settings), Plans(settings)
    sources = [(item.shown, item.load()) for item in expand_inputs([what])]
    found = [(shown, plans.known(plans.with_others(parts_of(source, request), source))) for shown, source in sources]
    if form == "json":
        put_items([{"path": shown, **known.to_json()} for shown, known in found])
        return 0
    put("\n".join(line for shown, known in found for line in _known(shown, known)))
    return 0


def _known(shown: str, known: Known) -> Iterator[str]:
    state = style("kept", "good") if known.hit else style("not kept", "warning")
    yield f"{shown}: the plan is {state}"
    if known.changed is None:
        yield "  no plan of this skill was made before"
    elif known.changed:
        yield f"  changed since the last one: {', '.join(known.changed)}"
    for name, value in known.parts.items():
        yield style(f"  {name:8} {value[:100]}", "dim")


def _code(number: str, form: str) -> int:
    from skvm.diag import CODES, UsageError, explanation

    if number not in CODES:
        raise UsageError(f"no diagnostic has the code {number}", help="codes are printed by `skvm check`")
    code = CODES[number]
    if form == "json":
        row = {"code": number, "slug": code.slug, "summary": code.summary, "severity": code.severity.value}
        put_json({**row, "text": explanation(number)})
    else:
        put(explanation(number))
    return 0
