"""How a Python program that has run comes to its end: by stopping, where nobody can tell that from an interpreter that is taken
apart, which takes longer than most programs run. Executed by `forkserver`, before any program.
"""

from __future__ import annotations

import _io
import _thread
import atexit
import gc
import os
import sys
from _weakref import ReferenceType
from ctypes import CDLL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

EXIT = CDLL(None).exit  # what was said through libraries of C is written then

MODULE = type(sys)
ATTRIBUTES: Callable[[object], dict[str, Any]] = type.__dict__["__dict__"].__get__  # without a word of the class itself
ATTRIBUTES_OF_MODULE: Callable[[object], dict[str, Any]] = vars(MODULE)["__dict__"].__get__
BASES = type.__dict__["__mro__"].__get__
REFERENCE = ReferenceType
CALLBACK = REFERENCE.__dict__["__callback__"].__get__
TABLES = ("weakref", "_weakrefset", "functools")
STREAMS = (sys.stdout, sys.stderr)
FILES = (_io.TextIOWrapper, _io.BufferedReader, _io.BufferedWriter, _io.BufferedRandom, _io.FileIO)
MEMORY = (_io.BytesIO, _io.StringIO)

# Extension modules of the standard library of which nothing is seen when an object of theirs ends.
SILENT = frozenset(
    (
        "_asyncio", "_bisect", "_blake2", "_bz2", "_contextvars", "_csv", "_ctypes", "_datetime", "_decimal", "_elementtree",
        "_hashlib", "_heapq", "_json", "_lzma", "_md5", "_opcode", "_pickle", "_posixsubprocess", "_queue", "_random", "_sha1",
        "_sha2", "_sha256", "_sha3", "_sha512", "_socket", "_ssl", "_statistics", "_struct", "_typing", "_uuid", "_zoneinfo",
        "array", "binascii", "cmath", "fcntl", "grp", "math", "mmap", "pyexpat", "resource", "select", "termios", "unicodedata",
        "zlib",
    )
)  # fmt: skip


class Baseline:
    """What was there before the program."""

    def __init__(self) -> None:
        self.modules = frozenset(sys.modules)
        self.silent = silent(self.modules)
        self.frozen = gc.get_freeze_count()


def orderly() -> bool:
    """Is nothing to be waited for, nor to be asked, when the program ends?"""
    threads = sys.modules.get("threading")
    awaited = _thread._count() or (threads is not None and vars(threads).get("_threading_atexits"))
    if awaited or "PYTHONINSPECT" in os.environ:
        return False
    return sys.version_info >= (3, 10) or not atexit._ncallbacks()


def quiet(before: Baseline) -> bool:
    """Is nothing left whose end could be seen from outside? Then the process may simply stop.

    Seen are: an object with a finalizer (files that are closed aside), one of an unknown extension module, a function that is
    called when something else dies, a stream in the place of another, a hook that is called.
    """
    if (sys.stdout, sys.stderr) != STREAMS or (sys.__stdout__, sys.__stderr__) != STREAMS:
        return False
    if sys.gettrace() or sys.getprofile():
        return False
    if "gc" in sys.modules and gc.get_freeze_count() != before.frozen:
        return False
    if not before.silent or not silent(sys.modules.keys() - before.modules):
        return False
    found = gc.get_objects()
    kinds = set(map(type, found))
    for kind in kinds.difference(FILES, MEMORY):
        if any("__del__" in ATTRIBUTES(base) for base in BASES(kind)):
            return False
    if not kinds.isdisjoint(FILES) and not all(item.closed for item in found if type(item) in FILES):
        return False
    references = {kind for kind in kinds if REFERENCE in BASES(kind)}
    return not references or all(inward(CALLBACK(item)) for item in found if type(item) in references)


def inward(callback: object) -> bool:
    """Does a function that is called when an object dies keep to the tables of the library?"""
    return callback is None or type(callback) is type(len) or getattr(callback, "__module__", "") in TABLES


def silent(names: Iterable[str]) -> bool:
    """Of modules: is none an extension that is not known?"""
    for name in names:
        module: object = sys.modules.get(name)
        if module is None or isinstance(module, type):
            continue
        origin = ATTRIBUTES_OF_MODULE(module).get("__file__") if type(module) is MODULE else "?.so"
        if type(origin) is str and origin.endswith(".so") and name not in SILENT:
            return False
    return True


def flushed() -> bool:
    """All that was said is written."""
    for stream in STREAMS:
        if stream is not None and not stream.closed:
            stream.flush()
    return True


def leave(before: Baseline, status: int) -> None:
    """The end: at once where nobody can tell, else as an interpreter ends."""
    try:
        if orderly():
            atexit._run_exitfuncs()
            if orderly() and quiet(before) and flushed():
                EXIT(status & 0xFF)
    except Exception:
        pass  # whatever is wrong is said when it happens again
    forget()
    raise SystemExit(status)


def forget() -> None:
    """Streams write what they hold when nobody has them any more."""
    globals().clear()
