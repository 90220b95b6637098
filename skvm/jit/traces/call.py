"""One call of a recorded run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from skvm.ir import canonical_json

_FAILED = re.compile(r"\s*(?:error\b|traceback\b|\{\s*\"error\")", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """One call: tool and arguments; `result` is the text that came back, None while it has not. `failed`: as recorded."""

    tool: str
    args: dict[str, Any]
    result: str | None = None
    failed: bool = False

    @property
    def key(self) -> tuple[str, bytes]:
        """What makes two calls the same: tool and canonical arguments."""
        return self.tool, canonical_json(self.args)

    @property
    def ok(self) -> bool:
        """Did it come back, and not with an error?"""
        return self.result is not None and not self.failed and not _FAILED.match(self.result)
