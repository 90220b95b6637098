"""jit: traces of model runs come in; proved, guarded code of steps goes out, with its evidence, history and savings.

Comes in: step contexts and results, served and handed-back reports. Goes out: offers, refusals with reasons, ledgers.
Must never: edit a plan, run anything, serve what is not proved, or count a simulated model as a real one.
"""

from skvm.jit.book import Book
from skvm.jit.ladder import Policy, StepRecord

__all__ = ["Book", "Policy", "StepRecord"]
