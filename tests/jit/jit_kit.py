"""Helpers: a record store in memory, step contexts, and a driver that serves or asks a reference function."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from skvm.capability import Level
from skvm.ir import EffectClass
from skvm.jit.adapt import AdaptRecord, Variant
from skvm.plan import (
    CallRecord,
    Executor,
    ExecutorKind,
    GuardContext,
    Requires,
    Slice,
    StepNode,
    StepResult,
    StepStatus,
)
from skvm.ports import Offer, StepContext
from skvm.source import Span, digest_bytes


class MemoryBlobs:
    """`ports.Blobs` in a dict; `fail_at` makes the n-th save raise, as a crash would."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {}
        self.saves = self.drops = 0
        self.fail_at: int | None = None

    def put(self, data: bytes) -> str:
        return digest_bytes(data)

    def get(self, digest: str) -> bytes:
        raise KeyError(digest)

    def records(self, table: str) -> Iterable[tuple[str, Any]]:
        return sorted(copy.deepcopy(self.tables.get(table, {})).items())

    def save(self, table: str, key: str, value: Any) -> None:
        self.saves += 1
        if self.fail_at is not None and self.saves >= self.fail_at:
            raise OSError("no space left")
        self.tables.setdefault(table, {})[key] = copy.deepcopy(value)

    def load(self, table: str, key: str) -> Any | None:
        return copy.deepcopy(self.tables.get(table, {}).get(key))

    def drop(self, table: str, key: str) -> None:
        self.drops += 1
        self.tables.get(table, {}).pop(key, None)

    def generation(self) -> object:
        return self.saves, self.drops


def node(key: str = "sha256:" + "a1" * 32, id: str = "S1.s1", effect: EffectClass = EffectClass.IDEMPOTENT) -> StepNode:
    return StepNode(
        id=id,
        key=key,
        title="Step",
        span=Span("SKILL.md", 0, 1),
        executor=Executor(kind=ExecutorKind.MODEL, target="sim/x"),
        slice=Slice(goal="g", text="t"),
        requires=(Requires(primitive="tool.exec", level=Level.L1),),
        effect_class=effect,
    )


def context(
    task: str = "",
    *,
    run: str = "r",
    files: dict[str, str] | None = None,
    values: dict[str, dict[str, Any]] | None = None,
    item: str | None = None,
    step: StepNode | None = None,
    slice_digest: str = "sha256:slice",
    simulated: bool | None = None,
    digests: dict[str, str] | None = None,
    scope: str = "",
) -> StepContext:
    return StepContext(
        skill="demo",
        run=run,
        node=step or node(),
        scope=scope,
        task=task,
        files=files or {},
        values=values or {},
        item=item,
        guard=GuardContext(
            slice_digest=slice_digest,
            tool_versions={"execute_command": "1", "write_file": "1", "read_file": "1"},
            sandbox="box/1",
            verdicts={"tool.exec": "met", "other": "weak"},
            files=digests or {},
            simulated=simulated,
        ),
    )


def call(tool: str, args: dict[str, Any], result: str = "ok", *, effect: str = "pure", ok: bool = True) -> CallRecord:
    command = tool == "execute_command"
    return CallRecord(
        tool=tool,
        args=args,
        result=result,
        ok=ok,
        effect=effect,
        exit_code=(0 if ok else 1) if command else None,
        stdout=result if command else None,
        seconds=0.25,
    )


def done(calls: Iterable[CallRecord] = (), values: dict[str, Any] | None = None, summary: str = "") -> StepResult:
    return StepResult(
        status=StepStatus.DONE,
        calls=tuple(calls),
        values=values or {},
        summary=summary,
        executor="model",
        model_calls=3,
        prompt_tokens=900,
        completion_tokens=100,
        seconds=6.0,
    )


Tool = Callable[[str, dict[str, Any]], CallRecord]
Program = Callable[[StepContext, Tool], tuple[dict[str, Any], str]]


def by_model(program: Program, tool: Tool, seen: StepContext) -> StepResult:
    """What the reference program does, as a model run."""
    calls: list[CallRecord] = []

    def run(name: str, args: dict[str, Any]) -> CallRecord:
        calls.append(tool(name, args))
        return calls[-1]

    values, summary = program(seen, run)
    return done(calls, values, summary)


def by_code(book: Any, offer: Offer, tool: Tool, seen: StepContext) -> StepResult | None:
    """What the executor does with an offer; None when it is handed back midway (then nothing wrong may have been done)."""
    calls: list[CallRecord] = []
    going: Offer | None = book.onward(offer, seen, ())
    while going is not None and (planned := book.following(going, seen, tuple(calls))) is not None:
        args = book.fill(going, seen, len(calls), tuple(calls))
        if args is None:
            return None
        calls.append(tool(planned.tool, args))
        going = book.onward(going, seen, tuple(calls))
    ended = None if going is None else book.finish(going, seen, tuple(calls))
    return None if ended is None else done(calls, *ended)


def variant_of(record: AdaptRecord, digest: str) -> Variant:
    """One variant by its digest."""
    (found,) = (v for v in record.variants if v.digest == digest)
    return found
