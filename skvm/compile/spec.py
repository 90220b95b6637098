"""Pipeline text: `lower,effects,requirements{weight=0.5},bind`. All that is wrong with it is reported at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from skvm.compile.unit import Pass
from skvm.diag import UsageError

_ENTRY = re.compile(r"\s*([a-z][a-z0-9-]*)\s*(\{[^{}]*\})?\s*(,|$)")
_OPTION = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^,{}\"]+?)\s*(,|$)")


class PassSpec(NamedTuple):
    """One entry of the text."""

    id: str
    options: dict[str, Any]


def parse_spec(text: str) -> tuple[PassSpec, ...]:
    """Entries of a pipeline text; raises UsageError at the first place that is not one."""
    specs: list[PassSpec] = []
    at = 0
    while at < len(text):
        found = _ENTRY.match(text, at)
        if found is None:
            raise UsageError(f"not a pipeline at: {text[at : at + 30]!r}", help="write NAME{option=value},NAME,...")
        specs.append(PassSpec(found[1], _options(found[2] or "{}")))
        at = found.end()
        if found[3] == "," and at >= len(text):
            raise UsageError("the pipeline ends in a comma")
    if not specs:
        raise UsageError("the pipeline is empty")
    return tuple(specs)


def _options(text: str) -> dict[str, Any]:
    body = text.strip()[1:-1]
    options: dict[str, Any] = {}
    at = 0
    while body[at:].strip():
        found = _OPTION.match(body, at)
        if found is None:
            raise UsageError(f"not an option: {body[at:]!r}", help="write option=value")
        try:
            options[found[1]] = json.loads(found[2])
        except ValueError:
            options[found[1]] = found[2].strip()
        at = found.end()
    return options


def build(specs: tuple[PassSpec, ...], known: Mapping[str, type[Pass]]) -> tuple[Pass, ...]:
    """Passes of the entries; raises one UsageError that names every unknown pass and option and every missing fact."""
    wrong: list[str] = []
    passes: list[Pass] = []
    for spec in specs:
        kind = known.get(spec.id)
        if kind is None:
            wrong.append(f"no pass is called {spec.id}")
            continue
        bad = _bad_options(spec, kind)
        wrong += bad
        if not bad:
            passes.append(kind(**spec.options))
    if not wrong:
        wrong = _missing_facts(passes)
    if wrong:
        raise UsageError("; ".join(wrong), where="--passes", help=f"passes: {', '.join(sorted(known))}")
    return tuple(passes)


def _bad_options(spec: PassSpec, kind: type[Pass]) -> list[str]:
    declared = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    wrong = [f"{spec.id} has no option {name}" for name in spec.options if name not in declared]
    for name, value in spec.options.items():
        default = declared[name].default if name in declared else value
        number = isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)
        if type(value) is not type(default) and not number:
            wrong.append(f"{spec.id}{{{name}}} takes a {type(default).__name__}, not {value!r}")
    return wrong


def _missing_facts(passes: list[Pass]) -> list[str]:
    have = {"program", "source", "request"}
    wrong = []
    for item in passes:
        wrong += [f"{item.id} needs {fact}, which no pass before it gives" for fact in item.needs if fact not in have]
        have |= set(item.gives)
    return wrong
