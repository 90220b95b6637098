"""`skvm.toml`: what the user of a machine permits at most. Read from the state folder and from the current folder; where both
say something, both hold. Nothing in it can give a skill more than its manifest.

    [policy]
    hosts = ["api.example.com:443", "*.example.org"]   # none at all: []
    executables = ["python3", "curl"]
    env = ["REPORT_TOKEN"]
    write = ["out/"]                                    # folders of the work folder

    [policy.limits]
    deadline = 600          # seconds of a run; also tokens, cost (USD)
    command_seconds = 60    # of a command; also memory_mb, file_mb, processes
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skvm.diag import UsageError
from skvm.plan.policy import Policy, PolicyLimits

if TYPE_CHECKING:
    from skvm.app.settings import Settings

NAME = "skvm.toml"
WHOLE = ("tokens", "memory_mb", "file_mb", "processes")

_HOST = re.compile(
    r"(?:\*|(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?|[0-9A-Fa-f:]+:[0-9A-Fa-f:]*|\[[0-9A-Fa-f:]+\](?::\d{1,5})?"
)
_PROGRAM = re.compile(r"[A-Za-z0-9_.+-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FOLDER = re.compile(r"(?!/)(?!.*(?:^|/)\.\.(?:/|$))[^*?\[\]\0]*/")
_LISTS: dict[str, tuple[re.Pattern[str], str]] = {
    "hosts": (_HOST, "a host is NAME or NAME:PORT, with `*` for any name or `*.` before the name for any below it"),
    "executables": (_PROGRAM, "an executable is named without its folder"),
    "env": (_VARIABLE, "that is no name of a variable"),
    "write": (_FOLDER, "a place to write is a folder of the work folder and ends in `/`"),
}
_HEADER = re.compile(r"^\s*\[\s*([A-Za-z0-9_.\s]+?)\s*\]")
_SYNTAX = re.compile(r"^(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)$")


def policy_of(settings: Settings, folder: Path | None = None) -> Policy:
    """What the user permits; `folder` is the current one where it is not given. Raises UsageError with file:line:col."""
    policy = Policy()
    for path in dict.fromkeys((settings.home / NAME, (folder or Path.cwd()) / NAME)):
        policy = policy.both(read_policy(path))
    return policy


def read_policy(path: Path) -> Policy:
    """The policy in one file, an empty one where there is none; raises UsageError with file:line:col."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return Policy()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise UsageError("not UTF-8", where=f"{path}:1:{error.start + 1}") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(path, text, str(error)) from None
    return _Reader(path, text).policy(table)


def _syntax(path: Path, text: str, message: str) -> UsageError:
    found = _SYNTAX.match(message)
    words, line, column = (found[1], found[2], found[3]) if found else (message, None, None)
    at = f"{line}:{column}" if line else f"{text.count(chr(10)) + 1}:{len(text.rpartition(chr(10))[2]) + 1}"
    return UsageError(f"not TOML: {words[:1].lower()}{words[1:]}", where=f"{path}:{at}")


class _Reader:
    """Checks one file and says where what is wrong stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def policy(self, table: dict[str, Any]) -> Policy:
        for key in table:
            if key != "policy":
                raise self._wrong("", key, f"unknown table {key!r}; [policy] is all that may stand here")
        own = table.get("policy", {})
        if not isinstance(own, dict):
            raise self._wrong("", "policy", "policy must be a table")
        for key in own:
            if key not in _LISTS and key != "limits":
                raise self._wrong("policy", key, f"unknown key {key!r}; known are {', '.join([*_LISTS, 'limits'])}")
        lists = {key: self._names(key, own[key]) for key in _LISTS if key in own}
        return Policy(**lists, limits=self._limits(own.get("limits", {})))

    def _names(self, key: str, value: Any) -> tuple[str, ...]:
        pattern, words = _LISTS[key]
        if not isinstance(value, list):
            raise self._wrong("policy", key, f"{key} must be a list of texts")
        for item in value:
            if not isinstance(item, str):
                raise self._wrong("policy", key, f"{key} must be a list of texts, and {item!r} is none")
            if not pattern.fullmatch(item):
                raise self._wrong("policy", key, f"{item!r}: {words}", item)
        return tuple(item.lower() if key == "hosts" else item for item in value)

    def _limits(self, table: Any) -> PolicyLimits:
        if not isinstance(table, dict):
            raise self._wrong("policy", "limits", "limits must be a table")
        known = PolicyLimits.model_fields
        for key, value in table.items():
            if key not in known:
                raise self._wrong("policy.limits", key, f"unknown limit {key!r}; known are {', '.join(known)}")
            kind: Callable[[Any], bool] = _is_count if key in WHOLE else _is_amount
            if not kind(value):
                raise self._wrong("policy.limits", key, f"{key} must be a {'whole ' if key in WHOLE else ''}number above 0")
        return PolicyLimits(**table)

    def _wrong(self, table: str, key: str, message: str, item: str = "") -> UsageError:
        line, column = self._find(table, key, item)
        return UsageError(message, where=f"{self._path}:{line}:{column}")

    def _find(self, table: str, key: str, item: str) -> tuple[int, int]:
        """Line and column of a key (or of an item of its list), from 1; of the table where the key is spelled unusually."""
        current, best = "", (1, 1)
        dotted = f"{table}.{key}" if table else key
        for number, line in enumerate(self._lines, 1):
            if header := _HEADER.match(line):
                current = re.sub(r"\s", "", header[1])
                if current in (table, dotted):
                    best = number, line.index("[") + 1
                continue
            inner = dotted.removeprefix(f"{current}.") if current else dotted
            if spelled := re.match(rf"\s*(?P<key>{re.escape(inner)})\s*[=.]", line):
                best = number, spelled.start("key") + 1
                return self._item(number, best, item) if item else best
        return best

    def _item(self, first: int, best: tuple[int, int], item: str) -> tuple[int, int]:
        for number, line in enumerate(self._lines[first - 1 :], first):
            for quote in "\"'":
                at = line.find(f"{quote}{item}{quote}")
                if at >= 0:
                    return number, at + 1
        return best


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_amount(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value > 0
