"""What a step leaves behind."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from skvm.ir import Frozen


class StepStatus(StrEnum):
    """End states of a step; `cannot` = the model said so, `in_doubt` = an effect began and its end is not recorded."""

    DONE = "done"
    CANNOT = "cannot"
    FAILED = "failed"
    SKIPPED = "skipped"
    WAITING = "waiting"
    LIMIT = "limit"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"


class FileResult(Frozen):
    """A file created or changed in the work folder; `path` relative to it."""

    path: str
    sha256: str
    size: int


class CallRecord(Frozen):
    """One tool call as it happened. `args` is the decoded object; `result` the text the model saw (bounded).

    `stdout` is the bounded standard output of a command, None for other tools.
    """

    tool: str
    args: dict[str, Any]
    result: str
    ok: bool
    exit_code: int | None = None
    stdout: str | None = None
    seconds: float = 0.0
    effect: str = "pure"


class StepResult(Frozen):
    """Typed result of a step on the blackboard."""

    status: StepStatus
    summary: str = ""
    values: dict[str, Any] = {}
    files: tuple[FileResult, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    reason: str = ""
    executor: str = ""
    model_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    seconds: float = 0.0
    simulated: bool = False
