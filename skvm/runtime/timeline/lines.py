"""Events for other programs: JSON, one a line, as they stand in the journal."""

from __future__ import annotations

import json
from collections.abc import Iterable

from skvm.plan import Event


def events_lines(events: Iterable[Event]) -> str:
    """One object a line; in ASCII, since names of files may hold what UTF-8 cannot."""
    return "".join(json.dumps(event.model_dump(mode="json"), separators=(",", ":")) + "\n" for event in events)
