"""parse: a skill folder comes in; a typed program with spans and diagnostics goes out, and the proof that no byte was lost.

Must never: raise for what a skill contains, run or fetch anything, ask a model, or claim what no span shows.
"""

from skvm.parse.assemble import ParseResult, parse_skill
from skvm.parse.structure.overlay import certify, rebuild

__all__ = ["ParseResult", "certify", "parse_skill", "rebuild"]
