"""Wrong executions: solidified steps of the example skills and of generated tools, against reference functions.

Comes in: skills, solution files, a seed. Goes out: what was served right, handed back, and served wrong.
"""
