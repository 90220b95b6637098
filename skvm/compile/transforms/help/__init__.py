"""help: what a level's lowering means for one step, in words and pieces of the skill itself.

Comes in: a view of a step with a gap. Goes out: text beside the step. Must never: invent code, names or numbers.
"""
