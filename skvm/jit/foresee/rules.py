"""A rule: which read comes next, and where each of its arguments comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from skvm.jit.foresee.worded import Env, Worded
from skvm.jit.traces import Call, Turn, is_read
from skvm.plan import Unfilled, decode, fill

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Spoken:
    """Arguments that stand next to each other in the user's words: one pattern each, `between` them always this.

    `before`: words that stood in front, lower case; empty text for none. More than one place that fits means none.
    """

    names: tuple[str, ...]
    patterns: tuple[str, ...]
    between: tuple[str, ...] = ()
    before: frozenset[str] = frozenset()

    def read(self, text: str) -> dict[str, Any] | None:
        """The values, when exactly one piece of the text fits."""
        found = {m.groups(): m for m in _finder(self).finditer(text)}
        if len(found) != 1:
            return None
        values, match = next(iter(found.items()))
        if self.before and word_before(text, match.start()) not in self.before:
            return None
        return dict(zip(self.names, values, strict=True))


@dataclass(frozen=True)
class Found:
    """An argument that is the value at a path of the newest good result of a tool; the empty path is the whole text."""

    name: str
    tool: str
    path: Path

    def read(self, done: tuple[Call, ...]) -> dict[str, Any] | None:
        """The value, None when there is no such result or no such path in it."""
        for call in reversed(done):
            if call.tool == self.tool and call.ok:
                value = at_path(parsed(call.result or ""), self.path)
                return None if value is None else {self.name: value}
        return None


@dataclass(frozen=True)
class Following:
    """An argument that is the item after the one the same tool was called with last, in a list of an earlier result.

    `steps`: so many items of the list, in a row, must have been gone through already. `until`: a search for what the user
    named, over once a text at this path of what the loop has read (`*` for any place in a list) holds a word of the user.
    `sought`: words that stand at that path in recorded results; a user who said none of them is not known to search.
    """

    name: str
    tool: str
    path: Path
    steps: int = 1
    until: Path = ()
    sought: frozenset[str] = frozenset()

    def read(self, done: tuple[Call, ...], own: str, heard: tuple[str, ...] = ()) -> dict[str, Any] | None:
        """The next item, None at the end of the list or of the search."""
        if self.until and not self._searching(done, own, frozenset().union(*(words(text) for text in heard))):
            return None
        used = [c.args.get(self.name) for c in done if c.tool == own]
        for call in reversed(done):
            if call.tool == self.tool and call.ok:
                items = at_path(parsed(call.result or ""), self.path)
                following = next_item(items, used, self.steps)
                return None if following is None else {self.name: following}
        return None

    def _searching(self, done: tuple[Call, ...], own: str, wanted: frozenset[str]) -> bool:
        if wanted.isdisjoint(self.sought):
            return False
        texts = (text for c in done if c.tool == own and c.ok for text in texts_at(parsed(c.result or ""), self.until))
        return all(wanted.isdisjoint(words(text)) for text in texts)


@dataclass(frozen=True)
class Fixed:
    """An argument that was always the same."""

    name: str
    value: Any


@dataclass(frozen=True)
class Placed:
    """An argument that was always the same but for what the environment tells, such as a file in the folder that the agent was
    started in; `value` is a stored template as JSON."""

    name: str
    value: str

    def read(self, env: Env) -> dict[str, Any] | None:
        """The value, None where the environment does not tell enough."""
        try:
            return {self.name: fill(decode(json.loads(self.value)), dict(env))}
        except Unfilled:
            return None


Source = Spoken | Worded | Found | Following | Fixed | Placed


@dataclass(frozen=True)
class Rule:
    """`after`: the tool whose result came last, empty when the user spoke last. `right` and `wrong` count runs it was learned
    from. A rule does not repeat a call, and one that reads the user's words waits for nothing that its tool has answered."""

    tool: str
    after: str
    sources: tuple[Source, ...]
    right: int = 0
    wrong: int = 0

    @property
    def mean(self) -> float:
        """Posterior mean of being right under a uniform prior (Laplace)."""
        return (self.right + 1) / (self.right + self.wrong + 2)

    @property
    def fixed(self) -> bool:
        """Is it the same call each time, wherever it is made?"""
        return all(isinstance(source, (Fixed, Placed)) for source in self.sources)

    def applies(self, turn: Turn) -> bool:
        """Is this the moment the rule speaks of?"""
        if self.fixed:
            return turn.said is not None
        if self.after == "":
            return turn.said is not None and not any(c.tool == self.tool and c.ok for c in turn.done)
        return turn.said is None and bool(turn.done) and turn.done[-1].tool == self.after and turn.done[-1].ok

    def call(self, turn: Turn) -> Call | None:
        """The call it foretells, None when it does not apply or an argument is not there."""
        if not self.applies(turn):
            return None
        args: dict[str, Any] = {}
        for source in self.sources:
            values = self._values(source, turn)
            if values is None:
                return None
            args |= values
        made = Call(self.tool, args)
        if not is_read(made):  # shell text was read as text, and the words of the user may have put a command into it
            return None
        return None if any(c.key == made.key for c in turn.done) else made

    def _values(self, source: Source, turn: Turn) -> dict[str, Any] | None:
        if isinstance(source, Fixed):
            return {source.name: source.value}
        if isinstance(source, Placed):
            return source.read(turn.env)
        if isinstance(source, Worded):
            return source.read(turn.said or "", turn.env)
        if isinstance(source, Spoken):
            return source.read(turn.said or "")
        return source.read(turn.done) if isinstance(source, Found) else source.read(turn.done, self.tool, turn.heard)

    def text(self) -> str:
        """The rule in one line."""
        when = f"after {self.after}" if self.after else "after the user's words"
        parts = [_told(source) for source in self.sources]
        return f"{when}: {self.tool}({', '.join(parts)})  {self.right} right, {self.wrong} wrong"


