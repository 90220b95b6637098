"""`skvm run`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from skvm.cli.common import Amount, format_option, note, put, put_json, started, style
from skvm.cli.live_view import Limits, view


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    pairs: dict[str, Path] = {}
    for value in values:
        name, sign, path = value.partition("=")
        if not (name and sign and path):
            raise click.BadParameter(f"{value!r} is not NAME=PATH")
        if "/" in name or name in (".", ".."):
            raise click.BadParameter(f"{name!r} is not a plain file name")
        if name in pairs:
            raise click.BadParameter(f"{name!r} is given twice")
        pairs[name] = Path(path)
    return pairs


@click.command("run")
@click.argument("what", metavar="SKILL-or-PLAN", type=click.Path(path_type=Path))
@click.option("--model", required=True, help="a litellm model id, sim/NAME (simulated) or replay:DIR")
@click.option("--harness", default="builtin", show_default=True, help="only the built-in agent runs skills so far")
@click.option("--api-base", metavar="URL", help="where an OpenAI-compatible server listens")
@click.option("--input", "task", default="", metavar="TEXT", help="the task, in words")
@click.option("--file", "files", multiple=True, callback=_pairs, metavar="NAME=PATH", help="an input file; may be repeated")
@click.option("--workdir", type=click.Path(path_type=Path, file_okay=False), help="work here instead of in a fresh folder")
@click.option(
    "--mode", type=click.Choice(["plan", "raw"]), default="plan", show_default=True, help="raw: the whole skill as one agent"
)
@click.option("--deadline", type=Amount(), metavar="S", help="seconds from process start")
@click.option("--max-tokens", type=click.IntRange(1), metavar="N", help="end the run at so many tokens")
@click.option("--max-cost", type=Amount(zero=True), metavar="USD", help="end the run at this cost")
@click.option("--env", multiple=True, metavar="NAME", help="let steps whose manifest cites it see this variable")
@click.option("--yes", is_flag=True, help="approve gates (never effects in doubt or new permissions)")
@click.option("--dry-run", is_flag=True, help="show plan, permissions and estimate, and do nothing")
@click.option("--resume", metavar="RUN", help="continue a run where it stopped")
@click.option(
    "--engine",
    type=click.Choice(["local", "dbos"]),
    default="local",
    show_default=True,
    help="dbos: another process goes on when this one dies; SKVM_ENGINE_URL is its database",
)
@click.option("--detach", is_flag=True, help="only hand the run to the workers of the engine (see `skvm worker`)")
@click.option("--seed", type=int, default=0, help="seed of a simulated model")
@click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="keep what the model answers; replay:DIR is then a model",
)
@click.option("--otel", is_flag=True, help="send spans to the collector of OTEL_EXPORTER_OTLP_ENDPOINT")
@click.option("--build", is_flag=True, help="build the isolated prefix of the skill first, see `skvm env --apply`")
@click.option("--no-solid", is_flag=True, help="do not use or learn solidified steps")
@click.option(
    "--adapt", is_flag=True, help="learn from the run; compile steps again, and compare, where they go wrong more often"
)
@click.option("--pool", multiple=True, metavar="MODEL", help="with --adapt: another model for steps that are compiled again")
@click.option(
    "--check", "check_file", type=click.Path(path_type=Path, dir_okay=False), help="a task file whose checks must hold"
)
@format_option()
def command(
    what: Path,
    form: str,
    dry_run: bool,
    detach: bool,
    check_file: Path | None,
    no_solid: bool,
    adapt: bool,
    pool: tuple[str, ...],
    **given: Any,
) -> int:
    """Run a skill or a compiled plan on a model; every effect happens in the sandbox."""
    from skvm.app.running import RunOptions
    from skvm.app.settings import Settings

    settings = Settings.from_environment()
    options = RunOptions(started=started(click.get_current_context()), solid=not no_solid, **given)
    if dry_run:
        return _dry(what, options, settings, form)
    if check_file is not None:
        from skvm.app.tasks import load_task

        load_task(check_file)  # what is wrong with it is told before the run, not after
    from skvm.app.carrying import hand_in, run_blocking  # its locks try the disk when they are imported

    if adapt:
        from skvm.app.adapting import check_adaptable

        check_adaptable(what, options)
    if detach:
        return _detached(hand_in(what, options, settings), check_file, form)
    with view(Limits(options.deadline, options.max_tokens, options.max_cost)) as shown:
        outcome = run_blocking(what, replace(options, on_event=shown.event, say=shown.note), settings)
    checks = _checks(check_file, outcome, settings) if check_file else None
    failed = None
    if adapt:
        instead = _adapted(what, outcome, replace(options, say=note), settings, check_file, pool)
        if instead is not None:
            failed, outcome = outcome, instead
            checks = _checks(check_file, outcome, settings) if check_file else None
    if form == "json":
        before = {"instead_of": failed.to_json()} if failed is not None else {}
        put_json({**outcome.to_json(), **({"checks": checks} if checks is not None else {}), **before})
    else:
        put(_text(outcome, checks, failed))
    if outcome.error is not None:
        note(f"skvm: {outcome.error.line()}")
    if outcome.exit_code == 0 and checks and not all(c["ok"] for c in checks):
        return 4
    return int(outcome.exit_code)


def _adapted(what: Path, outcome: Any, options: Any, settings: Any, file: Path | None, pool: tuple[str, ...]) -> Any:
    """Say what came of it in the last line of the record; a run beside it that did the failed task right, or None."""
    from skvm.app.adapting import adapt_after

    def judge(ended: Any) -> bool:
        return ended.exit_code == 0 and (file is None or all(c["ok"] for c in _checks(file, ended, settings)))

    record, instead = adapt_after(what, outcome, options, settings, judge, pool)
    if record.history:
        note(f"adapting: {record.history[-1].what}")
    return instead


def _detached(run: str, check_file: Path | None, form: str) -> int:
    if check_file is not None:
        note("--check is left out: the run has only begun")
    if form == "json":
        put_json({"run": run, "status": "queued"})
    else:
        put(f"run {run}: queued; `skvm runs` says how it is, `skvm worker` does it")
    return 0


def _dry(what: Path, options: Any, settings: Any, form: str) -> int:
    from skvm.app.asked import CompileOptions
    from skvm.app.compiling import artifact_at
    from skvm.app.policy import policy_of
    from skvm.app.running import target_of
    from skvm.plan.dry_run import dry_run_json, dry_run_text

    artifact, _ = artifact_at(what, CompileOptions(target=str(target_of(options))), settings)
    policy = policy_of(settings)
    if form == "json":
        put_json({**dry_run_json(artifact, policy), "mode": options.mode})
    else:
        if options.mode == "raw":
            put("mode raw: one agent does it all, in what order it likes; steps and estimate below are those of mode plan")
        put(dry_run_text(artifact, style, policy))
    return 0


def _checks(file: Path, outcome: Any, settings: Any) -> list[dict[str, Any]]:
    from skvm.app.running import check_outcome

    return check_outcome(file, outcome, settings)


def _text(outcome: Any, checks: list[dict[str, Any]] | None, failed: Any = None) -> str:
    simulated = "  SIMULATED model: its numbers are not a real model's" if outcome.simulated else ""
    status = style(outcome.status, "good" if outcome.exit_code == 0 else "error")
    lines = [f"run {outcome.run}: {status}{simulated}"]
    lines += [_row(row) for row in outcome.steps]
    t = outcome.totals
    unpriced = "no price (simulated)" if outcome.simulated else "price unknown"
    cost = unpriced if t.cost is None else f"{t.cost:.4f} USD"
    lines.append(f"  total: {t.model_calls} model calls, {t.tokens} tokens, {t.seconds:.2f} s, {cost}")
    lines += [f"  wrote {o.path} ({o.size} bytes)" for o in outcome.outputs]
    if outcome.reason and outcome.error is None:
        lines.append(f"  {outcome.reason}")
    if failed is not None:
        t = failed.totals
        lines.append(f"  instead of run {failed.run}, which failed ({t.model_calls} model calls, {t.tokens} tokens more)")
    if outcome.status == "waiting":
        lines.append(f"  to approve: the same command with --resume {outcome.run} --yes, or --resume alone at a terminal")
    for check in checks or ():
        lines.append(
            f"  check {style('ok', 'good') if check['ok'] else style('FAILED', 'error')}: {check['check']} {check['detail']}"
        )
    return "\n".join(lines)


def _row(row: Any) -> str:
    counts = f"{row.model_calls:3} calls {row.tokens:7} tokens {row.seconds:6.2f} s"
    why = f"  ({row.reason})" if row.reason else ""
    name = f"{row.id} {row.scope}".rstrip()
    return f"  {name:10} {row.executor:8} {row.status:9} {counts}  {row.title[:60]}{why}"
