"""Content-addressed bytes as files `objects/ab/cdef...`, with the named records beside them."""

from __future__ import annotations

from pathlib import Path

from skvm.diag import StoreError
from skvm.source import digest_bytes
from skvm.store.database import Records
from skvm.store.files import private_folder, write_aside


class FileBlobs(Records):
    """`ports.Blobs`: bytes in files below `objects`, records in SQLite."""

    def __init__(self, objects: Path, records: Records) -> None:
        super().__init__(records._db)
        self._objects = objects

    def put(self, data: bytes) -> str:
        """Store and return the digest; a blob that is there already is not written again."""
        digest = digest_bytes(data)
        path = self._path(digest)
        if not path.is_file():
            private_folder(path.parent)
            write_aside(path, data)
        return digest

    def get(self, digest: str) -> bytes:
        """Raises KeyError when absent or not what its name says, StoreError when it cannot be read."""
        try:
            data = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise KeyError(digest) from None
        except OSError as error:
            raise StoreError(f"cannot read a blob: {error.strerror}", where=digest) from None
        if digest_bytes(data) != digest:
            raise KeyError(digest)
        return data

    def _path(self, digest: str) -> Path:
        kind, _, name = digest.partition(":")
        if kind != "sha256" or len(name) != 64 or not all(c in "0123456789abcdef" for c in name):
            raise KeyError(digest)
        return self._objects / name[:2] / name[2:]
