"""Reads that recorded runs foretell, done before the model is asked: what it would look at first is already there.

Only tools that change nothing and ask nobody. The journal says of each by which rule it was made; a resumed step makes again
what stands there and nothing else, whatever was learned since. The model is shown each as a call with its result; one that
failed is not shown.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from skvm.ir import EffectClass
from skvm.plan import StepNode, StepResult, StepStatus
from skvm.ports import Foretelling, Foretold, Message, ToolCall
from skvm.runtime.agent.calls import StepCalls
from skvm.runtime.agent.messages import dumps
from skvm.runtime.session import Session
from skvm.runtime.state.replay import Attempt
from skvm.runtime.state.scope import Scope
from skvm.runtime.tools.specs import BY_NAME, misfit

READS = frozenset({"read_file", "list_directory", "search"})
COMMAND = "execute_command"
MOST = 8
"""Reads in a row before the model is asked."""


def rules_of(session: Session, node: StepNode, scope: Scope) -> Foretelling | None:
    """The rules of a step that begins; none inside a loop or map, none for a piece of work without a plan."""
    foreteller = session.ports.foreteller
    if foreteller is None or scope.path or session.request.brief is not None:
        return None
    try:
        simulated = session.client(session.model_of(node.executor.target)).simulated
        return foreteller.of(session.request.artifact.source.name, node.key, simulated)
    except Exception:  # like the book of code: what fails there never harms a run
        return None


@dataclass
class Beforehand:
    """The reads done beforehand in one attempt at a step. `made`: all of them, failed ones too; `asked`: is this not the
    first question any more?"""

    session: Session
    node: StepNode
    calls: StepCalls
    rules: Foretelling | None = None
    recorded: Attempt | None = None
    made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: bool = False

    async def read(self, messages: list[Message]) -> None:
        """Do the reads that come next, and show them to the model."""
        for _ in range(MOST):
            wanted = self._next()
            if wanted is None:
                break
            id = f"foretold_{len(self.made)}"
            self.made.append((wanted.tool, wanted.args))
            record = await self.calls.run(wanted.tool, wanted.args, keep=False, foretold=wanted.rule)
            if not record.ok:
                continue
            self.calls.records.append(record)
            call = ToolCall(id=id, name=wanted.tool, arguments=dumps(wanted.args))
            messages.append(Message.made(role="assistant", content="", calls=(call,)))
            messages.append(Message.made(role="tool", content=record.result, call_id=id))
        self.asked = True

    def _next(self) -> Foretold | None:
        """What the journal says was foretold here; where it says nothing, what the rules say."""
        if self.recorded is not None:
            intent = self.calls.begun()
            if intent is not None:
                rule = intent.get("foretold", "")
                return Foretold(tool=intent["tool"], args=intent["args"], rule=rule) if rule else None
            if self.recorded.replies:
                return None
        return self._by_rule() if self.rules is not None else None

    def _by_rule(self) -> Foretold | None:
        assert self.rules is not None
        try:
            found = self.rules.next(None if self.asked else self.session.board.task, tuple(self.calls.records))
        except Exception:
            return None
        if found is None or (found.tool, found.args) in self.made:
            return None
        offered = {tool.name for tool in self.session.tools(self.node)}
        known = found.tool in offered and found.tool in BY_NAME and not misfit(found.tool, found.args)
        return found if known and self._looks(found) else None

    def _looks(self, found: Foretold) -> bool:
        """A tool for reading, or a command that only reads and needs no shell."""
        return found.tool in READS or (found.tool == COMMAND and self.calls.effect_of(COMMAND, found.args) is EffectClass.PURE)


def report(before: Beforehand, result: StepResult) -> None:
    """Tell what came of it. Such a run is no evidence for code: not all of its calls are the model's own."""
    foreteller = before.session.ports.foreteller
    if foreteller is None or result.status is not StepStatus.DONE:
        return
    made = [(call.tool, call.args) for call in result.calls]
    again = sum(made.count(read) > 1 for read in before.made)
    with suppress(Exception):
        foreteller.report(before.node.key, result, len(before.made), again)
