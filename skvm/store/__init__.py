"""store: durable state - the journal of runs, named records, content-addressed blobs, prefixes, locks.

Comes in: a home folder (or nothing, for the store in memory). Goes out: implementations of `ports.Journal` and `ports.Blobs`.
Must never: leave something half-written, decide where home is, or interpret what it keeps.
"""

from skvm.store.blobs import FileBlobs
from skvm.store.database import Database, Records, SqlJournal
from skvm.store.files import private_folder, write_aside
from skvm.store.home import Store, held_lock, is_held, open_store
from skvm.store.memory import NullBlobs, NullJournal, NullStore
from skvm.store.prefixes import Prefixes, folder_bytes

__all__ = [
    "Database",
    "FileBlobs",
    "NullBlobs",
    "NullJournal",
    "NullStore",
    "Prefixes",
    "Records",
    "SqlJournal",
    "Store",
    "folder_bytes",
    "held_lock",
    "is_held",
    "open_store",
    "private_folder",
    "write_aside",
]
