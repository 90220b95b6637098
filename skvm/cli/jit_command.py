"""`skvm jit`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from skvm.cli.common import format_option, put, put_json


@click.group("jit")
def command() -> None:
    """Solidified steps: what code replaced a model, on which evidence, behind which guards."""


def _show(page: Callable[[Any], Any], form: str) -> int:
    from skvm.app.evidence import with_book

    shown = with_book(page)
    if form == "json":
        put_json(shown.data)
    else:
        put(shown.text or "nothing recorded yet")
    return 0


@command.command("learn")
@click.argument("traces", nargs=-1, type=click.Path(path_type=Path))
@click.option("--skill", help="keep the rules for runs of this skill; without TRACES learn from its own recorded runs")
@click.option("--forget", is_flag=True, help="drop the rules kept for --skill")
@click.option("--serve", multiple=True, type=click.Path(path_type=Path), metavar="TRACES", help="runs to try the rules on")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="write what was learned to a file")
@format_option()
def learn_(
    traces: tuple[Path, ...], skill: str | None, forget: bool, serve: tuple[Path, ...], output: Path | None, form: str
) -> int:
    """Rules for the next read of an agent, out of recorded runs; nothing is run.

    Reads traj/1, OpenAI messages (a conversation or a message a line), and session files of Claude Code and Codex; of a folder
    all .json and .jsonl files below it. What cannot be read is told with its line, and the rest is used. With --skill a run of
    that skill does a read that a rule foretells before the model is asked, and shows it the result.
    """
    from skvm.app.foreseeing import forgotten, kept_for, kept_text, learned, learned_text
    from skvm.diag import UsageError
    from skvm.store import write_aside

    if skill is None and (forget or not traces):
        raise UsageError("nothing to learn from", help="name files of recorded runs, or a skill with --skill")
    if forget and skill is not None:
        put(f"{forgotten(skill)} sets of rules dropped")
        return 0
    made = kept_for(skill, traces) if skill is not None else learned(traces, serve)
    for problem in made["problems"]:
        click.echo(f"warning: {problem}", err=True)
    if output is not None:
        write_aside(output, f"{json.dumps(made, indent=1)}\n".encode())
    if form == "json":
        put_json(made)
    else:
        put(kept_text(made) if skill is not None else learned_text(made))
    return 0


@command.command("list")
@click.option("--skill", help="only steps of this skill")
@click.option("--all", "former", is_flag=True, help="also codes that wider ones took the place of")
@format_option()
def list_(skill: str | None, former: bool, form: str) -> int:
    """All solidified and watched steps with their state."""
    from skvm.jit.show import list_steps

    return _show(lambda book: list_steps(book, skill, former), form)


@command.command("eval")
@click.argument("id", required=False)
@click.option("--skill", help="only steps of this skill")
@format_option()
def eval_(id: str | None, skill: str | None, form: str) -> int:
    """What live code would have done in the model runs that are kept; nothing is run.

    Exits 1 where code that serves would have done otherwise than the model did.
    """
    from skvm.app.evidence import with_book
    from skvm.jit.evaluate import evaluate

    shown = with_book(lambda book: evaluate(book, id, skill))
    if form == "json":
        put_json(shown.data)
    else:
        put(shown.text)
    return 1 if any(row["otherwise"] and row["state"] == "promoted" for row in shown.data["items"]) else 0


@command.command("show")
@click.argument("id")
@format_option()
def show_(id: str, form: str) -> int:
    """Code, holes with their provenance, guards and evidence of one solidified step."""
    from skvm.jit.show import show

    return _show(lambda book: show(book, id), form)


@command.command("why")
@click.argument("step")
@format_option()
def why_(step: str, form: str) -> int:
    """History of a step: state changes and every guard that was missed."""
    from skvm.jit.show import why

    return _show(lambda book: why(book, step), form)


@command.command("adapted")
@click.argument("skill", required=False)
@format_option()
def adapted_(skill: str | None, form: str) -> int:
    """Which plan runs for a skill on a target, which variants were compared with it, and what its runs say."""
    from skvm.app.adapting import adapted
    from skvm.app.settings import Settings

    page = adapted(skill, Settings.from_environment())
    if form == "json":
        put_json(page.data)
    else:
        put(page.text)
    return 0


@command.command("rollback")
@click.argument("skill")
@click.argument("digest", required=False, default="")
@click.option("--target", help="where the skill was adapted to several")
@format_option()
def rollback_(skill: str, digest: str, target: str | None, form: str) -> int:
    """Run another plan of SKILL (its name) again: one that ran before, by DIGEST, or without one as it was compiled."""
    from skvm.app.adapting import roll_back
    from skvm.app.settings import Settings

    record = roll_back(skill, digest, target, Settings.from_environment())
    if form == "json":
        put_json({"skill": record.skill, "target": record.target, "active": record.active})
    else:
        put(f"{record.skill} on {record.target} runs {record.active or 'as compiled from the profile'}")
    return 0


@command.command("drop")
@click.argument("id")
@format_option()
def drop_(id: str, form: str) -> int:
    """Forget one solidified step."""
    from skvm.jit.show import drop

    return _show(lambda book: drop(book, id), form)


@command.command("review")
@click.argument("id")
@click.option("--accept/--reject", "accept", default=None, help="a person's verdict; without one the code is shown")
@format_option()
def review_(id: str, accept: bool | None, form: str) -> int:
    """Accept or reject one solidified step after reading it; without a verdict it is shown, and nothing changes."""
    from skvm.jit.show import review, show

    if accept is None:
        return _show(lambda book: show(book, id), form)
    return _show(lambda book: review(book, id, accept), form)
