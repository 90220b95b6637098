"""Learning rules: what could explain the reads of recorded runs, kept when it would have foretold them rightly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from skvm.jit.foresee.rules import (
    Fixed,
    Following,
    Found,
    Path,
    Placed,
    Rule,
    Source,
    Spoken,
    leaves,
    next_item,
    parsed,
    word_before,
    words,
)
from skvm.jit.foresee.shapes import shape
from skvm.jit.foresee.worded import Env, opened, told, worded
from skvm.jit.generalise.unify import spelled
from skvm.jit.traces import Call, Run, Turn, is_read
from skvm.plan import encode, variables

MIN_SEEN = 8
"""Runs, of those it is learned from, in which a rule must have been right whenever it spoke."""

MIN_MEAN = 0.93
"""Posterior mean of being right in a run that a rule must reach there; with no error this takes 13 runs. What happens within
one run hangs together: a loop that goes on for six items is one case and not six."""

MOST_WAYS = 12
"""Ways to explain one call that are followed up, the most frequent ones."""

MAX_RESULT = 200_000
"""Characters of a result that are looked through."""

Moment = tuple[int, int]
"""A turn: number of the run, number in it."""

SOME = 0.8
"""Share of the calls of a tool in which two arguments must stand next to each other to be read as one piece."""


def learn(
    runs: Sequence[Run], *, min_seen: int = MIN_SEEN, min_mean: float = MIN_MEAN, fixed: bool = False
) -> tuple[Rule, ...]:
    """Rules that hold on these runs, best first. The same runs give the same rules, in whatever order they come.

    `fixed`: also calls that are the same each time, for runs that all do one piece of work; these come last.
    """
    runs = sorted(runs, key=lambda r: r.id)
    turns = [turn for run in runs for turn in run.turns]
    found = [_counted(rule, runs) for rule in (*_spoken_rules(turns), *_result_rules(turns))]
    good = [row for row in found if row[0].right >= min_seen and row[0].mean >= min_mean]
    kept: list[Rule] = []
    covered: set[Moment] = set()
    for rule, right in sorted(good, key=lambda row: (-row[0].mean, -row[0].right, -len(row[1]), row[0].text())):
        if not right <= covered:  # else it only says what better rules say, and would disagree with them elsewhere
            kept.append(rule)
            covered |= right
    return (*kept, *(_fixed_rules(runs, min_seen, min_mean) if fixed else ()))


def _fixed_rules(runs: Sequence[Run], min_seen: int, min_mean: float) -> list[Rule]:
    """Reads with the same arguments that follow the user's words, each kept by itself: none of them speaks against another."""
    counts: Counter[str] = Counter()
    rules: dict[str, Rule] = {}
    for turn in (turn for run in runs for turn in run.turns if turn.said is not None):
        made = {rule.text(): rule for rule in (Rule(c.tool, "", _same(c, turn.env)) for c in turn.reads)}
        counts.update(made.keys())
        rules |= made
    found = [_counted(rules[text], runs)[0] for text, count in counts.items() if count >= min_seen]
    good = [rule for rule in found if rule.right >= min_seen and rule.mean >= min_mean]
    return sorted(good, key=lambda rule: (-rule.mean, rule.text()))


def _same(call: Call, env: Env) -> tuple[Source, ...]:
    """The arguments of a call as they are, but for what the environment tells."""
    return tuple(_alike(name, value, env) for name, value in sorted(call.args.items()))


def _alike(name: str, value: Any, env: Env) -> Source:
    template = opened(value, told(env))
    if not set(variables(template)):
        return Fixed(name, value)
    try:
        return Placed(name, spelled(encode(template)))
    except ValueError:  # an object that a template cannot be made of
        return Fixed(name, value)


def _counted(rule: Rule, runs: Sequence[Run]) -> tuple[Rule, set[Moment]]:
    """The rule with its counts of runs, and the moments at which it was right. A run with one error is an error."""
    moments: set[Moment] = set()
    right = wrong = 0
    for number, run in enumerate(runs):
        calls = ((at, turn, rule.call(turn)) for at, turn in enumerate(run.turns))
        good = {at: call.key in {c.key for c in turn.reads} for at, turn, call in calls if call is not None}
        moments |= {(number, at) for at, held in good.items() if held}
        right, wrong = right + (bool(good) and all(good.values())), wrong + (not all(good.values()))
    return replace(rule, right=right, wrong=wrong), moments


def _first_reads(turns: Iterable[Turn], spoken: bool) -> Iterator[tuple[Turn, Call]]:
    for turn in turns:
        if (turn.said is not None) == spoken and turn.made and is_read(turn.made[0]):
            yield turn, turn.made[0]


def _spoken_rules(turns: Sequence[Turn]) -> Iterator[Rule]:
    """One rule a tool whose every argument stood in the words that came before the call, and one for each fixed wording."""
    cases: dict[str, list[tuple[str, Call]]] = defaultdict(list)
    for turn, call in _first_reads(turns, spoken=True):
        if call.args and all(isinstance(v, str) and v and v in (turn.said or "") for v in call.args.values()):
            cases[call.tool].append((turn.said or "", call))
    for tool, rows in sorted(cases.items()):
        sources = _spoken(rows)
        if sources:
            yield Rule(tool, "", sources)
    yield from (
        Rule(tool, "", (found,))
        for tool, found in worded([(t.said or "", c, t.env) for t, c in _first_reads(turns, spoken=True)])
    )


