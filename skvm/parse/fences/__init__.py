"""fences: the text of a code fence or bundled script comes in; commands, places, packages, hosts and roles go out.

All offsets are bytes of the text that was handed in. Must never: run, import or expand what it reads, or raise for any text.
"""

from skvm.parse.fences.facts import CodeFacts, CommandFact, NeedFact, PlaceFact

__all__ = ["CodeFacts", "CommandFact", "NeedFact", "PlaceFact"]
