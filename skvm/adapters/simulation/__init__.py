"""simulation: a profile and an oracle come in; a model that errs as often as the profile says goes out.

Must never: present its numbers as a real model's, or draw from names or call order.
"""

from skvm.adapters.simulation.model import SimModel
from skvm.adapters.simulation.oracle import Call, CommandOracle, Done, Oracle, SolutionContext, load_oracle

__all__ = ["Call", "CommandOracle", "Done", "Oracle", "SimModel", "SolutionContext", "load_oracle"]
