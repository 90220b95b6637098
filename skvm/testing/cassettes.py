"""Record what a model answered and replay it, keyed by what was asked.

A cassette is a folder with one readable JSON file per request: `<key>.json`, key = sha256 of the canonical request without
its tag, model id, time and size limits (they say who asks and how long to wait, not what is asked). The same request asked
again gets the next recorded reply, the last one for ever. Keys and tokens are blotted out before anything is hashed or
written. Failures are not recorded: they say nothing about the model.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anyio.lowlevel
from pydantic import ValidationError

from skvm.diag import TargetError, UsageError
from skvm.ir import digest_json
from skvm.ports import ModelClient, ModelReply, ModelRequest

FORMAT = "skvm/cassette"
SCHEMA = 1

_SECRET = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|glpat|xox[abp])[-_][A-Za-z0-9_\-]{12,}|\bAIza[A-Za-z0-9_\-]{30,}|\bAKIA[A-Z0-9]{16}\b"
    r"|\beyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]+|(?<=Bearer )[A-Za-z0-9._\-]{12,}"
)
_BLOT = "[secret]"


class Cassette:
    """The folder, for reading and writing. `secrets` are values to blot out besides what looks like a key."""

    def __init__(self, folder: Path, secrets: Iterable[str] = ()) -> None:
        self.folder = folder
        self._secrets = sorted({s for s in secrets if len(s) >= 4}, key=len, reverse=True)
        self._lock = threading.Lock()

    def key(self, request: ModelRequest) -> str:
        """What identifies a request, as hexadecimal digits."""
        return digest_json(self._asked(request)).removeprefix("sha256:")

    def read(self, request: ModelRequest) -> tuple[ModelReply, ...]:
        """Recorded replies in order, empty when there are none; raises UsageError for a file that is no cassette."""
        path = self._path(request)
        if not path.is_file():
            return ()
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            if row.get("format") != FORMAT or row.get("schema", 0) > SCHEMA:
                raise ValueError("not a cassette of this version")
            return tuple(ModelReply.model_validate(r) for r in row["replies"])
        except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
            raise UsageError(f"not a cassette: {str(error).splitlines()[0]}", where=str(path), help="record it again") from None

    def write(self, request: ModelRequest, reply: ModelReply) -> None:
        """Add one reply."""
        with self._lock:
            replies = [self._blot(r.model_dump(mode="json")) for r in (*self.read(request), reply)]
            row = {
                "format": FORMAT,
                "schema": SCHEMA,
                "model": request.model,
                "request": self._asked(request),
                "replies": replies,
            }
            path = self._path(request)
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_suffix(".part")
            aside.write_text(json.dumps(row, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            aside.replace(path)

    def _path(self, request: ModelRequest) -> Path:
        return self.folder / f"{self.key(request)[:32]}.json"

    def _asked(self, request: ModelRequest) -> dict[str, Any]:
        asked: dict[str, Any] = self._blot(request.model_dump(mode="json", exclude={"tag", "model", "timeout", "max_tokens"}))
        return asked

    def _blot(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, _BLOT)
            return _SECRET.sub(_BLOT, value)
        if isinstance(value, dict):
            return {k: self._blot(v) for k, v in value.items()}
        return [self._blot(v) for v in value] if isinstance(value, list) else value


class RecordingModel:
    """A ModelClient that asks another one and keeps what it answered."""

    def __init__(self, inner: ModelClient, folder: Path, secrets: Iterable[str] = ()) -> None:
        self._inner = inner
        self._cassette = Cassette(folder, secrets)
        self.simulated = inner.simulated

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """Ask, record, answer."""
        reply = await self._inner.complete(request, on_text)
        self._cassette.write(request, reply)
        return reply

    async def close(self) -> None:
        """Close the other one."""
        await self._inner.close()


class ReplayModel:
    """A ModelClient that answers from a cassette and never from anywhere else (`replay:DIR`).

    `simulated` is True: no model is asked. Whether the recorded one was simulated stays on each reply.
    """

    simulated = True

    def __init__(self, folder: Path, secrets: Iterable[str] = ()) -> None:
        self._cassette = Cassette(folder, secrets)
        self._asked: dict[str, int] = {}

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None] | None = None) -> ModelReply:
        """The recorded reply; TargetError of kind `protocol` when this was never asked."""
        await anyio.lowlevel.checkpoint()
        replies = self._cassette.read(request)
        if not replies:
            raise TargetError(
                f"no recorded answer for this request ({self._cassette.key(request)[:12]})",
                kind="protocol",
                help=f"record it into {self._cassette.folder}",
            )
        key = self._cassette.key(request)
        turn = self._asked.get(key, 0)
        self._asked[key] = turn + 1
        reply = replies[min(turn, len(replies) - 1)]
        if on_text is not None and reply.text:
            on_text(reply.text)
        return reply

    async def close(self) -> None:
        """Nothing is held."""
