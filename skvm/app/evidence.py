"""Reading and changing the evidence about solidified steps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from skvm.app.settings import Settings
from skvm.diag import SkvmError, UsageError

if TYPE_CHECKING:
    from skvm.jit import Book, Ledger
    from skvm.jit.foresee.kept import RuleBook
    from skvm.ports import Storage

T = TypeVar("T")


COMPILE_SECONDS = 0.5
"""How long a run waits to note what compiling took."""

LOCK_SECONDS = 10.0
"""How long one run waits for another that writes evidence; a change takes milliseconds."""


def open_book(store: Storage) -> Book:
    """The book of solidified steps over a store, safe for several processes."""
    from skvm.jit import Book

    return Book(store.blobs, lock=partial(store.lock, "solidified steps", LOCK_SECONDS))


def open_rules(store: Storage) -> RuleBook | None:
    """Learned rules for the next read; None where none were kept."""
    from skvm.jit.foresee.kept import RuleBook

    rules = RuleBook(store.blobs)
    return rules if rules else None


def savings(skill: str | None = None, settings: Settings | None = None) -> Ledger:
    """The ledger of one skill or of all: intervals out of the kept model runs, costs of compiling and of runs beside runs."""
    from skvm.jit.foresee.kept import tallies
    from skvm.jit.ledger import compiles, kept, ledger, trials
    from skvm.store import open_store

    settings = settings or Settings.from_environment()
    with open_store(settings.home) as store:
        records, blobs = open_book(store).records(), store.blobs
        told, tried = tallies(blobs), trials(blobs)
        return ledger(records, skill, runs=kept(blobs), compiled=compiles(blobs), foretold=told, tried=tried)


def note_compile(store: Storage, skill: str, seconds: float) -> None:
    """Take note of what compiling a skill for a run took; a store that is busy or full never harms the run."""
    from skvm.jit.ledger import note_compile

    with suppress(SkvmError), store.lock("compiles", COMPILE_SECONDS):
        note_compile(store.blobs, skill, seconds)


def with_book(use: Callable[[Book], T], settings: Settings | None = None) -> T:
    """What `use` makes of the book of solidified steps; raises UsageError for an id that is not in it."""
    from skvm.store import open_store

    settings = settings or Settings.from_environment()
    store = open_store(settings.home)
    try:
        return use(open_book(store))
    except KeyError as error:
        raise UsageError("no solidified step is called that", where=str(error.args[0]), help="see `skvm jit list`") from None
    except ValueError as error:
        raise UsageError(str(error), help="see `skvm jit why`") from None
    finally:
        store.close()