def _spoken(rows: list[tuple[str, Call]]) -> tuple[Spoken, ...]:
    """Pieces of text for all arguments, those that stand side by side as one piece; empty when an argument has no shape."""
    names = Counter(tuple(sorted(call.args)) for _, call in rows).most_common(1)[0][0]
    rows = [(text, call) for text, call in rows if tuple(sorted(call.args)) == names]
    patterns = {name: shape([call.args[name] for _, call in rows]) for name in names}
    after = {name: _neighbour(name, names, rows) for name in names}
    firsts = [name for name in names if name not in {other for other, _ in after.values() if other}]
    sources = []
    for name in firsts:
        chain, gaps = [name], []
        while (step := after[chain[-1]])[0] and step[0] not in chain:
            chain.append(step[0])
            gaps.append(step[1])
        shapes = [patterns[part] for part in chain]
        if any(p is None for p in shapes):
            return ()
        before = frozenset(word_before(text, text.index(call.args[name])) for text, call in rows)
        # A piece whose own shape says what it is needs no word in front of it.
        telling = any("0-9" in str(p) or "@" in str(p) for p in shapes)
        known = frozenset() if telling else before
        sources.append(Spoken(tuple(chain), tuple(str(p) for p in shapes), tuple(gaps), known))
    return tuple(sources) if {n for s in sources for n in s.names} == set(names) else ()


def _neighbour(name: str, names: tuple[str, ...], rows: list[tuple[str, Call]]) -> tuple[str, str]:
    """The argument that nearly always stands right after this one, and what stands between; empty texts for none."""
    gaps: Counter[tuple[str, str]] = Counter()
    for text, call in rows:
        end = text.index(call.args[name]) + len(call.args[name])
        for other in names:
            start = text.find(call.args[other], end) if other != name else -1
            if 0 < start - end <= 2:
                gaps[other, text[end:start]] += 1
    best = max(gaps.items(), key=lambda row: (row[1], row[0]), default=None)
    return best[0] if best is not None and best[1] >= SOME * len(rows) else ("", "")


def _result_rules(turns: Sequence[Turn]) -> Iterator[Rule]:
    """Rules whose arguments come out of earlier results, for every pair of a tool and the tool whose result came last."""
    ways: dict[tuple[str, str], Counter[tuple[Source, ...]]] = defaultdict(Counter)
    texts = _named_texts(turns)
    for turn, call in _first_reads(turns, spoken=False):
        if turn.done and turn.done[-1].ok and call.args:
            per_arg = [list(_origins(name, value, turn, call.tool)) for name, value in sorted(call.args.items())]
            ways[call.tool, turn.done[-1].tool].update(list(product(*per_arg))[: MOST_WAYS * 4])
    for (tool, after), counts in sorted(ways.items()):
        best = sorted(counts.items(), key=lambda row: (-row[1], Rule(tool, after, row[0]).text()))
        for sources, _ in best[:MOST_WAYS]:
            yield Rule(tool, after, sources)
            yield from (Rule(tool, after, searching) for searching in _searches(sources, texts.get(tool, {})))


def _searches(sources: tuple[Source, ...], texts: Mapping[Path, frozenset[str]]) -> Iterator[tuple[Source, ...]]:
    """The same loop as a search for something the user named, by each place in which that could stand."""
    for at, loop in enumerate(sources):
        if isinstance(loop, Following):
            for path, sought in texts.items():
                yield (*sources[:at], replace(loop, until=path, sought=sought), *sources[at + 1 :])


def _named_texts(turns: Sequence[Turn]) -> dict[str, dict[Path, frozenset[str]]]:
    """By tool, the places in its results (those in lists as `*`) that hold words which users say, with all words there."""
    said = frozenset().union(*(words(turn.said) for turn in turns if turn.said is not None))
    found: dict[str, dict[Path, set[str]]] = defaultdict(lambda: defaultdict(set))
    for tool, result in {(c.tool, c.result) for turn in turns for c in turn.done if c.ok and len(c.result or "") <= MAX_RESULT}:
        for path, value in leaves(parsed(result or "")):
            if isinstance(value, str) and path:
                found[tool][tuple("*" if isinstance(p, int) else p for p in path)] |= words(value)
    return {
        tool: {path: frozenset(rows[path]) for path in sorted(rows, key=str) if not said.isdisjoint(rows[path])}
        for tool, rows in found.items()
    }


def _origins(name: str, value: Any, turn: Turn, own: str) -> Iterator[Source]:
    """Where in earlier results a value stands: newest result of each tool, every path, and as the next item of a list."""
    seen: set[str] = set()
    used = [c.args.get(name) for c in turn.done if c.tool == own]
    for call in reversed(turn.done):
        if call.tool in seen or not call.ok or len(call.result or "") > MAX_RESULT:
            continue
        seen.add(call.tool)
        for path, found in leaves(parsed(call.result or "")):
            if isinstance(found, list):
                yield from (Following(name, call.tool, path, n) for n in (1, 2, 3) if next_item(found, used, n) == value)
            elif found == value and type(found) is type(value):
                yield Found(name, call.tool, path)
