"""Building templates: each argument and output of a step out of what the observations hold there.

Where the observations differ, an origin must explain the difference in all of them (`provenance`); a text may be a
concatenation of literals and explained pieces. Where they agree by chance on a number that a varying result also held, both
are kept and must agree later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from skvm.jit.observe import Observation
from skvm.jit.patterns import covering
from skvm.jit.provenance import NUMBER, Sources, World, evaluate, template_of
from skvm.jit.regroup import regrouped
from skvm.jit.results import Abstain, encoded, result_shape, seen_result, type_of
from skvm.jit.shell import differing, pieces, same_command
from skvm.jit.unify import Column, Unifier, spelled, tokens
from skvm.plan import (
    Hole,
    Origin,
    Shell,
    SolidCall,
    Template,
    Text,
    Var,
    as_text,
    variables,
)

COMMAND_ARGS = {"execute_command": "command"}
"""Tools whose named argument is shell text."""

CONFIRMING = frozenset({"write_file", "edit_file"})
"""Tools whose result says only that it was done."""

MAX_TIED = 2000
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


@dataclass
class Inputs:
    """Templates of the inputs, the source kind of each of their holes, and what the holes hold in each observation."""

    templates: dict[str, Template]
    kinds: dict[str, str]
    table: dict[str, Column]


@dataclass
class Builder:
    """Builds templates call by call; `holes` are the explained ones so far."""

    observations: Sequence[Observation]
    inputs: Inputs
    holes: dict[str, Hole] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _held: dict[str, Column] = field(default_factory=dict)
    _sources: Sources | None = None

    def sources(self, upto: int) -> Sources:
        """What can be referred to once `upto` calls are done."""
        count = len(self.observations)
        worlds = [
            World({k: v[i] for k, v in self.inputs.table.items()}, self.observations[i].calls[:upto]) for i in range(count)
        ]
        loose = frozenset(j for j in range(upto) if len({seen_result(w.calls[j]) for w in worlds}) > 1)
        if self._sources is None or self._sources.loose != loose:
            self._sources = Sources(worlds, self.inputs.kinds, loose)
        return self._sources

    def call(self, index: int) -> SolidCall:
        """The template of one call."""
        rows = [o.calls[index] for o in self.observations]
        first = rows[0]
        self.sources(index)
        args = {name: self._argument(first.tool, name, [r.args[name] for r in rows], index) for name in sorted(first.args)}
        return SolidCall(
            tool=first.tool,
            args=encoded(args),
            effect=first.effect,
            expect_ok=first.ok,
            expect_exit=first.exit_code,
        )

    def _argument(self, tool: str, name: str, values: list[Any], index: int) -> Template:
        where = f"call {index} {tool}.{name}"
        if COMMAND_ARGS.get(tool) == name and all(isinstance(v, str) for v in values):
            return self._command(values, where)
        return self.template(values, where)

    def output(self, values: list[Any], where: str) -> Any:
        """Stored template of the finish values."""
        self.sources(len(self.observations[0].calls))
        return encoded(self.template(values, where))

    def summary(self, values: list[str]) -> Any:
        """Stored template of the summary; None when the wording is free and named values carry the result."""
        try:
            return self.output(values, "summary")
        except Abstain:
            if not self.observations[0].values:
                raise
            return None

    def template(self, values: list[Any], where: str) -> Template:
        """Template of one argument or output; raises Abstain where a difference has no known source."""
        assert self._sources is not None
        unifier = Unifier("x", stop=lambda column: bool(self._explained(column)))
        template = self._regrouped(unifier.unify(values), unifier)
        table = {name: self._fill_in(unifier.table[name], where) for name in dict.fromkeys(variables(template))}
        return self._tie(_substituted(template, table))

    def _regrouped(self, template: Template, unifier: Unifier) -> Template:
        """The template with the holes of its texts drawn around what is known."""
        if isinstance(template, dict):
            return {k: self._regrouped(v, unifier) for k, v in template.items()}
        if isinstance(template, (list, tuple)):
            return [self._regrouped(v, unifier) for v in template]
        if not isinstance(template, Text):
            return template
        pieces = [p if isinstance(p, str) else unifier.table[p.name] for p in template.parts]
        found = regrouped(pieces, self._settled, lambda column: bool(self._explained(column)))
        return template_of([p if isinstance(p, str) else unifier.hole(p) for p in found])

    def _settled(self, column: Column) -> bool:
        """Are the contents of a hole known as a whole, or made of such? A labelled part of a result is a weaker reading."""
        assert self._sources is not None
        if self._explained(column):
            return True
        return all(isinstance(v, str) for v in column) and self._sources.concatenation(column) is not None

    def _explained(self, column: Column) -> tuple[Origin, ...]:
        assert self._sources is not None
        return self._sources.explain(column)

    def _known(self, column: Column) -> tuple[Origin, ...]:
        """All that explains a column: what holds it as a whole, else labelled parts of results.

        What an earlier step told and this step read again has two sources, and nobody knows which one it goes by.
        """
        assert self._sources is not None
        whole = self._explained(column)
        if whole and any(o.source != "value" for o in whole):
            return whole
        parts = self._sources.contexts(column)
        return (*whole, *(o for o in parts if not whole or not self._confirms(o)))

    def _confirms(self, origin: Origin) -> bool:
        if origin.source != "call":
            return False
        return self.observations[0].calls[int(origin.path.partition(".")[0])].tool in CONFIRMING

    def _fill_in(self, column: Column, where: str) -> Template:
        """What stands in a hole: a value as it is, a concatenation of values and literals, or a labelled part of a result."""
        assert self._sources is not None
        origins = self._explained(column)
        if not origins and all(isinstance(v, str) for v in column):
            found = self._sources.concatenation(column)
            if found is not None:
                return self._joined(found)
        origins = self._known(column)
        if not origins:
            raise Abstain(f"{where}: no known source for {', '.join(_short(v) for v in column[:3])}")
        return self._hole(column, origins)

    def _joined(self, found: Sequence[str | tuple[Origin, ...]]) -> Template:
        assert self._sources is not None
        parts: list[str | Var] = []
        for piece in found:
            if isinstance(piece, str):
                parts.append(piece)
            else:
                held = tuple(evaluate(piece[0], world) for world in self._sources.worlds)
                parts.append(self._hole(held, self._known(held) or piece))
        return template_of(parts)

    def result(self, index: int, acted: set[str], passed: set[str]) -> Any:
        """What the result of one call must look like, once all holes are known.

        `acted`: holes that later calls hold; `passed`: those that the values of the step hold.
        """
        calls = self.observations[0].calls
        texts = [seen_result(o.calls[index]) for o in self.observations]
        if calls[index].tool in CONFIRMING and len({spelled(o.calls[index].args) for o in self.observations}) > 1:
            return None  # made out of the arguments, which this code chose: that it was done is all the news there is
        last = index == len(calls) - 1
        news = "none" if calls[index].tool in CONFIRMING else "last" if last else "all"
        return result_shape(texts, self._columns(acted), self._columns(passed), news)

    def _columns(self, names: set[str]) -> frozenset[str]:
        """What derived holes hold, spelled, also as texts and as the numbers that those are."""
        found: set[str] = set()
        for column in (self._held[n] for n in self.holes if n in names):
            found |= {spelled(list(column)), spelled([as_text(v) if _scalar(v) else v for v in column])}
            if all(isinstance(v, str) and NUMBER.fullmatch(v) for v in column):
                found.add(spelled([json.loads(v) for v in column]))
        return frozenset(found)

    def _hole(self, column: Column, origins: tuple[Origin, ...]) -> Var:
        head = origins[0]
        others = tuple(o for o in origins[1:] if not _extends(o, head))
        if not others and not head.via and head.source != "call":
            return Var(head.path)
        key = spelled([list(column), head.model_dump(), [o.model_dump() for o in others]])
        if key not in self._names:
            name = f"h{len(self._names) + 1}"
            self._names[key] = name
            kind = type_of(column)
            pattern = covering(column) if kind == "string" and all(v and len(v) <= 200 for v in column) else ""
            self._held[name] = column
            self.holes[name] = Hole(
                name=name, source=head.source, path=head.path, via=head.via, type=kind, pattern=pattern, also=others
            )
        return Var(self._names[key])

    def _tie(self, template: Template) -> Template:
        """Numbers that were the same everywhere although a varying result also held them: both must agree later."""
        if isinstance(template, Text):
            return Text(tuple(q for p in template.parts for q in (self._tied_text(p) if isinstance(p, str) else (p,))))
        if isinstance(template, str):
            return template_of(self._tied_text(template))
        if isinstance(template, dict):
            return {k: self._tie(v) for k, v in template.items()}
        if isinstance(template, (list, tuple)):
            return [self._tie(v) for v in template]
        if isinstance(template, (bool, int, float)):
            return self._tied(template) or template
        return template

    def _tied_text(self, text: str) -> tuple[str | Var, ...]:
        whole = self._tied(text)
        if whole is not None:
            return (whole,)
        if len(text) > MAX_TIED:
            return (text,)
        parts: list[str | Var] = []
        for token in tokens(text):
            tied = self._tied(token) if _NUMBER.fullmatch(token) else None
            if tied is None and parts and isinstance(parts[-1], str):
                parts[-1] += token
            else:
                parts.append(token if tied is None else tied)
        return tuple(parts)

    def _tied(self, value: Any) -> Var | None:
        assert self._sources is not None
        if not self._sources.loose or (isinstance(value, str) and (not value or len(value) > 200)):
            return None
        column = (value,) * len(self.observations)
        origins = tuple(o for o in self._known(column) if o.source == "call")
        if not origins:
            return None
        return self._hole(column, (*origins, Origin(source="const", path=spelled(value))))

    def _command(self, values: list[str], where: str) -> Template:
        rows = [pieces(v) for v in values]
        known = [row for row in rows if row is not None]
        if len(known) < len(rows):
            if all(same_command(values[0], v) for v in values):
                return values[0]
            raise Abstain(f"{where}: differs in a part that cannot be read as words")
        places = differing(known)
        if places is None:
            raise Abstain(f"{where}: differs where no hole may stand")
        parts: list[str | Text] = []
        for at, piece in enumerate(known[0]):
            word: Template = piece.raw
            if at in places:
                word = self.template([row[at].value for row in known], where)
            elif piece.value is not None and _NUMBER.fullmatch(piece.value):
                word = self._tied(piece.value) or piece.raw
            if isinstance(word, str):
                parts = [*parts[:-1], parts[-1] + word] if parts and isinstance(parts[-1], str) else [*parts, word]
            else:
                parts.append(word if isinstance(word, Text) else Text((word,)))
        return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else Shell(tuple(parts))


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, bool, int, float))


def _extends(origin: Origin, head: Origin) -> bool:
    """Is `origin` only a longer way to say `head`? Then the pattern of the hole decides, not the comparison."""
    same_root = (origin.source, origin.path) == (head.source, head.path)
    return same_root and origin.via[: len(head.via)] == head.via


def _substituted(template: Template, table: dict[str, Template]) -> Template:
    if isinstance(template, Var):
        return table[template.name]
    if isinstance(template, Text):
        parts: list[str | Var] = []
        for part in template.parts:
            inner = table[part.name] if isinstance(part, Var) else part
            parts += inner.parts if isinstance(inner, Text) else [inner]
        return Text(tuple(parts))
    if isinstance(template, dict):
        return {k: _substituted(v, table) for k, v in template.items()}
    if isinstance(template, (list, tuple)):
        return [_substituted(v, table) for v in template]
    return template


def _short(value: Any) -> str:
    text = spelled(value)
    return text if len(text) <= 60 else text[:57] + "..."
