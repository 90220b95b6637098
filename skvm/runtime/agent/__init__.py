"""agent: doing one step - by its stated command, by solidified code, or by a model with tools.

Comes in: one step, its slice, and what it may read. Goes out: a `StepResult`, with every call journalled on the way.
Must never: decide which step is next, show a model more than the step's slice, or repeat a completed effect.
"""
