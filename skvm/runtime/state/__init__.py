"""state: what a run knows and has used - results, references, limits, the record of events, the replay of an earlier one.

Comes in: results and events of steps. Goes out: resolved references, budgets, journalled events.
Must never: call a model, run a tool, or change the work folder.
"""
