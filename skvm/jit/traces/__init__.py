"""traces: recorded runs of any agent come in as files; the same record comes out whatever program wrote them.

One file a format. Nothing in them is ever run; a broken or half file is told in one line and the rest is still read.
"""

from skvm.jit.traces.call import Call
from skvm.jit.traces.files import FORMATS, read_traces
from skvm.jit.traces.reads import is_read
from skvm.jit.traces.record import Message, Run, Turn, run_of, turns_of

__all__ = ["FORMATS", "Call", "Message", "Run", "Turn", "is_read", "read_traces", "run_of", "turns_of"]
