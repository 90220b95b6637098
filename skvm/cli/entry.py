"""The command group, lazily loaded, and the one place where errors become lines and exit codes."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, NoReturn

import click

from skvm import __version__

COMMANDS = {
    "check": "diagnostics of skills",
    "outline": "what was understood of a skill",
    "ir": "the typed program of a skill",
    "diff": "what changed between two skills, by meaning",
    "compile": "compile skills for a target",
    "explain": "why a plan is as it is, or what a code means",
    "emit": "a compiled skill as an agent program reads it, and the original back",
    "env": "what a skill needs on this machine",
    "lock": "note what plans are made from",
    "verify": "whether locked plans would come out again",
    "schema": "JSON schemas of plans and locks",
    "run": "run a skill or a plan",
    "worker": "do runs that others handed in, or that dead processes left",
    "runs": "past runs",
    "trace": "timeline of a run",
    "profile": "capability profiles",
    "coverage": "which targets are able to do which skills",
    "jit": "solidified steps",
    "ledger": "what solidified steps saved",
    "doctor": "what this machine lacks",
}


class LazyGroup(click.Group):
    """Loads `skvm.cli.<command>` only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the help page."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import and return one command, None for an unknown name."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"skvm.cli.{name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help page's list, without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="skvm")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Compile agent skills and run them: typed, bound to a model's measured capabilities, sandboxed, cached."""


def entry(started: float, argv: list[str] | None = None) -> NoReturn:
    """Run one command and exit. `started`: monotonic time of process start, from which deadlines count."""
    code = _guarded(started, argv)
    try:
        sys.stdout.flush()
    except OSError:
        code = code or 3
    # Vendor threads that hang (a dead server under a deadline) must not keep the process alive.
    sys.stderr.flush()
    os._exit(code)


def _guarded(started: float, argv: list[str] | None) -> int:
    from skvm.diag.errors import SkvmError

    try:
        result: Any = group.main(args=argv, prog_name="skvm", standalone_mode=False, obj={"started": started})
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        return _fail("interrupted", 130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        hint = getattr(getattr(error, "ctx", None), "command_path", "skvm")
        return _fail(f"{error.format_message().rstrip('.')}; see `{hint} --help`", 2)
    except SkvmError as error:
        return _fail(error.line(), error.exit_code)
    except BrokenPipeError:
        return _nobody_reads()
    except SystemExit:  # click's way of saying that whoever read the output went away; nothing here exits by itself
        return _nobody_reads()
    except BaseException as error:
        return _unexpected(error)


def _nobody_reads() -> int:
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
    return 0


def _unexpected(error: BaseException) -> int:
    flat = _leaves(error)
    from skvm.diag.errors import SkvmError

    known = next((e for e in flat if isinstance(e, SkvmError)), None)
    if known is not None:
        return _fail(known.line(), known.exit_code)
    if any(isinstance(e, KeyboardInterrupt) for e in flat):
        return _fail("interrupted", 130)
    first = flat[0]
    if isinstance(first, OSError) and first.strerror:
        where = f"{first.filename}: " if first.filename else ""
        return _fail(f"{where}{first.strerror}", 3)
    if os.environ.get("SKVM_DEBUG"):
        import traceback

        traceback.print_exception(error)
    python = sys.version.split()[0]
    text = f"this is a bug in skvm {__version__} (Python {python}): {type(first).__name__}: {first}"
    return _fail(f"{text}; set SKVM_DEBUG=1 to see where", 101)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for e in error.exceptions for leaf in _leaves(e)]
    return [error]


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split())
    try:
        sys.stderr.write(f"skvm: {line}\n")
    except OSError:
        return code
    return code
