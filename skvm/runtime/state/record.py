"""The record of a run: numbered events, redacted, journalled first and shown to listeners after."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from skvm.plan import Event, EventKind
from skvm.ports import Clock, EventSink, Journal
from skvm.runtime.state.redact import Redactor


def new_run_id() -> str:
    """Sortable by time to the microsecond, with 40 random bits of the system, so that ids never collide."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond:06d}-{secrets.token_hex(5)}"


class Recorder:
    """Appends events of one run. Events of a resumed run go on from `after`."""

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
        self._before = after[-1].time if after else 0.0
        self._began = clock.monotonic()

    @property
    def now(self) -> float:
        """Seconds of this run so far, those before a resume included."""
        return self._before + self._clock.monotonic() - self._began

    def emit(self, kind: EventKind, node: str = "", scope: str = "", /, **data: Any) -> Event:
        """Journal one event, then show it; raises StoreError. Nothing of the event exists when it raises."""
        event = Event.made(
            run=self.run,
            seq=self._seq + 1,
            time=round(self.now, 6),
            kind=kind,
            node=node,
            scope=scope,
            data=self.redactor.value(data),
        )
        self._journal.append(event)
        self._seq += 1
        for sink in self._sinks:
            try:
                sink.emit(event)
            except Exception:
                self._sinks = tuple(s for s in self._sinks if s is not sink)  # a listener never harms a run
        return event
