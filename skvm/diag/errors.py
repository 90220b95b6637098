"""Errors that end a command. Problems *in a skill* are diagnostics, never exceptions.

SkvmError
 |- UsageError          2   the call is wrong: option, path, unknown model or profile
 |- TargetError         3   the model or harness failed: refused key, dead server, timeout, rate limit
 |- EnvironmentFailure  3   this machine lacks something: sandbox, executable, disk
 |   `- SandboxError    3
 |- StoreError          3   state could not be read or written
 |- PlanError           2   not a plan this version can run
 |- CheckError          4   ran, but its checks failed
 |   |- LimitHit        4   an own limit ended the run
 |   |- BudgetError     4
 |   `- InDoubtError    4   an effect may or may not have happened
 `- InternalError     101   a bug of skvm
"""

from __future__ import annotations


class SkvmError(Exception):
    """One line that says what and where, one that says what to do; `code` (`SKVnnn`) where there is a page about it."""

    exit_code = 101
    transient = False

    def __init__(self, message: str, *, where: str = "", help: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.help = help
        self.code = code

    def line(self) -> str:
        """The error as shown to a user, in one line."""
        said = f"{self.code} {self.message}" if self.code else self.message
        head = f"{self.where}: {said}" if self.where else said
        return f"{head}; {self.help}" if self.help else head


class UsageError(SkvmError):
    """The command was called wrongly."""

    exit_code = 2


class PlanError(SkvmError):
    """A file is not a plan, or one of a newer schema."""

    exit_code = 2


class TargetError(SkvmError):
    """Model or harness failed. `kind`: auth, rate, outage, timeout, unsupported, context, filter, protocol."""

    exit_code = 3

    def __init__(
        self, message: str, *, kind: str = "outage", transient: bool = False, retry_after: float | None = None, help: str = ""
    ) -> None:
        super().__init__(message, help=help)
        self.kind = kind
        self.transient = transient
        self.retry_after = retry_after


class EnvironmentFailure(SkvmError):
    """The machine lacks something that is needed."""

    exit_code = 3


class SandboxError(EnvironmentFailure):
    """No sandbox proved itself, or the sandbox itself (not the program in it) failed."""


class StoreError(SkvmError):
    """State could not be read or written."""

    exit_code = 3


class CheckError(SkvmError):
    """The run ended but its result is not accepted."""

    exit_code = 4


class LimitHit(CheckError):
    """An own limit (wall, tokens, cost, turns, processes) was reached. `limit` names it."""

    def __init__(self, message: str, *, limit: str, help: str = "") -> None:
        super().__init__(message, help=help)
        self.limit = limit


class BudgetError(CheckError):
    """A budget of calls or money is used up."""


class InDoubtError(CheckError):
    """An effect was begun and its end is not recorded."""


class InternalError(SkvmError):
    """A bug in skvm itself."""
