"""run: putting probes to a harness, round by round, with a ledger that survives the death of the process.

Comes in: probes, a harness, a workbench, a policy, a budget. Goes out: counts per primitive and level, and what they cost.
Must never: let a failure of key, server, harness or machine become a count, or put a completed instance a second time.
"""
