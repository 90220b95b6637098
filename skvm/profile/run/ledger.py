"""The ledger of one measurement: instances that were begun and results of those that ended, each durable when written."""

from __future__ import annotations

from skvm.ir import Frozen
from skvm.ports import Blobs


class Result(Frozen):
    """One completed instance: verdict and what it cost. `cost` in USD is None when the price is unknown.

    `period`: which budget paid for it (see `Ledger.period`).
    """

    passed: bool
    reason: str = ""
    calls: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0
    period: int = 0


class Ledger:
    """Results by instance key in one table of named records. `began` is the day of the first instance, as ISO 8601."""

    def __init__(self, records: Blobs, name: str, today: str) -> None:
        self._records = records
        self._table = f"probes {name}"
        rows = dict(records.records(self._table))
        self.meta: dict[str, object] = rows.pop("meta", None) or {"began": today, "finished": False}
        self.begun: dict[str, int] = {k.removeprefix("begun "): v for k, v in rows.items() if k.startswith("begun ")}
        self.done: dict[str, Result] = {
            k.removeprefix("done "): Result.model_validate(v) for k, v in rows.items() if k.startswith("done ")
        }

    @property
    def began(self) -> str:
        """The day the measurement began."""
        return str(self.meta["began"])

    @property
    def finished(self) -> bool:
        """Did it reach its end?"""
        return bool(self.meta["finished"])

    @property
    def period(self) -> int:
        """Counts budgets: a new one begins where one ended, or when another is given. A killed process goes on with its own."""
        return int(str(self.meta.get("period", 0)))

    @property
    def repeated(self) -> int:
        """Instances that were begun again because an earlier process died before they ended."""
        return sum(n - 1 for n in self.begun.values())

    def begin(self, key: str) -> None:
        """An instance is about to be put; raises StoreError."""
        if not self.begun:
            self._records.save(self._table, "meta", self.meta)
        self.begun[key] = self.begun.get(key, 0) + 1
        self._records.save(self._table, f"begun {key}", self.begun[key])

    def complete(self, key: str, result: Result) -> None:
        """An instance ended; raises StoreError."""
        result = result.model_copy(update={"period": self.period})
        self._records.save(self._table, f"done {key}", result.model_dump(mode="json"))
        self.done[key] = result

    def budgeted(self, terms: str) -> None:
        """A process works under that budget; raises StoreError."""
        if self.meta.get("budget") != terms:
            self._note(budget=terms, period=self.period + 1)

    def end_period(self) -> None:
        """The budget has ended; raises StoreError."""
        self._note(period=self.period + 1)

    def finish(self) -> None:
        """The measurement reached its end; raises StoreError."""
        self._note(finished=True)

    def _note(self, **what: object) -> None:
        self.meta = {**self.meta, **what}
        self._records.save(self._table, "meta", self.meta)

    def forget(self) -> None:
        """Drop everything."""
        for key, _ in list(self._records.records(self._table)):
            self._records.drop(self._table, key)
        self.begun, self.done = {}, {}
