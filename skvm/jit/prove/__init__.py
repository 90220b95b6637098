"""prove: templates are applied to inputs and held against what model runs really did; evidence goes out, and the step's level.

Must never: run anything, or read the store.
"""
