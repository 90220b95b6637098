"""A process that dies by SIGKILL right before its n-th statement to a store, for every n until nothing is left to be killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Killing(sqlite3.Connection):
    """Counts the statements of this process from `count` on and dies before the last one of them."""

    left = 0

    @classmethod
    def count(cls, statements: int) -> None:
        cls.left = statements

    def execute(self, *args: Any) -> sqlite3.Cursor:
        if Killing.left:
            Killing.left -= 1
            if not Killing.left:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*args)


@dataclass(frozen=True)
class Death:
    """`at`: before which statement; `exit`: what waiting for the process gave."""

    at: int
    home: Path
    exit: int

    @property
    def killed(self) -> bool:
        """Or was there nothing left to be killed at?"""
        return os.WIFSIGNALED(self.exit)


def deaths(fresh: Callable[[int], Path], work: Callable[[Path, Callable[[], None]], None]) -> Iterator[Death]:
    """A process after the other does `work` in a place of its own; statements count from when it calls its second argument."""
    at, killed = 0, True
    while killed:
        at += 1
        home = fresh(at)
        child = os.fork()
        if child == 0:
            _die_working(home, at, work)
        death = Death(at, home, os.waitpid(child, 0)[1])
        killed = death.killed
        yield death


def _die_working(home: Path, at: int, work: Callable[[Path, Callable[[], None]], None]) -> None:
    code = 1  # an exception must not go on in this process as if it were the parent
    try:
        connect = sqlite3.connect
        sqlite3.connect = lambda *args, **more: connect(*args, factory=Killing, **more)  # type: ignore[assignment]
        work(home, lambda: Killing.count(at))
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def rows_of(child: Path, home: Path) -> list[dict[str, Any]]:
    """What a script that looks at deaths says of each: one JSON line."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(child.parent), *sys.path])}
    ran = subprocess.run([sys.executable, str(child), str(home)], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def check_all_died(rows: list[dict[str, Any]], least: int) -> None:
    """More than `least` deaths, each followed by a right state, and last a process that was not killed and ended well."""
    assert len(rows) > least, "statements were found to be killed at"
    assert [r["killed"] for r in rows] == [True] * (len(rows) - 1) + [False]
    assert rows[-1]["exit"] == 0
    assert all(r["right"] for r in rows), [r for r in rows if not r["right"]]
