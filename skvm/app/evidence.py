"""Reading and changing the evidence about solidified steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from skvm.app.settings import Settings
from skvm.diag import UsageError

if TYPE_CHECKING:
    from skvm.jit import Book

T = TypeVar("T")


def with_book(use: Callable[[Book], T], settings: Settings | None = None) -> T:
    """What `use` makes of the book of solidified steps; raises UsageError for an id that is not in it."""
    from skvm.jit import Book
    from skvm.store import open_store

    store = open_store((settings or Settings.from_environment()).home)
    try:
        return use(Book(store.blobs))
    except KeyError as error:
        raise UsageError("no solidified step is called that", where=str(error.args[0]), help="see `skvm jit list`") from None
    except ValueError as error:
        raise UsageError(str(error), help="see `skvm jit why`") from None
    finally:
        store.close()
