"""Reading what a trial did: which calls were made, in which turns, on which files."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from skvm.ports import HarnessCall
from skvm.profile.kit.instance import Trial


def calls_of(trial: Trial) -> list[HarnessCall]:
    """All calls in order."""
    return [call for turn in trial.turns for call in turn.calls]


def names(call: HarnessCall, path: str) -> bool:
    """Does an argument of the call name the file (as a relative path, or at the end of an absolute one)?"""
    texts = (value for value in (call.args or {}).values() if isinstance(value, str))
    return any(_same(posixpath.normpath(text), path) for text in texts if text)


def at_once(trial: Trial, paths: Iterable[str]) -> bool:
    """Is there one turn with a call for each of the files, all of which worked?"""
    wanted = tuple(paths)
    return any(all(any(call.ok and names(call, path) for call in turn.calls) for path in wanted) for turn in trial.turns)


def _same(named: str, path: str) -> bool:
    return named == path or (named.startswith("/") and named.endswith("/" + path))


def commands_of(trial: Trial) -> list[str]:
    """Commands that were run and ended well, in order."""
    done = (call for call in calls_of(trial) if call.tool == "execute_command" and call.ok and call.args)
    return [str(call.args.get("command", "")) for call in done if call.args]
