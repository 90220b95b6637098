"""jit: traces of model runs come in; proved, guarded code of steps goes out, with its evidence, history and savings.

Comes in: step contexts and results, served and handed-back reports. Goes out: offers, refusals with reasons, ledgers.
Must never: edit a plan, run anything, serve what is not proved, or count a simulated model as a real one.
"""

from skvm.jit.ledger import Ledger, LedgerRow, ledger, ledger_text
from skvm.jit.prove.ladder import Policy, StepRecord
from skvm.jit.serve.book import Book
from skvm.jit.show import Page, drop, list_steps, review, show, why

__all__ = [
    "Book",
    "Ledger",
    "LedgerRow",
    "Page",
    "Policy",
    "StepRecord",
    "drop",
    "ledger",
    "ledger_text",
    "list_steps",
    "review",
    "show",
    "why",
]
