"""`skvm env`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skvm.cli.common import Amount, OutputPath, format_option, note, put, put_items, skills_argument, style
from skvm.diag import UsageError

if TYPE_CHECKING:
    from skvm.app.environment import EnvironmentOptions, Prefix
    from skvm.app.inputs import SkillInput
    from skvm.app.settings import Settings
    from skvm.plan import EnvironmentLock

MARKS = {"present": ("+", "good"), "missing": ("-", "error"), "unknown": ("?", "warning")}
LOCK = Path("skvm-environment.lock")


@click.command("env")
@skills_argument
@click.option("--lock", "locking", is_flag=True, help="write which packages, with hashes, answer what the skill asks for")
@click.option("-o", "--output", type=OutputPath(), help=f"file of the lock ({LOCK}), or folder for several")
@click.option("--apply", "applying", is_flag=True, help="build the isolated prefix that runs of the skill use")
@click.option("--from", "given", type=click.Path(path_type=Path), metavar="FILE", help="build what this lock says")
@click.option("--without", multiple=True, metavar="NAME", help="leave a package out; may be repeated")
@click.option("--offline", is_flag=True, help="with --lock: ask no index; names only")
@click.option("--deadline", type=Amount(), default=1800.0, show_default=True, metavar="S", help="seconds for one build")
@click.option("--max-size", type=click.IntRange(1), default=4096, show_default=True, metavar="MIB", help="most of a prefix")
@format_option()
def command(
    skills: tuple[str, ...],
    form: str,
    locking: bool,
    output: Path | None,
    applying: bool,
    given: Path | None,
    deadline: float,
    max_size: int,
    **choices: Any,
) -> int:
    """What a skill needs on this machine, as one report: present, missing with how to get it, unknown.

    Programs are started and modules imported in the sandbox, as the steps of the skill would find them.
    """
    from skvm.app.environment import EnvironmentOptions, build_limits
    from skvm.app.inputs import expand_inputs
    from skvm.app.settings import Settings

    if (given and not applying) or (output and not locking) or (choices["offline"] and (applying or not locking)):
        raise UsageError(
            "--from goes with --apply, -o and --offline with --lock, --offline not with --apply", help="see `skvm env --help`"
        )
    settings = Settings.from_environment()
    options = EnvironmentOptions(limits=build_limits(deadline, max_size), say=note, **choices)
    items = expand_inputs(skills)
    if locking or applying:
        return _provide(items, options, settings, form, output if locking else None, locking, applying, given)
    return _report(items, settings, form)


def _report(items: list[SkillInput], settings: Settings, form: str) -> int:
    from skvm.app.machine import preflight_of

    reports = [preflight_of(i.load(), settings) for i in items]
    if form == "json":
        put_items(reports)
    else:
        put("\n\n".join(_text(r) for r in reports))
    return 1 if any(r["missing"] for r in reports) else 0


def _provide(
    items: list[SkillInput],
    options: EnvironmentOptions,
    settings: Settings,
    form: str,
    output: Path | None,
    locking: bool,
    applying: bool,
    given: Path | None,
) -> int:
    """Lock and build, one skill after the other; nothing is written before all are locked."""
    from skvm.app.environment import answer, apply_environment
    from skvm.app.inputs import save_result

    locks = [answer(item.load(), options, settings, given, fresh=locking) for item in items]
    if locking:
        for lock, path in zip(locks, _files(locks, output), strict=True):
            save_result(path, lock.to_bytes())
            note(f"wrote {path}")
    prefixes = [apply_environment(lock, options, settings) for lock in locks] if applying else [None] * len(locks)
    if form == "json":
        put_items([_row(lock, prefix) for lock, prefix in zip(locks, prefixes, strict=True)])
    else:
        put("\n".join(_line(lock, prefix, applying) for lock, prefix in zip(locks, prefixes, strict=True)))
    return 0


def _files(locks: list[EnvironmentLock], output: Path | None) -> list[Path]:
    from skvm.app.inputs import file_name

    if len(locks) == 1:
        return [output or LOCK]
    return [(output or Path()) / f"{file_name(lock.skill)}.lock" for lock in locks]


def _row(lock: EnvironmentLock, prefix: Prefix | None) -> dict[str, Any]:
    built = (
        None
        if prefix is None
        else {"key": prefix.key, "size": prefix.size, "loaded": prefix.loaded, "folder": str(prefix.folder)}
    )
    return {"skill": lock.skill, "lock": lock.to_json(), "prefix": built}


def _line(lock: EnvironmentLock, prefix: Prefix | None, applying: bool) -> str:
    asked = [f"{p.name} {p.version}" for p in lock.packages if p.asked]
    rest = len(lock.packages) - len(asked)
    said = ", ".join(asked) + (f" and {rest} more" if rest else "") if asked else "no packages"
    said += "" if lock.resolved else " (made offline: names only)"
    if prefix is not None:
        return f"{lock.skill}: {said}; {prefix.size // 1024} KiB in {prefix.folder}"
    return f"{lock.skill}: {said}{'; nothing to build' if applying else f'; {lock.digest[:19]}'}"


def _text(report: dict[str, Any]) -> str:
    lines = [f"{report['skill']}: needs on this machine"]
    for state, (mark, role) in MARKS.items():
        lines += [line for row in report[state] for line in _need(row, state, mark, role)]
    if len(lines) == 1:
        lines.append("  nothing")
    if not report["sandbox"]:
        lines.append("  no sandbox proved itself here, so nothing was tried: see `skvm doctor`")
    if any(row["kind"] in ("pip", "npm") for row in report["missing"]):
        lines.append("  `skvm env SKILL --apply` puts the missing packages into a prefix of their own")
    return "\n".join(lines)


def _need(row: dict[str, Any], state: str, mark: str, role: str) -> list[str]:
    name = f"{row['name']}{' ' + row['version'] if row['version'] else ''}"
    who = f"; for {', '.join(row['steps'])}" if row["steps"] else ""
    at = f"; {row['places'][0]}" + (f" and {len(row['places']) - 1} more" if len(row["places"]) > 1 else "")
    lines = [f"  {style(mark, role)} {row['kind']:5} {name}  {style(row['detail'], 'dim')}"]
    if state != "present":
        lines.append(f"          {row['why']}{who}{at}" + (f"; get it: {row['hint']}" if row["hint"] else ""))
    return lines
