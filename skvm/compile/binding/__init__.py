"""The exact cheapest assignment of steps to executors.

In: a `Table` of steps with what each executor would cost, lose and take, the order of the steps, and the limits. Out: a
`Choice` that no other choice within the limits undercuts, the bound that proves it, and the front of cost against success.
Pure arithmetic: this room knows no program, no profile, no price list, and never guesses.
"""

from skvm.compile.binding.front import Point, front
from skvm.compile.binding.solve import Choice, solve
from skvm.compile.binding.table import Link, Option, Table, cost_of, loss_of, time_of

__all__ = ["Choice", "Link", "Option", "Point", "Table", "cost_of", "front", "loss_of", "solve", "time_of"]
