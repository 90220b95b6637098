"""What the executor asks of the outside: time, gates, solidified code, listeners."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from skvm.ir import Frozen
from skvm.plan import CallRecord, Event, GuardContext, SolidCall, SolidStep, StepNode, StepResult


class StepContext(Frozen):
    """A step about to run: its node, digest of its slice, and every input it may use.

    `task` is the task text, `files` input file name -> path in the work folder, `values` step id -> values,
    `item` the current item of a map, `guard` what guards look at (holes are filled by the book). `seen`: every reference to
    earlier results that the step is shown, resolved (`$step.ID.files` and `.summary` too); None = the book takes the named
    ones out of `values`. `held`: how likely the plan takes it that the model does this step right; None: not measured.
    """

    skill: str
    run: str
    node: StepNode
    scope: str = ""
    task: str = ""
    files: dict[str, str] = {}
    values: dict[str, dict[str, Any]] = {}
    item: str | None = None
    seen: dict[str, Any] | None = None
    held: float | None = None
    guard: GuardContext


class Offer(Frozen):
    """A solidified step whose guards hold. `code` says where values come from; calls that need earlier results of the same
    step are filled one by one through `SolidBook.fill`. With `shadow` it must not be executed: the model does the step.
    `others`: further codes of the step whose guards hold as well; with them `SolidBook.onward` is asked before each call and
    before the end."""

    code: SolidStep
    holes: dict[str, Any] = {}
    shadow: bool = False
    others: tuple[Offer, ...] = ()


class Refusal(Frozen):
    """A solidified step that exists but may not run now, and which guard said so."""

    solid: str
    guard: str
    reason: str


@runtime_checkable
class SolidBook(Protocol):
    """Solidified steps, looked up by content."""

    def lookup(self, context: StepContext) -> Offer | Refusal | None:
        """A step that may run, the guard that forbids it, or None when there is none."""
        ...

    def onward(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> Offer | None:
        """The offer that goes on after these calls, perhaps with other code; None = none does, or two would not do the same."""
        ...

    def following(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> SolidCall | None:
        """The call that comes after those done; None when all are made, or nobody knows: then `finish` will not have them."""
        ...

    def fill(self, offer: Offer, context: StepContext, index: int, done: tuple[CallRecord, ...]) -> dict[str, Any] | None:
        """Arguments of call `index` from inputs and earlier results; None = a hole cannot be filled, so deoptimise."""
        ...

    def finish(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> tuple[dict[str, Any], str] | None:
        """Values and summary after the last call; None = deoptimise."""
        ...

    def observe(self, context: StepContext, result: StepResult, simulated: bool) -> tuple[SolidStep, ...]:
        """Take note of a model step that ended by itself; returns records whose state changed."""
        ...

    def report(self, context: StepContext, solid: str, ok: bool, reason: str, result: StepResult | None) -> None:
        """Take note of a served (ok) or deoptimised step; not ok with a result: at its end it broke the step's contract."""
        ...


@runtime_checkable
class Fusing(Protocol):
    """A book that can make ready what later look-ups will ask."""

    def ahead(self, keys: tuple[str, ...]) -> None:
        """Read what is known of these steps; in any thread, beside look-ups, and without a change to what these say."""
        ...


class Foretold(Frozen):
    """A read that is done before the model is asked, and the rule that says so."""

    tool: str
    args: dict[str, Any]
    rule: str


@runtime_checkable
class Foretelling(Protocol):
    """Rules for the next read of one step."""

    def next(self, said: str | None, done: tuple[CallRecord, ...]) -> Foretold | None:
        """The read that comes next, None where no rule speaks. `said`: the task, as long as the model was not asked;
        `done`: the calls so far."""
        ...


@runtime_checkable
class Foreteller(Protocol):
    """Rules that were learned from recorded runs."""

    def of(self, skill: str, step: str, simulated: bool) -> Foretelling | None:
        """The rules of a step (by key) that may be used, with a simulated model or with a real one; None without any."""
        ...

    def report(self, step: str, result: StepResult, reads: int, repeated: int) -> None:
        """Take note of a finished step with `reads` foretold reads, of which the model made `repeated` ones again."""
        ...


@runtime_checkable
class Gatekeeper(Protocol):
    """Answers gates: a person at a terminal, `--yes`, or a policy."""

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        """(approved, by whom); None = nobody can answer now, the run parks."""
        ...

    async def answer(self, node: str, question: str) -> tuple[str | None, str]:
        """(what is said to a model's question, by whom); None = nobody can answer now."""
        ...


@runtime_checkable
class EventSink(Protocol):
    """Sees every event after it is journalled."""

    def emit(self, event: Event) -> None:
        """Must not raise or block."""
        ...


@runtime_checkable
class Clock(Protocol):
    """Time, so that tests can own it."""

    def monotonic(self) -> float:
        """Seconds of a monotonic clock."""
        ...

    def utc(self) -> str:
        """Now as ISO 8601 UTC."""
        ...
