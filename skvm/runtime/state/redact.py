"""Secrets never leave: every text that goes to a model, a log, an event or an outcome passes here."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

CHUNK = 1 << 20
GAP = re.compile(r"\n\[\.\.\. \d+ (?:bytes|characters) left out \.\.\.\]\n")
"""The line that stands where a sandbox left out the middle of an output."""

SHORTEST = 4
"""Values shorter than this are not secrets (`1`, `yes`): hiding them would make every text unreadable."""


class Redactor:
    """Hides the values of named variables, also as base64, percent-encoded or JSON-escaped text."""

    def __init__(self, env: dict[str, str]) -> None:
        self._marks: dict[str, str] = {}
        for name, value in sorted(env.items()):
            if len(value) >= SHORTEST:
                for form in _forms(value):
                    self._marks.setdefault(form, f"[secret:{name}]")
        ordered = sorted(self._marks, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self.active = self._pattern is not None
        """Is there anything to hide?"""
        self.longest = max((len(form.encode("utf-8", "surrogateescape")) for form in ordered), default=0)

    def text(self, text: str) -> str:
        """`text` with every secret replaced by its name."""
        return text if self._pattern is None else self._pattern.sub(lambda m: self._marks[m.group()], text)

    def cut(self, text: str) -> str:
        """As `text`, for a text that was cut at its end or in its middle: pieces of secrets at a cut are hidden too."""
        pieces = GAP.split(self.text(text))
        gaps = [*GAP.findall(text), ""]
        last = len(pieces) - 1
        hidden = [self._hide_tail(p if i == 0 else self._hide_head(p)) for i, p in enumerate(pieces)]
        return "".join(piece + (gaps[i] if i < last else "") for i, piece in enumerate(hidden))

    def _hide_tail(self, text: str) -> str:
        for form, mark in self._marks.items():
            for size in range(min(len(form) - 1, len(text)), SHORTEST - 1, -1):
                if text.endswith(form[:size]):
                    return text[:-size] + mark
        return text

    def _hide_head(self, text: str) -> str:
        for form, mark in self._marks.items():
            for size in range(min(len(form) - 1, len(text)), SHORTEST - 1, -1):
                if text.startswith(form[-size:]):
                    return mark + text[size:]
        return text

    def value(self, value: Any) -> Any:
        """A JSON value with all its texts redacted."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(k)): self.value(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(v) for v in value]
        return value

    def file(self, path: Path) -> None:
        """Redact a file in place (aside, then renamed), a bounded piece at a time."""
        if self._pattern is None or not path.is_file():
            return
        aside = path.with_name(f".{path.name}.redacted")
        with path.open("rb") as source, aside.open("wb") as target:
            self._stream(source.read, target.write)
        aside.replace(path)

    def _stream(self, read: Callable[[int], bytes], write: Callable[[bytes], Any]) -> None:
        """Keep back as much as a secret could still complete; latin-1 maps bytes one to one, so that nothing is lost."""
        assert self._pattern is not None
        pattern = re.compile(b"|".join(re.escape(_bytes(f)) for f in sorted(self._marks, key=len, reverse=True)))
        marks = {_bytes(form): _bytes(mark) for form, mark in self._marks.items()}
        rest = b""
        while chunk := read(CHUNK):
            whole = pattern.sub(lambda m: marks[m.group()], rest + chunk)
            keep = min(self.longest - 1, len(whole))
            write(whole[: len(whole) - keep])
            rest = whole[len(whole) - keep :]
        write(pattern.sub(lambda m: marks[m.group()], rest))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _forms(value: str) -> list[str]:
    raw = os.fsencode(value)
    encoded = base64.b64encode(raw).decode().rstrip("=")
    forms = [value, quote(value, safe="", errors="replace"), encoded, encoded.replace("+", "-").replace("/", "_")]
    escaped = value.encode("unicode_escape").decode().replace('"', '\\"')
    return [f for f in dict.fromkeys([*forms, escaped]) if len(f) >= SHORTEST]
