"""Building templates: each argument and output of a step out of what the observations hold there.

Where the observations differ, an origin must explain the difference in all of them (`provenance`); a text may be a
concatenation of literals and explained pieces. Where they agree by chance on a number that a varying result also held, both
are kept and must agree later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from skvm.jit.generalise.folds import looked_at
from skvm.jit.generalise.layout import Layout
from skvm.jit.generalise.origins import LATER, World, apply, evaluate
from skvm.jit.generalise.patterns import covering
from skvm.jit.generalise.pieces import (
    COMMAND_ARGS,
    CONFIRMING,
    Inputs,
    extends,
    is_program,
    is_scalar,
    short,
    substituted,
    told_by,
)
from skvm.jit.generalise.provenance import MAX_ALSO, Sources, template_of
from skvm.jit.generalise.pycode import differing as differing_literals
from skvm.jit.generalise.pycode import program
from skvm.jit.generalise.readings import Reading, settled
from skvm.jit.generalise.regroup import LABELLED_WIDTH, regrouped
from skvm.jit.generalise.results import Abstain, encoded, result_shape, seen_result, type_of
from skvm.jit.generalise.rewriting import agreeing, is_rewritten, rewrites
from skvm.jit.generalise.runs import Runs
from skvm.jit.generalise.shell.commands import Piece, Role, closed, delimiter, differing, may_hold, pieces, same_command
from skvm.jit.generalise.unify import Column, Unifier, spelled, tokens
from skvm.jit.observe.observation import Observation
from skvm.plan import Code, Here, Hole, Origin, Shell, SolidCall, SolidLoop, Template, Text, Var, as_text, variables

MAX_TIED = 2000
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")


@dataclass
class Builder:
    """Builds templates call by call, in the order of the code; `holes` are the explained ones so far, `loops` those begun."""

    observations: Sequence[Observation]
    inputs: Inputs
    layout: Layout
    holes: dict[str, Hole] = field(default_factory=dict)
    loops: list[SolidLoop] = field(default_factory=list)
    _runs: Runs = field(init=False)
    _names: dict[str, str] = field(default_factory=dict)
    _held: dict[str, Column] = field(default_factory=dict)
    _listed: set[str] = field(default_factory=set)
    _sources: Sources | None = None
    _at: tuple[frozenset[int], int | None] | None = None

    def __post_init__(self) -> None:
        self._runs = Runs(self.observations, self.inputs, self.layout)

    def calls(self) -> tuple[SolidCall, ...]:
        """The templates of all calls."""
        made: list[SolidCall] = []
        while len(made) < self.layout.size:
            loop = self.layout.loop_of(len(made))
            made += [self.call(len(made))] if loop is None else self._loop(loop)
        return tuple(made)

    def tool(self, index: int) -> str:
        """The tool of a call of the code."""
        return self._runs.rows(index)[0][1].tool

    def sources(self, worlds: Sequence[World], loop: int | None = None) -> Sources:
        """What can be referred to."""
        loose = frozenset(j for j in range(len(worlds[0].calls)) if len({told_by(w.calls[j]) for w in worlds}) > 1)
        if self._sources is None or self._at != (loose, loop):
            self._sources = Sources(worlds, self.inputs.kinds, loose, lists=bool(self.layout.loops))
            self._at = (loose, loop)
        return self._sources

    def call(self, index: int) -> SolidCall:
        """The template of one call."""
        rows = self._runs.rows(index)
        first = rows[0][1]
        self.sources([world for world, _ in rows], self.layout.loop_of(index))
        programs = all(is_program(call.tool, call.args) for _, call in rows)
        args = {
            name: self._argument(first.tool, name, [call.args[name] for _, call in rows], index, programs)
            for name in sorted(first.args)
        }
        return SolidCall(
            tool=first.tool,
            args=encoded(args),
            effect=first.effect,
            expect_ok=first.ok,
            expect_exit=first.exit_code,
        )

    def _loop(self, number: int) -> list[SolidCall]:
        """The calls of a loop, over the first list that explains them; raises Abstain when there is none, or which is open."""
        first, size = self.layout.loops[number]
        rounds = [row[number] for row in self.layout.rounds]
        found: list[Reading] = []
        reason = f"no list is known that has as many items ({', '.join(map(str, rounds[:5]))})"
        for origin, lists in self.sources(self._runs.ends(first)).lists_of(rounds):
            kept = dict(self.holes), dict(self._names), dict(self._held)
            self._over(number, lists)
            try:
                for own in range(size):
                    self.call(first + own)
                ways = {h.via for h in self.holes.values() if h.source == "each" and h.path == str(number)}
                found += [Reading(origin, lists, frozenset(ways))] if ways else []
            except Abstain as abstained:
                reason = str(abstained)
            self.holes, self._names, self._held = kept
        if not found:
            raise Abstain(f"loop at call {first}: {reason}")
        found.sort(key=lambda reading: not reading.opens)
        self._over(number, found[0].lists)
        calls = [self.call(first + own) for own in range(size)]
        inside = [h for h in self.holes.values() if h.source == "each" and h.path == str(number)]
        loop, holes = settled(number, self.layout.loops[number], found, inside)
        self.loops.append(loop)
        self.holes |= {hole.name: hole for hole in holes}
        self._listed |= {spelled(list(r.lists)) for r in found}
        return calls

    def _over(self, number: int, lists: Column) -> None:
        """From here on the loop goes over these lists."""
        self._runs.items[number:] = [list(lists)]
        self._sources = None

    def _argument(self, tool: str, name: str, values: list[Any], index: int, programs: bool) -> Template:
        where = f"call {index} {tool}.{name}"
        if programs and name == "content":
            return self._program(values, where)
        if COMMAND_ARGS.get(tool) == name and all(isinstance(v, str) for v in values):
            return self._command(values, where)
        return self._rewritten(values) or self.template(values, where)

    def _rewritten(self, values: list[Any]) -> Var | None:
        """A text that was read before, changed in a stated way: nearer than a template of all that stands in it."""
        assert self._sources is not None
        if self._explained(tuple(values)):
            return None
        found = rewrites(self._sources, tuple(values))
        return self._hole(tuple(values), found) if found else None

    def output(self, values: list[Any], where: str) -> Any:
        """Stored template of the finish values."""
        self.sources(self._runs.ends(self.layout.size))
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
        return self._tie(substituted(template, table))

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
        found = regrouped(found, self._placed, lambda column: bool(self._known(column)), LABELLED_WIDTH)
        return template_of([p if isinstance(p, str) else unifier.hole(p) for p in found])

    def _settled(self, column: Column) -> bool:
        """Are the contents of a hole known as a whole, or made of such? A labelled part of a result is a weaker reading."""
        assert self._sources is not None
        if self._explained(column):
            return True
        return all(isinstance(v, str) for v in column) and self._sources.concatenation(column) is not None

    def _placed(self, column: Column) -> bool:
        """Is there anything at all that explains it?"""
        return self._settled(column) or bool(self._known(column))

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
        return self.tool(int(origin.path.partition(".")[0])) in CONFIRMING

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
            raise Abstain(f"{where}: no known source for {', '.join(short(v) for v in column[:3])}")
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

    def result(self, index: int, acted: set[str]) -> Any:
        """What the result of one call must look like, once all holes are known; `acted` are those that later calls hold."""
        rows = [call for _, call in self._runs.rows(index)]
        texts = [seen_result(call) for call in rows]
        if rows[0].tool in CONFIRMING and len({spelled(call.args) for call in rows}) > 1:
            return None  # made out of the arguments, which this code chose: that it was done is all the news there is
        if any(self._lines_of(index, self.holes[loop.items]) for loop in self.loops):
            return None  # every line of it is an item, and looked at as one
        last = index == self.layout.size - 1 and self.layout.loop_of(index) is None
        news = "none" if rows[0].tool in CONFIRMING else "last" if last else "all"
        if any(is_rewritten(o) and o.path.partition(".")[0] == str(index) for n in acted for o in self._origins(n)):
            news = "passed"
        return result_shape(texts, self._columns(acted), news)

    def _origins(self, name: str) -> tuple[Origin, ...]:
        hole = self.holes.get(name)
        return () if hole is None else (hole, *hole.also)

    def _lines_of(self, index: int, items: Hole) -> bool:
        origins = ((o.source, o.path.partition(".")[0], o.via) for o in (items, *items.also))
        return ("call", str(index), (("lines",),)) in origins

    def agreeing(self) -> dict[int, list[Hole]]:
        """By call what is known then: texts that were read, and that were always made of one another in a stated way."""
        return {} if self.layout.loops else agreeing(self.sources(self._runs.ends(self.layout.size)))

    def _columns(self, names: set[str]) -> frozenset[str]:
        """What derived holes hold, spelled, also as texts."""
        found: set[str] = set(self._listed)
        for name in self._held.keys() & names:
            columns = [self._held[name], *self._composed(self.holes[name])]
            for column in columns:
                found |= {spelled(list(column)), spelled([as_text(v) if is_scalar(v) else v for v in column])}
        return frozenset(found)

    def _composed(self, origin: Origin) -> Iterator[Column]:
        """Parts of items that decide what a fold gives, over all items of all runs."""
        if origin.source == "each":
            return
        worlds = self._runs.ends(self.layout.size)
        for at, pointers in looked_at(origin.via):
            rows = [evaluate(origin.altered(via=origin.via[:at]), world) for world in worlds]
            for pointer in pointers:
                yield tuple(apply(("pointer", pointer), item) for row in rows for item in row)

    def _hole(self, column: Column, origins: tuple[Origin, ...]) -> Var:
        head = origins[0]
        others = tuple(o for o in origins[1:] if not extends(o, head))
        if len(others) > MAX_ALSO:
            raise Abstain(f"{short(column[0])}: {len(others) + 1} readings fit, and nobody knows which one is meant")
        if not others and not head.via and head.source not in LATER:
            return Var(head.path)
        key = spelled([list(column), head.model_dump(), [o.model_dump() for o in others]])
        if key not in self._names:
            name = f"h{len(self._names) + 1}"
            self._names[key] = name
            kind = type_of(column, head.via[-1:] == (("literal",),))
            bare = kind == "string" and not is_rewritten(head) and all(v and len(v) <= 200 for v in column)
            pattern = covering(column) if bare else ""
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
        column = (value,) * len(self._sources.worlds)
        origins = tuple(o for o in self._known(column) if o.source == "call")
        if not origins:
            return None
        return self._hole(column, (*origins, Origin(source="const", path=spelled(value))))

    def _program(self, values: list[str], where: str, closed: bool = False) -> Template:
        """A program with holes in its literals; the least of the texts stands for all."""
        places = differing_literals(values, closed)
        if places is None:
            raise Abstain(f"{where}: differs in more than the literals of a program")
        read = [program(value, closed) for value in values]
        text = min(values)
        parts: list[str | tuple[Any, ...]] = []
        end = 0
        for at, literal in enumerate(read[values.index(text)].literals):  # type: ignore[union-attr]
            if at in places:
                column = [p.literals[at].value for p in read if p is not None]
                parts += [text[end : literal.start], (self.template(column, where),)]
                end = literal.end
        return Code((*parts, text[end:])) if parts else text

    def _command(self, values: list[str], where: str) -> Template:
        read = [pieces(value) for value in values]
        rows = [row for row in read if row is not None]
        if len(rows) < len(read):
            if all(same_command(values[0], value) for value in values):
                return values[0]
            raise Abstain(f"{where}: differs in a part that cannot be read as words")
        places = differing(rows)
        if places is None:
            raise Abstain(f"{where}: differs where no hole may stand")
        parts: list[str | Text | Code | Here] = []
        for at in range(len(rows[0])):
            part = self._piece(rows, at, at in places, where)
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
        return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else Shell(tuple(parts))

    def _piece(self, rows: Sequence[Sequence[Piece]], at: int, differs: bool, where: str) -> str | Text | Code | Here:
        """One piece of a command: as it is written, or with holes."""
        piece, names = rows[0][at], closed(rows[0], at)
        word: Template = piece.raw
        if differs and names is not None:
            word = self._program([row[at].value or "" for row in rows], where, closed=names)
        elif differs:
            word = self.template([row[at].value for row in rows], where)
        elif piece.role is Role.TEXT and names is None and may_hold(rows[0], at, set()):
            word = self._tie(piece.value)
        elif piece.role in (Role.ARGUMENT, Role.TARGET, Role.ITEM) and _NUMBER.fullmatch(piece.value or ""):
            word = self._tied(piece.value) or piece.raw
        if isinstance(word, str):
            return word
        word = word if isinstance(word, (Text, Code)) else Text((word,))
        return Here(delimiter(rows[0], at), word) if piece.role is Role.TEXT else word