def _told(source: Source) -> str:
    if isinstance(source, Spoken):
        return " ".join(f"{n} like {p}" for n, p in zip(source.names, source.patterns, strict=True))
    if isinstance(source, Worded):
        return f"{source.call} for {source.wording}"
    if isinstance(source, Fixed):
        return f"{source.name} = {json.dumps(source.value, ensure_ascii=False)}"
    if isinstance(source, Placed):
        return f"{source.name} = {source.value} as the environment tells"
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in source.path)
    next_one = f"next item, after {source.steps} in a row, of " if isinstance(source, Following) else ""
    until = ".".join(map(str, source.until)) if isinstance(source, Following) else ""
    stop = f", until {until} of one names what the user said" if until else ""
    return f"{source.name} = {next_one}{source.tool}{place}{stop}"


@lru_cache(maxsize=256)
def _finder(spoken: Spoken) -> re.Pattern[str]:
    parts = [f"({spoken.patterns[0]})"]
    for gap, pattern in zip(spoken.between, spoken.patterns[1:], strict=True):
        parts.append(f"{re.escape(gap)}({pattern})")
    return re.compile(rf"(?<![\w@#]){''.join(parts)}(?![\w@])")


def next_item(items: Any, used: Sequence[Any], steps: int) -> Any:
    """The item of a list after those that were used last, `steps` in a row; None where there is none."""
    if not isinstance(items, list) or len(used) < steps or used[-1] not in items[:-1]:
        return None
    at = items.index(used[-1])
    first = at + 1 - steps
    return items[at + 1] if first >= 0 and list(used[-steps:]) == items[first : at + 1] else None


def word_before(text: str, at: int) -> str:
    """The word in front of a place, lower case; empty when none stands right before it."""
    found = re.search(r"([A-Za-z'\u2019]+)[\s:]*$", text[max(0, at - 40) : at])
    return found[1].lower() if found else ""


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """Words of three letters and more, lower case, without the ending of a plural."""
    return frozenset(word.removesuffix("s") for word in re.findall(r"[^\W\d_]{3,}", text.lower()))


def texts_at(value: Any, path: Path) -> Iterator[str]:
    """All texts at a path, in which `*` is every place of a list."""
    if not path:
        if isinstance(value, str):
            yield value
    elif path[0] == "*" and isinstance(value, list):
        for inner in value:
            yield from texts_at(inner, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from texts_at(value[path[0]], path[1:])


@lru_cache(maxsize=4096)
def parsed(text: str) -> Any:
    """A result as JSON where it is one, else its text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def at_path(value: Any, path: Path) -> Any:
    """The value at a path, None where it does not lead anywhere."""
    for key in path:
        fits = isinstance(value, dict) and isinstance(key, str) and key in value
        if not fits and not (isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value)):
            return None
        value = value[key]
    return value


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All texts and numbers of a JSON value with their paths, and all lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        yield path, value
        for at, inner in enumerate(value):
            yield from leaves(inner, (*path, at))
    else:
        yield path, value
