"""logic: a draft's sentences, code and names come in; acts, control, needs, slots and code blocks go out.

Must never: move a boundary that the structure drew, or claim a thing whose words are not in its span.
"""

from skvm.parse.logic.layer import logical_layer

__all__ = ["logical_layer"]
