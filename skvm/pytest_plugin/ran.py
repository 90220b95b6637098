"""A run that is over, and what a test may say about it. Failures say what happened instead."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from skvm.plan import Artifact, Event, EventKind
from skvm.runtime import RunOutcome


@dataclass(frozen=True)
class Call:
    """One tool call: the step it belongs to, tool, arguments as JSON values, and whether it went well (None: no result)."""

    node: str
    tool: str
    args: dict[str, Any]
    ok: bool | None

    def __str__(self) -> str:
        return f"{self.node}: {self.tool} {self.args}"


@dataclass(frozen=True)
class Ran:
    """One run: `outcome` as the runtime gives it, `events` in order, `plan` what was run."""

    outcome: RunOutcome
    events: tuple[Event, ...]
    plan: Artifact

    @property
    def work(self) -> Path:
        """The work folder."""
        return self.outcome.work

    @property
    def model_calls(self) -> int:
        """How often a model was asked."""
        return self.outcome.totals.model_calls

    @property
    def files(self) -> dict[str, Path]:
        """Files that the run created or changed, by their path in the work folder."""
        return {found.path: self.work / found.path for found in self.outcome.outputs}

    @property
    def calls(self) -> tuple[Call, ...]:
        """Tool calls in the order in which they were begun."""
        ended = {
            (e.node, e.scope, e.data.get("call")): e.data.get("ok") for e in self.events if e.kind is EventKind.TOOL_RESULT
        }
        return tuple(
            Call(e.node, str(e.data["tool"]), e.data.get("args") or {}, ended.get((e.node, e.scope, e.data.get("call"))))
            for e in self.events
            if e.kind is EventKind.TOOL_INTENT
        )

    def trace(self) -> list[dict[str, Any]]:
        """What a golden trace holds: steps and calls without times and ids, by step, so that overlap does not matter."""
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for event in self.events:
            if not event.node:
                continue
            row = rows.setdefault((event.node, event.scope), {"step": event.node, "scope": event.scope, "calls": []})
            if event.kind is EventKind.TOOL_INTENT:
                row["calls"].append({"tool": event.data["tool"], "args": event.data.get("args")})
            elif event.kind is EventKind.NODE_END:
                result = event.data["result"]
                row |= {"status": result["status"], "executor": result["executor"], "model_calls": result["model_calls"]}
            elif event.kind is EventKind.NODE_SKIP:
                row |= {"status": "skipped", "executor": "", "model_calls": 0}
        return [row if row["scope"] else {k: v for k, v in row.items() if k != "scope"} for _, row in sorted(rows.items())]

    def done(self) -> Ran:
        """It ended well."""
        assert self.outcome.exit_code == 0, f"the run ended {self.outcome.status}: {self.outcome.reason}\n{self._story()}"
        return self

    def ended(self, status: str, exit_code: int | None = None) -> Ran:
        """It ended so: done, failed, limit, waiting, in_doubt, cancelled."""
        assert self.outcome.status == status, f"the run ended {self.outcome.status}, not {status}: {self.outcome.reason}"
        assert exit_code in (None, self.outcome.exit_code), f"exit code {self.outcome.exit_code}, not {exit_code}"
        return self

    def ordered(self, *steps: str) -> Ran:
        """Each of these steps ended before the next one began."""
        for one, two in pairwise(steps):
            end, start = self._last(one, EventKind.NODE_END), self._first(two, EventKind.NODE_START)
            assert end < start, f"{two} began (event {start}) before {one} had ended (event {end})\n{self._story()}"
        return self

    def overlapped(self, one: str, two: str) -> Ran:
        """The two steps were under way at the same time."""
        first = (self._first(one, EventKind.NODE_START), self._last(one, EventKind.NODE_END))
        second = (self._first(two, EventKind.NODE_START), self._last(two, EventKind.NODE_END))
        assert first[0] < second[1] and second[0] < first[1], f"{one} and {two} ran one after the other"
        return self

    def wrote(self, *patterns: str) -> Ran:
        """For each pattern (`out/*.csv`) some file was created or changed."""
        for pattern in patterns:
            assert any(fnmatch.fnmatchcase(path, pattern) for path in self.files), f"no {pattern} among {sorted(self.files)}"
        return self

    def only_wrote(self, *patterns: str) -> Ran:
        """No other file was created or changed."""
        others = [path for path in self.files if not any(fnmatch.fnmatchcase(path, p) for p in patterns)]
        assert not others, f"also wrote {others}"
        return self

    def never(self, tool: str = "*", matching: str = "", step: str = "*") -> Ran:
        """No call of such a tool (a pattern), by such a step, whose arguments contain this regular expression."""
        wanted = re.compile(matching)
        for call in self.calls:
            named = fnmatch.fnmatchcase(call.tool, tool) and fnmatch.fnmatchcase(call.node, step)
            assert not (named and wanted.search(str(call.args))), f"forbidden call: {call}"
        return self

    def by_code(self, *steps: str) -> Ran:
        """These steps needed no model."""
        for step in steps:
            asked = [e for e in self.events if e.kind is EventKind.MODEL_CALL and e.node == step]
            assert not asked, f"{step} asked a model {len(asked)} times"
            self._first(step, EventKind.NODE_START)
        return self

    def _first(self, step: str, kind: EventKind) -> int:
        found = [e.seq for e in self.events if e.node == step and e.kind is kind]
        assert found, f"{step} has no {kind.value}; steps that ran: {', '.join(self._ran())}"
        return found[0]

    def _last(self, step: str, kind: EventKind) -> int:
        self._first(step, kind)
        return max(e.seq for e in self.events if e.node == step and e.kind is kind)

    def _ran(self) -> list[str]:
        return list(dict.fromkeys(e.node for e in self.events if e.kind is EventKind.NODE_START))

    def _story(self) -> str:
        return "\n".join(f"  {row.id} {row.executor} {row.status} {row.reason}".rstrip() for row in self.outcome.steps)
