"""From a tree of leaves and guards to SSL's rules: every conditional part becomes a decision with a way round it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from skvm.ir.nodes import Act, Control, Step
from skvm.ir.ssl.schema import ALWAYS, DEFAULT, YIELD_FAIL


@dataclass
class Leaf:
    """One logic step to be.

    `exits`: (condition, target) that leave the straight line. `gate`: words that must hold before going on. `again`: (condition
    or None, target) of a repetition; with `until` words it repeats until they hold. `fixed`: the rules as they are.
    """

    id: str
    step: Step
    act: Act | None = None
    control: Control | None = None
    stops: bool = False
    exits: list[tuple[str, str]] = field(default_factory=list)
    gate: str | None = None
    again: tuple[str, str] | None = None
    until: str | None = None
    only: str | None = None
    fixed: list[tuple[str, str]] | None = None
    rules: list[tuple[str, str]] = field(default_factory=list)

    def wire(self, after: str) -> str:
        """Fill in the rules with `after` behind this leaf; returns where it is entered."""
        if self.fixed is not None:
            self.rules = list(self.fixed)
            if not any(c in (ALWAYS, DEFAULT) for c, _ in self.rules):
                self.rules.append((DEFAULT if self.rules else ALWAYS, after))
            return self.id
        if self.only is not None:
            self.rules = [(ALWAYS, self.only)]
            return self.id
        # The rules that lead on come first, so that a condition used twice never cuts off what follows.
        self.rules = _distinct([*([(self.gate, after)] if self.gate else []), *self._repeats(after), *self.exits])
        last = YIELD_FAIL if self.gate else after
        if self.again is not None and self.until is not None:
            last = self.again[1]
        self.rules.append((DEFAULT if self.rules else ALWAYS, last))
        return self.id

    def _repeats(self, after: str) -> list[tuple[str, str]]:
        if self.again is None:
            return []
        return [(self.until, after)] if self.until is not None else [self.again]


@dataclass
class Guard:
    """A decision: the first arm whose words hold, else `otherwise`, else on."""

    leaf: Leaf
    arms: list[tuple[str, list[Item]]]
    otherwise: list[Item] | None = None

    def wire(self, after: str) -> str:
        """Fill in the rules of the decision and of all its arms; returns where it is entered."""
        rules = [(words, wire(items, after)) for words, items in self.arms]
        rules.append((DEFAULT, wire(self.otherwise or [], after)))
        self.leaf.rules = rules
        return self.leaf.id


Item = Leaf | Guard


def wire(items: Sequence[Item], after: str) -> str:
    """Join items in a line that ends at `after`; returns where the line is entered."""
    for item in reversed(items):
        after = item.wire(after)
    return after


def entry_of(items: Sequence[Item]) -> str:
    """Where a line of items is entered; raises IndexError for none."""
    first = items[0]
    return first.id if isinstance(first, Leaf) else first.leaf.id


def leaves_of(items: Sequence[Item]) -> list[Leaf]:
    """All leaves in the order of the text, a decision before its arms."""
    out: list[Leaf] = []
    for item in items:
        if isinstance(item, Leaf):
            out.append(item)
        else:
            out.append(item.leaf)
            for _, arm in item.arms:
                out.extend(leaves_of(arm))
            out.extend(leaves_of(item.otherwise or []))
    return out


def _distinct(rules: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each condition once; the first rule that names it wins."""
    table: dict[str, str] = {}
    for condition, target in rules:
        table.setdefault(condition, target)
    return list(table.items())
