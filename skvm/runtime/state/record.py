"""The record of a run: numbered events, redacted, journalled first and shown to listeners after.

Events after which nothing happens outside before the next one are held until that one, or until the event loop gets a turn,
and are then written with it in one transaction, which costs little more than one event does. Whatever acts, asks or is told
to somebody has an event that is written before: so nothing that was done can be missing from the journal, and a crash loses
no more than the moment before it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from skvm.diag import StoreError
from skvm.plan import Event, EventKind
from skvm.ports import Clock, EventSink, Journal
from skvm.runtime.state.redact import Redactor

HELD = frozenset({EventKind.NODE_START, EventKind.NODE_END, EventKind.NODE_SKIP, EventKind.MODEL_REPLY})
"""Kinds of events that announce nothing."""

MOST_HELD = 64


def new_run_id() -> str:
    """Sortable by time to the microsecond, with 40 random bits of the system, so that ids never collide."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond:06d}-{secrets.token_hex(5)}"


class Recorder:
    """Appends events of one run. Events of a resumed run go on from `after`. Used in an event loop."""

    def __init__(
        self,
        run: str,
        journal: Journal,
        sinks: Iterable[EventSink],
        clock: Clock,
        redactor: Redactor,
        after: tuple[Event, ...] = (),
    ) -> None:
        self.run = run
        self.redactor = redactor
        self._journal = journal
        self._sinks = tuple(sinks)
        self._clock = clock
        self._seq = after[-1].seq if after else 0
        self._before = (after[-1].time if after else 0.0) - clock.monotonic()
        self._held: list[Event] = []
        self._waking = False

    @property
    def now(self) -> float:
        """Seconds of this run so far, those before a resume included."""
        return self._before + self._clock.monotonic()

    def emit(self, kind: EventKind, data: dict[str, Any], node: str = "", scope: str = "") -> None:
        """Take down one event. When it returns the event is journalled and shown, unless its kind is `HELD`.

        Raises StoreError when it cannot be written, or one before it could not; nothing of the event exists then.
        """
        event = Event.made(
            run=self.run,
            seq=self._seq + 1,
            time=round(self._before + self._clock.monotonic(), 6),
            kind=kind,
            node=node,
            scope=scope,
            data=self.redactor.value(data) if self.redactor.active else data,
        )
        if kind in HELD and len(self._held) < MOST_HELD:
            self._held.append(event)
            if not self._waking:
                self._waking = True
                asyncio.get_running_loop().call_soon(self._turn)
        else:
            self._write(event)
        self._seq += 1

    def flush(self) -> None:
        """Write and show what is held; raises StoreError, and then it is held still."""
        if self._held:
            self._write()

    def _write(self, *last: Event) -> None:
        events = (*self._held, *last)
        self._journal.append(*events)
        self._held.clear()
        for sink in self._sinks:
            try:
                for event in events:
                    sink.emit(event)
            except Exception:
                self._sinks = tuple(s for s in self._sinks if s is not sink)  # a listener never harms a run

    def _turn(self) -> None:
        self._waking = False
        with suppress(StoreError):  # the next event meets the same, and there it can end the run
            self.flush()
