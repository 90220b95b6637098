"""Small weighted networks written in YAML with shared parts, and questions about them, worked out by trying everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from math import inf
from typing import Any

from skvm.profile.kit.instance import Rng
from skvm.profile.kit.pools import coined_words

Links = dict[tuple[str, str], int]
"""Lengths of links; there is one at most between two places, and no direction."""


@dataclass(frozen=True)
class Question:
    """What is asked about a network whose `first` and `last` place are named: told, worked out, and as an expression over a
    networkx graph `g` whose edges have the attribute `length`; and near expressions that are wrong."""

    told: str
    work: Callable[[Links, str, str], Any]
    python: str
    near: str
    wrong: Callable[[Links, str, str], Any]


def network(rng: Rng) -> tuple[Links, str, str]:
    """A connected network and two of its places that are not linked."""
    while True:
        places = coined_words(rng, rng.randint(7, 9))
        links: Links = {}
        for at, place in enumerate(places[1:], 1):
            links[(places[rng.randint(0, at - 1)], place)] = rng.randint(2, 30)
        for a, b in combinations(places, 2):
            if (a, b) not in links and rng.random() < 0.22:
                links[(a, b)] = rng.randint(2, 30)
        order = rng.sample(list(links), len(links))
        apart = [pair for pair in combinations(places, 2) if pair not in links]
        if apart:
            return {link: links[link] for link in order}, *rng.choice(apart)


def network_as_yaml(rng: Rng, links: Links, first: str, last: str, words: tuple[str, str, str, str]) -> str:
    """The network as YAML: lengths that come up are templates, which links refer to and at times overrule."""
    templates, ends, length, name = words
    shared = sorted(set(rng.sample(sorted(links.values()), 3)))
    lines = [f"{templates}:"]
    lines += [f"  {name}{at}: &{name}{at} {{{length}: {value}, kind: {name}}}" for at, value in enumerate(shared)]
    lines += [f"first: {first}", f"last: {last}", "links:"]
    for (a, b), value in links.items():
        pair = [a, b] if rng.random() < 0.5 else [b, a]
        at = rng.randint(0, len(shared) - 1)
        own = "" if shared[at] == value else f"\n    {length}: {value}"
        lines.append(f"  - {ends}: [{', '.join(pair)}]\n    <<: *{name}{at}{own}")
    return "\n".join(lines) + "\n"


def _places(links: Links) -> list[str]:
    return sorted({place for link in links for place in link})


def _reached(links: Iterable[tuple[str, str]], start: str) -> dict[str, int]:
    """Places that can be reached and over how many links."""
    found, edge, pairs = {start: 0}, [start], list(links)
    while edge:
        here = edge.pop(0)
        for a, b in pairs:
            for near, far in ((a, b), (b, a)):
                if near == here and far not in found:
                    found[far] = found[here] + 1
                    edge.append(far)
    return found


def _shortest(links: Links, first: str, last: str) -> int:
    far: dict[str, float] = dict.fromkeys(_places(links), inf)
    far[first] = 0
    for _ in far:
        for (a, b), length in links.items():
            far[a], far[b] = min(far[a], far[b] + length), min(far[b], far[a] + length)
    return int(far[last])


def _tree(links: Links, sign: int = 1) -> int:
    total, taken = 0, list[tuple[str, str]]()
    for link in sorted(links, key=lambda link: sign * links[link]):
        if link[1] not in _reached(taken, link[0]):
            taken.append(link)
            total += links[link]
    return total


def _joints(links: Links) -> list[str]:
    found = []
    for place in _places(links):
        rest = [link for link in links if place not in link]
        others = [other for other in _places(links) if other != place]
        if len(_reached(rest, others[0])) < len(others):
            found.append(place)
    return found


def _bridges(links: Links) -> int:
    return sum(link[1] not in _reached([other for other in links if other != link], link[0]) for link in links)


def _flow(links: Links, first: str, last: str) -> int:
    """The least cut, which is the largest flow (Ford and Fulkerson)."""
    between = [place for place in _places(links) if place not in (first, last)]
    sides = ({first, *chosen} for n in range(len(between) + 1) for chosen in combinations(between, n))
    return min(sum(length for (a, b), length in links.items() if (a in side) != (b in side)) for side in sides)


def _widths(links: Links) -> list[int]:
    return [max(_reached(links, place).values()) for place in _places(links)]


QUESTIONS: dict[str, Question] = {
    "way": Question(
        "the total length of the shortest way from `first` to `last`",
        _shortest,
        'networkx.shortest_path_length(g, first, last, weight="length")',
        "networkx.shortest_path_length(g, first, last)",
        lambda links, first, last: _reached(links, first)[last],
    ),
    "tree": Question(
        "the total length of the links of a spanning tree that is as short as possible",
        lambda links, first, last: _tree(links),
        'int(networkx.minimum_spanning_tree(g, weight="length").size(weight="length"))',
        'int(networkx.maximum_spanning_tree(g, weight="length").size(weight="length"))',
        lambda links, first, last: _tree(links, -1),
    ),
    "joints": Question(
        "the alphabetical list (which can be empty) of the places each of which alone, when it is taken away with its links, "
        "leaves others that are no longer all connected",
        lambda links, first, last: _joints(links),
        "sorted(networkx.articulation_points(g))",
        "sorted(networkx.articulation_points(g))[1:]",
        lambda links, first, last: _joints(links)[1:],
    ),
    "bridges": Question(
        "how many links there are each of which alone, when it is taken away, leaves places that are no longer all connected",
        lambda links, first, last: _bridges(links),
        "len(list(networkx.bridges(g)))",
        "len(list(networkx.bridges(g))) + 1",
        lambda links, first, last: _bridges(links) + 1,
    ),
    "flow": Question(
        "the largest flow from `first` to `last` when every link can carry as much as its length says, in either direction",
        _flow,
        'networkx.maximum_flow_value(g, first, last, capacity="length")',
        'sum(d["length"] for _, _, d in g.edges(first, data=True))',
        lambda links, first, last: sum(length for link, length in links.items() if first in link),
    ),
    "width": Question(
        "the diameter: the largest number of links that lie between two places when one goes over as few links as possible",
        lambda links, first, last: max(_widths(links)),
        "networkx.diameter(g)",
        "networkx.radius(g)",
        lambda links, first, last: min(_widths(links)),
    ),
}
