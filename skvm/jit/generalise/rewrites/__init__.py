"""Rewrites: one text made out of another by a stated, typed, deterministic change.

Comes in: a text that was read and what the change is given (a path, a value, a line). Goes out: the changed text, or `Unfilled`
where the text is not of the form that the change is for. Never guesses: a text with a doubtful place is left to the model.
"""
