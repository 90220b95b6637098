"""`python -m bench.frontier`: how good any measurement could be at finding levels, by dynamic programming.

All courses of up to MOST instances of one cell, each level open at each step, are weighed against each other under a known
distribution of curves: a right verdict on a clear cell counts 1, one that is off by two costs FAR, an instance costs a price
that makes the mean number of instances that of `bench.profiling` at 60 %. First under the generator's own curves, which nobody
knows, so that no policy of that mean length does better; then under all of the tuned generators at once, as one policy must.
SIMULATED curves; exact but for the sample of curves.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.profiling import GENERATORS, PRIMITIVES, Curve, true_level

RUNS = 140 / len(PRIMITIVES)
COSTS = (0.0, 0.5, 1.0, 1.5, 2.0)
TUNED = ("logistic", "stepwise", "sorted")
Array = NDArray[np.float64]
Moments = list[Array]
"""By number of instances: a row for every count, of the chance to see it, then by verdict of being right on a clear cell, and
of being off by two; the chances are those of one order of the results."""


class Courses:
    """All counts of up to `most` instances, and where one more pass or failure leads."""

    def __init__(self, most: int) -> None:
        self.layers = [np.array(list(_counts(n, 6)), dtype=np.float64) for n in range(most + 1)]
        places = [{tuple(row): at for at, row in enumerate(layer)} for layer in self.layers]
        step = np.eye(6)
        self.next = [
            np.array([[places[n + 1][tuple(row + step[k])] for k in range(6)] for row in layer])
            for n, layer in enumerate(self.layers[:-1])
        ]

    def moments(self, curves: Sequence[Curve]) -> Moments:
        """Under a sample of curves."""
        chances = np.clip(np.array(curves), 1e-9, 1 - 1e-9)
        logs = np.log(np.stack([part for rank in range(3) for part in (chances[:, rank], 1 - chances[:, rank])]))
        level = np.array([true_level(curve) for curve in curves])
        clear = np.array([not any(0.6 < p < 0.9 for p in curve) for curve in curves])
        columns = [np.ones(len(curves)), *(clear & (level == v) for v in range(4)), *(abs(level - v) >= 2 for v in range(4))]
        table = np.stack(columns, axis=1) / len(curves)
        return [np.concatenate([np.exp(part @ logs) @ table for part in _parts(layer)]) for layer in self.layers]

    def solved(self, prior: Moments, cost: float, price: float) -> tuple[list[Array], list[Array]]:
        """For each count the level to try next (-1: stop) and the verdict, best under `prior`."""
        acts, verdicts, ahead = [], [], np.zeros(0)
        for n in reversed(range(len(self.layers))):
            worth = prior[n][:, 1:5] - cost * prior[n][:, 5:9]
            best, act = worth.max(axis=1), np.full(len(worth), -1)
            for rank in range(3) if n < len(self.next) else ():
                way = ahead[self.next[n][:, 2 * rank]] + ahead[self.next[n][:, 2 * rank + 1]] - price * prior[n][:, 0]
                act, best = np.where(way > best, rank, act), np.maximum(way, best)
            acts.append(act)
            verdicts.append(worth.argmax(axis=1))
            ahead = best
        return acts[::-1], verdicts[::-1]

    def judged(self, truth: Moments, acts: Sequence[Array], verdicts: Sequence[Array]) -> tuple[float, float, float]:
        """Mean instances, share of cells that are clear and right, share off by two, where `truth` holds."""
        ahead = np.zeros((0, 3))
        for n in reversed(range(len(self.layers))):
            rows = np.arange(len(truth[n]))
            found = np.stack([0 * rows, truth[n][rows, 1 + verdicts[n]], truth[n][rows, 5 + verdicts[n]]], axis=1)
            for rank in range(3) if n < len(self.next) else ():
                on = acts[n] == rank
                found[on] = ahead[self.next[n][on, 2 * rank]] + ahead[self.next[n][on, 2 * rank + 1]]
                found[on, 0] += truth[n][on, 0]
            ahead = found
        runs, right, far = ahead[0]
        return float(runs), float(right), float(far)

    def at_length(self, prior: Moments, truth: Moments, cost: float) -> tuple[float, float, float]:
        """As `judged`, at the lowest price at which the mean is RUNS or less."""
        low, high = 1e-4, 0.3
        for _ in range(12):
            price = (low * high) ** 0.5
            low, high = (price, high) if self.judged(truth, *self.solved(prior, cost, price))[0] > RUNS else (low, price)
        return self.judged(truth, *self.solved(prior, cost, high))


def _counts(n: int, places: int) -> Iterator[tuple[int, ...]]:
    """All ways to put `n` into `places`."""
    if places == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in _counts(n - first, places - 1):
            yield (first, *rest)


def _parts(layer: Array) -> list[Array]:
    return [layer[at : at + 4000] for at in range(0, len(layer), 4000)]


def fixed_rule(curves: Sequence[Curve]) -> tuple[float, float]:
    """Share of cells that are clear and right, and off by two, of 3 of 3 at the highest level."""
    right = far = 0.0
    for curve in curves:
        one, two, three = (p**3 for p in curve)
        chances = ((1 - one) * (1 - two) * (1 - three), one * (1 - two) * (1 - three), two * (1 - three), three)
        level = true_level(curve)
        right += chances[level] * (not any(0.6 < p < 0.9 for p in curve))
        far += sum(chance for verdict, chance in enumerate(chances) if abs(verdict - level) >= 2)
    return right / len(curves), far / len(curves)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.frontier", description=__doc__)
    parser.add_argument("--curves", type=int, default=3000)
    parser.add_argument("--most", type=int, default=10)
    args = parser.parse_args()
    courses = Courses(args.most)
    samples = {}
    for name in TUNED:
        rng = random.Random(f"frontier {name}")
        samples[name] = [GENERATORS[name](rng) for _ in range(args.curves)]
    truths = {name: courses.moments(curves) for name, curves in samples.items()}
    several = [sum(layers) / len(layers) for layers in zip(*truths.values(), strict=True)]
    for name, curves in samples.items():
        clear = sum(not any(0.6 < p < 0.9 for p in curve) for curve in curves) / len(curves)
        right, far = fixed_rule(curves)
        print(f"{name}: the fixed rule is right on {right / clear:.3f} of clear cells, off by two on {far:.4f} of all")
        for words, prior in (("own curves", truths[name]), ("all curves", several)):
            for cost in COSTS:
                runs, found, off = courses.at_length(prior, truths[name], cost)
                shares = f"right {found / clear:.3f}, off by two {off / far:.2f} of the rule's"
                print(f"  {words}, FAR {cost:.1f}: {runs:.2f} runs, {shares}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
