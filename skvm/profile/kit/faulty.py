"""Small Python functions that do what their docstrings say, each with lines that would be a fault in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """Lines of a function; `faults` are wrong lines by the index of the right one. `NAME`, `KEY`, `K` and `M` are holes."""

    lines: tuple[str, ...]
    faults: Mapping[int, tuple[str, ...]]


def _function(text: str, faults: Mapping[int, tuple[str, ...]]) -> Function:
    return Function(tuple(text.strip("\n").split("\n")), faults)


FUNCTIONS = (
    _function(
        '''
def NAME(values):
    """The mean of the values; 0 when there are none."""
    if not values:
        return 0
    return sum(values) / len(values)
''',
        {2: ("    if values:",), 4: ("    return sum(values) / (len(values) - 1)", "    return max(values) / len(values)")},
    ),
    _function(
        '''
def NAME(rows):
    """How many rows have more than K in KEY."""
    count = 0
    for row in rows:
        if row["KEY"] > K:
            count += 1
    return count
''',
        {4: ('        if row["KEY"] >= K:', '        if row["KEY"] < K:'), 5: ('            count += row["KEY"]',)},
    ),
    _function(
        '''
def NAME(items):
    """The last K items, the last one first; the items given stay as they are."""
    recent = items[-K:]
    recent.reverse()
    return recent
''',
        {2: ("    recent = items[:K]",), 3: ("    recent.sort()",), 4: ("    return items",)},
    ),
    _function(
        '''
def NAME(value, low, high):
    """The value, but low where it is below low, and high where it is above high."""
    if value < low:
        return low
    if value > high:
        return high
    return value
''',
        {2: ("    if value > low:",), 3: ("        return high",), 5: ("        return low",)},
    ),
    _function(
        '''
def NAME(values):
    """Running totals: the n-th result is the sum of the first n values."""
    totals, so_far = [], 0
    for value in values:
        so_far += value
        totals.append(so_far)
    return totals
''',
        {4: ("        so_far = value",), 5: ("        totals.append(value)",)},
    ),
    _function(
        '''
def NAME(items, wanted):
    """The index of the first item that equals wanted (counted from 0), or -1."""
    for index, item in enumerate(items):
        if item == wanted:
            return index
    return -1
''',
        {3: ("        if item != wanted:",), 4: ("            return item",), 5: ("    return 0",)},
    ),
    _function(
        '''
def NAME(rows):
    """All rows by their KEY: under each value of KEY the list of its rows in order."""
    groups = {}
    for row in rows:
        groups.setdefault(row["KEY"], []).append(row)
    return groups
''',
        {4: ('        groups[row["KEY"]] = [row]',), 5: ("    return rows",)},
    ),
    _function(
        '''
def NAME(words):
    """The longest word; of several equally long ones the first; an empty text when there are no words."""
    best = ""
    for word in words:
        if len(word) > len(best):
            best = word
    return best
''',
        {4: ("        if len(word) >= len(best):", "        if len(word) < len(best):"), 6: ("    return word",)},
    ),
    _function(
        '''
def NAME(seconds):
    """Seconds as hours, minutes and seconds."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return hours, minutes, left
''',
        {
            2: ("    hours, rest = divmod(seconds, 60)",),
            3: ("    minutes, left = divmod(seconds, 60)",),
            4: ("    return hours, minutes, rest",),
        },
    ),
    _function(
        '''
def NAME(items, size):
    """The items in consecutive parts of the given size; the last part may be shorter."""
    parts = []
    for start in range(0, len(items), size):
        parts.append(items[start : start + size])
    return parts
''',
        {
            3: ("    for start in range(1, len(items), size):", "    for start in range(0, len(items) - size, size):"),
            4: ("        parts.append(items[start : start + size - 1])",),
        },
    ),
    _function(
        '''
def NAME(count, total):
    """The total (whole cents); from M pieces on K percent less, rounded down."""
    if count >= M:
        return total * (100 - K) // 100
    return total
''',
        {2: ("    if count > M:", "    if count <= M:"), 3: ("        return total * K // 100",)},
    ),
)
