"""adapt: outcomes of steps come in; moved estimates, requests to recompile, and a verdict over variants go out.

Comes in: journals of runs, pairs of outcomes of two plans. Goes out: `RecompileRequest`s, the plan that is to run.
Must never: compile or run anything, count a failure of infrastructure, or change a plan without paired evidence.
"""

from skvm.jit.adapt.estimates import Moved, live_cell
from skvm.jit.adapt.outcomes import Outcome, outcomes_of, together
from skvm.jit.adapt.record import AdaptPolicy, AdaptRecord, RecompileRequest, Stubborn, Variant, VariantState
from skvm.jit.adapt.show import Page, adapted_page
from skvm.jit.adapt.variants import admit, back_to, compared, done_again, put_off, worth_again
from skvm.jit.adapt.watch import requested, watched

__all__ = [
    "AdaptPolicy",
    "AdaptRecord",
    "Moved",
    "Outcome",
    "Page",
    "RecompileRequest",
    "Stubborn",
    "Variant",
    "VariantState",
    "adapted_page",
    "admit",
    "back_to",
    "compared",
    "done_again",
    "live_cell",
    "outcomes_of",
    "put_off",
    "requested",
    "together",
    "watched",
    "worth_again",
]
