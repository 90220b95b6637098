"""measure: which probe to put next, when to stop, and what the counts say.

Comes in: passes and failures per level, in instance order. Goes out: probabilities with intervals, a level, the next plan.
Must never: look at how a result came about, at time or at randomness; the same counts give the same verdict.
"""
