"""Reading what a trial did: which calls were made, in which turns, on which files."""

from __future__ import annotations

import posixpath
import re
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


def came_out(trial: Trial, value: int) -> bool:
    """Did a number come out of code: is it in what a call showed, after or in a command that ended well, and did the model
    not write it into any call before?"""
    ran = False
    for call in calls_of(trial):
        if _holds(call.arguments, value):
            return False
        ran = ran or (call.ok and call.tool == "execute_command")
        if ran and call.ok and _holds(call.result, value):
            return True
    return False


def _holds(text: str, value: int) -> bool:
    plain = re.sub(r"(?<=\d)[,_'\u202f\u00a0](?=\d{3})", "", text)
    return re.search(rf"(?<!\d){value}(?!\d)", plain) is not None
