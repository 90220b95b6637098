"""safety: what the runtime guarantees, measured from outside - escapes, overhead, faults, memory, kills, crowds.

Comes in: this machine. Goes out: tables. Must never: count what it did not see.
"""
