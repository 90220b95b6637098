"""A folder that cannot be left: paths are walked one component at a time from an open directory.

Every component is opened with O_NOFOLLOW relative to the one before it, so swapping a folder for a link between check and
use gains nothing. Links are followed by hand, only while they stay inside. Only regular files are opened (a FIFO would block).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import posixpath
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

MAX_LINKS = 16
ASIDE = ".skvm-aside-"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Refused(Exception):
    """A path that may not be used, in words for the model."""


class Confined:
    """The folder `root`. Paths given to methods are relative and already normalised by `relative`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def relative(self, path: str) -> str:
        """Normal form of a user's path below the root (`.` for the root itself); raises Refused when it leads out."""
        if "\0" in path:
            raise Refused("a path cannot contain NUL")
        if path.startswith("/"):
            base = str(self.root)
            normal = posixpath.normpath(path)
            if normal != base and not normal.startswith(base.rstrip("/") + "/"):
                raise Refused(f"{path} is outside the work folder; use a path relative to it")
            path = normal[len(base) :].lstrip("/")
        normal = posixpath.normpath(path or ".")
        if normal == ".." or normal.startswith("../"):
            raise Refused(f"{path} leads out of the work folder")
        return normal

    def exists(self, path: str) -> bool:
        """Is there a file or folder? A link that leads out counts as absent."""
        return self.kind(path) is not None

    def kind(self, path: str) -> str | None:
        """`file`, `folder`, `other`, or None when absent or outside."""
        try:
            with self._open(path, os.O_RDONLY | os.O_NONBLOCK) as descriptor:
                mode = os.fstat(descriptor).st_mode
        except (OSError, Refused):
            return None
        return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"

    @contextmanager
    def reading(self, path: str) -> Iterator[int]:
        """Descriptor of a regular file; raises Refused or OSError."""
        with self._open(path, os.O_RDONLY | os.O_NONBLOCK) as descriptor:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise Refused(f"{path} is a folder")
            if not stat.S_ISREG(mode):
                raise Refused(f"{path} is not a regular file")
            yield descriptor

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Descriptor of a folder; raises Refused or OSError."""
        with self._open(path, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
            yield descriptor

    def write(self, path: str, data: bytes) -> None:
        """Write a file so that it is whole or unchanged; missing folders are made. Raises Refused or OSError."""
        self.write_from(path, io.BytesIO(data))

    def write_from(self, path: str, source: IO[bytes]) -> None:
        """As `write`, from a stream, a piece at a time."""
        if path == "." or path.endswith("/"):
            raise Refused("a file name is needed")
        with self._parent(path, make=True) as (parent, name):
            mode = self._mode_of(parent, name, path)
            aside = ASIDE + secrets.token_hex(8)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                    if mode is not None:
                        os.fchmod(file.fileno(), mode)
                os.rename(aside, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(aside, dir_fd=parent)
                raise

    @staticmethod
    def _mode_of(parent: int, name: str, path: str) -> int | None:
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(mode):
            raise Refused(f"{path} is not a regular file")
        return stat.S_IMODE(mode) & 0o777

    @contextmanager
    def _open(self, path: str, flags: int) -> Iterator[int]:
        if path == ".":
            descriptor = os.open(self.root, _DIRECTORY)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
            return
        with self._parent(path, make=False) as (parent, name):
            descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    @contextmanager
    def _parent(self, path: str, make: bool) -> Iterator[tuple[int, str]]:
        """Folder that really holds the last component, and that component's name; links on the way are followed inside."""
        todo = path.split("/")[::-1]
        done: list[str] = []
        here = os.open(self.root, _DIRECTORY)
        links = 0
        try:
            while True:
                name = todo.pop()
                target = self._link(here, name)
                if target is not None:
                    links += 1
                    if links > MAX_LINKS:
                        raise Refused(f"{path}: too many links")
                    todo += self._follow(target, done, path)
                    done = []
                    here = self._swap(here, os.open(self.root, _DIRECTORY))
                    if not todo:
                        raise Refused(f"{path} is the work folder itself")
                elif not todo:
                    yield here, name
                    return
                else:
                    here = self._swap(here, self._step(here, name, make, path))
                    done.append(name)
        finally:
            os.close(here)

    @staticmethod
    def _swap(old: int, new: int) -> int:
        os.close(old)
        return new

    @staticmethod
    def _link(here: int, name: str) -> str | None:
        try:
            return os.readlink(name, dir_fd=here)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return None
            raise

    def _follow(self, target: str, done: list[str], path: str) -> list[str]:
        """Components (last first) from the root that a link stands for; raises Refused when it leads out."""
        try:
            normal = self.relative(target if target.startswith("/") else posixpath.join(*done, target) if done else target)
        except Refused:
            raise Refused(f"{path} is a link out of the work folder") from None
        return [] if normal == "." else normal.split("/")[::-1]

    @staticmethod
    def _step(here: int, name: str, make: bool, path: str) -> int:
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o777, dir_fd=here)
        try:
            return os.open(name, _DIRECTORY, dir_fd=here)
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Refused(f"{path} changed while it was opened") from None
            raise
