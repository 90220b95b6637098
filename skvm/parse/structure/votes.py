"""Weighted votes: named features, integer weights kept in `grammar/votes.txt`, a sum at or above zero means yes.

The same sum is what `why` explains: every decision is a list of (feature, weight) pairs.
"""

from __future__ import annotations

from functools import cache

from skvm.source import read_data


@cache
def weights(question: str) -> dict[str, int]:
    """Weights of one question ("scene", "step", "procedure"), by feature name."""
    table: dict[str, int] = {}
    here = ""
    for line in read_data("grammar", "votes.txt").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("["):
            here = text.strip("[]")
        elif text and here == question:
            name, _, value = text.rpartition(" ")
            table[name.strip()] = int(value)
    return table


def total(question: str, features: dict[str, float]) -> float:
    """Sum of the weights of the features that are present, each times its strength."""
    table = weights(question)
    return table.get("bias", 0) + sum([table[name] * value for name, value in features.items() if name in table])


def why(question: str, features: dict[str, float]) -> list[tuple[str, float]]:
    """The votes that counted, strongest first."""
    table = weights(question)
    votes = [(name, table[name] * value) for name, value in features.items() if table.get(name)]
    return sorted(votes, key=lambda vote: (-abs(vote[1]), vote[0]))
