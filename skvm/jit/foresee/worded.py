"""Requests that come in one wording with other values each time, and the call they lead to: templates of both at once."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from skvm.jit.generalise.patterns import covering, looks_like_data
from skvm.jit.generalise.unify import Column, Unifier, spelled, tokens
from skvm.jit.traces import Call
from skvm.plan import Template, Text, Unfilled, Var, decode, encode, fill, match_text

Env = tuple[tuple[str, str], ...]
"""What the environment told the model, by name (see `Turn`)."""

Case = tuple[str, Call, Env]
"""The user's words, the call that followed, and the environment."""


_SEPARATOR = re.compile(r"[/\\]")


@dataclass(frozen=True)
class Worded:
    """All arguments of a call, out of the one wording of the user's words and the environment; stored templates as JSON.

    `kinds`: what each part that differs must look like, as a JSON object of patterns.
    """

    wording: str
    call: str
    kinds: str

    def read(self, text: str, env: Env = ()) -> dict[str, Any] | None:
        """The arguments, None for another wording, a value of another kind, or what the environment does not tell."""
        wording, call, kinds = _read(self)
        held = match_text(wording, text)
        if held is None or any(re.fullmatch(kinds[name], value, re.DOTALL) is None for name, value in held.items()):
            return None
        try:
            args = fill(call, {**dict(env), **held})
        except Unfilled:
            return None
        return args if isinstance(args, dict) else None


@lru_cache(maxsize=256)
def _read(worded: Worded) -> tuple[Template, Template, dict[str, str]]:
    return decode(json.loads(worded.wording)), decode(json.loads(worded.call)), json.loads(worded.kinds)


def worded(cases: Sequence[Case]) -> Iterator[tuple[str, Worded]]:
    """For each wording, the tool and the call that it most often led to, where all that differs in it stands in the words."""
    groups: dict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in cases:
        groups[_skeleton(case[0])].append(case)
    for _, rows in sorted(groups.items()):
        unifier = Unifier("h")
        wording = unifier.unify([text for text, *_ in rows])
        if len(rows) > 1 and isinstance(wording, (str, Text)):
            tool, made = _commonest([(call, env) for _, call, env in rows], unifier.table)
            kinds = {name: covering(column) for name, column in unifier.table.items()}
            if tool:
                yield tool, Worded(spelled(encode(wording)), made, spelled(kinds))


def _skeleton(text: str) -> tuple[str, ...]:
    """The wording: what could be data is left open."""
    return tuple("" if looks_like_data(token) and not token.isspace() else token for token in tokens(text))


def _commonest(calls: Sequence[tuple[Call, Env]], table: Mapping[str, Column]) -> tuple[str, str]:
    """Tool and stored template of the call that was made most often, but for values that stand in the words or are told by the
    environment."""
    counts: Counter[tuple[str, str]] = Counter()
    for index, (call, env) in enumerate(calls):
        said = {str(column[index]): Var(name) for name, column in sorted(table.items(), reverse=True)}
        try:
            counts[call.tool, spelled(encode(opened(call.args, {**told(env), **said})))] += 1
        except ValueError:
            continue
    return min(counts, key=lambda key: (-counts[key], key)) if counts else ("", "")


def told(env: Env) -> dict[str, Var]:
    """Holes for what the environment told, by value; a folder so near the root that it stands in any path is left out."""
    return {value: Var(name) for name, value in env if _SEPARATOR.search(value, 1) is not None}


def opened(value: Any, held: Mapping[str, Var]) -> Template:
    """The value with holes where its texts hold, as whole words, what is known."""
    if isinstance(value, dict):
        return {key: opened(inner, held) for key, inner in value.items()}
    if isinstance(value, list):
        return [opened(inner, held) for inner in value]
    if not isinstance(value, str) or not held:
        return value
    choices = "|".join(re.escape(text) for text in sorted(held, key=lambda text: (-len(text), text)))
    pieces = re.split(rf"(?<![^\W_])({choices})(?![^\W_])", value)
    parts = tuple(held[piece] if at % 2 else piece for at, piece in enumerate(pieces) if piece)
    return value if len(pieces) == 1 else parts[0] if len(parts) == 1 else Text(parts)
