"""Tool calls of one step: journal the intent, act, journal the result; on resume, never act twice."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import Any

from skvm.diag import InDoubtError
from skvm.ir import EffectClass
from skvm.plan import CallRecord, EventKind, StepNode
from skvm.runtime.agent.act import Acting
from skvm.runtime.session import Session
from skvm.runtime.state.replay import Attempt
from skvm.runtime.state.scope import Scope
from skvm.runtime.tools import files
from skvm.runtime.tools.browser import LOOKS
from skvm.runtime.tools.files import MAX_RESULT
from skvm.runtime.tools.shell import needs_shell
from skvm.runtime.tools.specs import EFFECTS
from skvm.source import digest_text

READERS = frozenset({"cat", "head", "tail", "ls", "wc", "grep", "pwd", "stat", "du", "file", "diff", "cmp", "echo", "true"})
"""Programs that change nothing, whatever their arguments (without a shell's redirection)."""


class Denied(Exception):
    """A step reached for a place that its effects do not show, while other steps may run."""


@dataclass
class StepCalls:
    """Calls of one attempt at one step. `recorded` is what an earlier part of the run left of this attempt.

    `hands` do them. `acted`: any call had an effect that must not be repeated. `kept` takes note of each call as the journal
    does, for another conversation that may have to go on from there.
    """

    session: Session
    node: StepNode
    scope: Scope
    hands: Acting
    attempt: int = 0
    recorded: Attempt | None = None
    acted: bool = False
    kept: Attempt | None = None
    records: list[CallRecord] = field(default_factory=list)
    _count: int = 0

    @property
    def next_id(self) -> str:
        """The id that the next call of this attempt has in the journal."""
        return f"{self.node.id}:{self.attempt}.{self._count + 1}"

    def begun(self) -> dict[str, Any] | None:
        """The next call as an earlier part of the run began it, None where it began none."""
        return self.recorded.intents.get(self.next_id) if self.recorded is not None else None

    async def go_on(self) -> None:
        """Make good the calls that were begun before a model had a part in the attempt, so that it is told of them."""
        while self.recorded is not None and self.next_id in self.recorded.unasked:
            intent = self.recorded.intents[self.next_id]
            await self.run(intent["tool"], intent["args"])

    async def run(
        self, tool: str, args: dict[str, Any], *, keep: bool = True, words: tuple[str, ...] = (), foretold: str = ""
    ) -> CallRecord:
        """Run one call; `words` is the argv of a stated command that needs no shell, `keep` adds it to the records,
        `foretold` is the rule by which it is made before the model was asked.

        Raises EnvironmentFailure when the sandbox or the browser breaks, LimitHit, InDoubtError, Denied after a call that was
        refused a place.
        """
        call = self.next_id
        self._count += 1
        slot = len(self.records)
        if keep:
            self.records.append(_UNDECIDED)
        record = await self._once(call, tool, args, words, foretold)
        if keep:
            self.records[slot] = record
        self.acted = self.acted or (record.effect == EffectClass.EFFECTFUL and (record.ok or tool == "execute_command"))
        if self.hands.denied:
            raise Denied(self.hands.denied)
        return record

    async def _once(self, call: str, tool: str, args: dict[str, Any], words: tuple[str, ...], foretold: str = "") -> CallRecord:
        effect = self.effect_of(tool, args)
        before = self._earlier(call)
        if before is not None:
            self.hands.note_path(tool, args)
            self.hands.touched.update(dict.fromkeys(before.get("files", ())))
            self.hands.denied = before.get("denied", "")
            return self._record(tool, args, effect, before)
        settled = await self._settle_doubt(call, tool, args, effect)
        if settled is not None:
            return settled
        self.session.budget.tool()
        data = self._intent(call, tool, args, effect)
        if foretold:
            data["foretold"] = foretold
        self.session.emit(EventKind.TOOL_INTENT, self.node.id, self.scope, **data)
        if self.kept is not None:
            self.kept.begin(data)
        began = self.session.ports.clock.monotonic()
        done = await self.hands.act(tool, args, words)
        seconds = round(self.session.ports.clock.monotonic() - began, 6)
        text = bounded(self.session.redactor.text(done.text))
        result = {"call": call, "ok": done.ok, "result": text, "exit_code": done.exit_code, "stdout": done.stdout}
        if done.files:
            result["files"] = list(done.files)
        if self.hands.denied:
            result["denied"] = self.hands.denied = self.session.redactor.text(self.hands.denied)
        self.session.emit(EventKind.TOOL_RESULT, self.node.id, self.scope, **result, seconds=seconds)
        if self.kept is not None:
            self.kept.results[call] = {**result, "seconds": seconds}
        if done.failed is not None:
            raise done.failed
        return self._record(tool, args, effect, {**result, "seconds": seconds})

    def effect_of(self, tool: str, args: dict[str, Any]) -> EffectClass:
        """What running the call again would mean."""
        if tool == "browser" and args.get("action") in LOOKS:
            return EffectClass.IDEMPOTENT
        if tool != "execute_command":
            return EFFECTS.get(tool, EffectClass.EFFECTFUL)
        command = str(args.get("command", ""))
        if not needs_shell(command) and shlex.split(command)[0] in READERS:
            return EffectClass.PURE
        stated = self.node.command is not None and self.node.executor.kind in ("code", "script")
        return self.node.effect_class if stated else EffectClass.EFFECTFUL

    def _intent(self, call: str, tool: str, args: dict[str, Any], effect: EffectClass) -> dict[str, Any]:
        key = digest_text("\0".join((self.session.recorder.run, self.node.key, self.scope.path, call)))
        data: dict[str, Any] = {"call": call, "tool": tool, "args": args, "effect": effect.value, "idempotency": key[7:39]}
        if tool == "edit_file":
            data["digests"] = files.edit_digests(self.session.places, args["path"], args["old"], args["new"])
        return data

    def _earlier(self, call: str) -> dict[str, Any] | None:
        return self.recorded.results.get(call) if self.recorded is not None else None

    async def _settle_doubt(self, call: str, tool: str, args: dict[str, Any], effect: EffectClass) -> CallRecord | None:
        """A call that began before the crash: None when it may run (again), its record when it is known to have happened."""
        intent = self.recorded.intents.get(call) if self.recorded is not None else None
        if intent is None or effect is not EffectClass.EFFECTFUL:
            return None
        digests = intent.get("digests") or {}
        now = files.text_digest(self.session.places, str(args.get("path", ""))) if digests else ""
        if now and now == digests.get("after"):
            self.hands.note_path(tool, args)
            data = {
                "call": call,
                "ok": True,
                "result": f"edited {args['path']}",
                "exit_code": None,
                "stdout": None,
                "seconds": 0.0,
            }
            self.session.emit(EventKind.TOOL_RESULT, self.node.id, self.scope, **data, read_back=True)
            return self._record(tool, args, effect, data)
        if now and now == digests.get("before"):
            return None
        await self._ask_doubt(tool, args)
        return None

    async def _ask_doubt(self, tool: str, args: dict[str, Any]) -> None:
        shown = str(args.get("command") or args.get("path") or json.dumps(args, ensure_ascii=True))[:200]
        text = f"{tool} `{shown}` was begun before the run was cut off, and whether it happened is not known"
        self.session.emit(EventKind.DIAG, self.node.id, self.scope, code="SKV701", message=text)
        gate = self.session.ports.gate
        again: bool | None = None
        if gate is not None and not self.session.request.yes:  # --yes never approves an effect in doubt
            self.session.emit(EventKind.GATE_ASK, f"{self.node.id}?", self.scope, question=f"{text}. Run it again?")
            again, by = await gate.ask(self.session.place(self.node.id), f"{text}. Run it again?")
            self.session.emit(EventKind.GATE_ANSWER, f"{self.node.id}?", self.scope, question=text, answer=again, by=by)
        if not again:
            where = self.session.place(self.node.id)
            raise InDoubtError(text, where=where, help="look at the work folder, then resume at a terminal to decide")

    def _record(self, tool: str, args: dict[str, Any], effect: EffectClass, data: dict[str, Any]) -> CallRecord:
        return CallRecord(
            tool=tool,
            args=self.session.redactor.value(args),
            result=data["result"],
            ok=data["ok"],
            exit_code=data.get("exit_code"),
            stdout=data.get("stdout"),
            seconds=data.get("seconds", 0.0),
            effect=effect.value,
        )


_UNDECIDED = CallRecord(tool="", args={}, result="", ok=False)


def bounded(text: str) -> str:
    """Head and tail of a text that is too long for a model."""
    if len(text) <= MAX_RESULT:
        return text
    half = MAX_RESULT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"
