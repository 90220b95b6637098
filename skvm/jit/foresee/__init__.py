"""foresee: the next read of an agent, foretold from what stands in its messages, with rules learned from recorded runs.

A rule names a tool and where each of its arguments comes from: a piece of the user's last words that has the shape all its
values had, the one wording of a request, a path into an earlier result, the next item of a list (as a search also only until
what the user named is found); of one step of a skill also a call that is always the same. It is kept only when it was right in
enough of the runs it was learned from. Only reads are foretold; a write is never.
`kept` holds rules for runs of a skill.
"""

from skvm.jit.foresee.learn import MIN_MEAN, MIN_SEEN, learn
from skvm.jit.foresee.rules import Rule
from skvm.jit.foresee.serve import Score, foresee, score

__all__ = [
    "MIN_MEAN",
    "MIN_SEEN",
    "Rule",
    "Score",
    "foresee",
    "learn",
    "score",
]
