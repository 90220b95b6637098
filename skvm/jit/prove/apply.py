"""Applying code to inputs, and proving it: predictions compared with what model runs really did.

`bind`, `arguments`, `outcome` are what a served step goes through; `predict` does the same against a recorded run, so what
is proved is exactly what is executed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from skvm.jit.generalise.origins import LATER, World
from skvm.jit.generalise.patterns import negates
from skvm.jit.generalise.pieces import COMMAND_ARGS, is_program
from skvm.jit.generalise.propose import generalise
from skvm.jit.generalise.pycode import same_program
from skvm.jit.generalise.results import Abstain, read_result, seen_result
from skvm.jit.generalise.shell.commands import same_command
from skvm.jit.generalise.unify import same, spelled
from skvm.jit.observe.observation import Observation
from skvm.jit.prove.course import Handed, Place, course, cut, items_of, unlike, value_of, waits
from skvm.plan import CallRecord, Guard, GuardContext, SolidCall, SolidStep, Unfilled, decode, fill, match_tree
from skvm.plan.guards import stored_template
from skvm.source import digest_text

FIRST_READING = 5
"""Guards of a lower cost look at digests, versions and verdicts only; they go first."""

MAX_LEAVE_OUT = 12
"""Leave-one-out rounds are bounded: with more observations the first ones are left out in turn."""


def bind(code: SolidStep, inputs: dict[str, Any], seen: GuardContext) -> dict[str, Any]:
    """What the captures hold for these inputs when every guard holds; raises Handed with the first guard that does not."""
    context = seen.altered(inputs=inputs)
    ordered = sorted(code.guards, key=lambda g: g.cost)
    _require_all([g for g in ordered if g.cost < FIRST_READING], context)
    captures = _read([g for g in ordered if g.kind == "input"], inputs)
    reading = [g for g in ordered if g.cost >= FIRST_READING and g.kind != "input"]
    _require_all(reading, context.altered(holes=captures))
    _refuse_negation(code, captures)
    for hole in code.holes:
        if not any(o.source in LATER for o in (hole, *hole.also)):
            value_of(hole, World(captures))
    for loop in code.loops:
        if not waits(code, loop):
            items_of(code, loop, World(captures))
    return captures


def _read(guards: Sequence[Guard], inputs: dict[str, Any]) -> dict[str, Any]:
    captures: dict[str, Any] = {}
    for guard in guards:
        fits = match_tree(stored_template(guard.value), inputs.get(guard.name))
        if isinstance(fits, str):
            raise Handed("input", f"{guard.name}{fits}")
        captures.update(fits)
    return captures


def _require_all(guards: Sequence[Guard], seen: GuardContext) -> None:
    for guard in guards:
        held = guard.check(seen)
        if not held.ok:
            raise Handed(guard.kind, held.reason)


def _refuse_negation(code: SolidStep, captures: dict[str, Any]) -> None:
    allowed = {g.name: g.value for g in code.guards if g.kind == "hole_match"}
    for hole in code.holes:
        value = captures.get(hole.name)
        if hole.source == "task" and isinstance(value, str):
            word = negates(value, [allowed.get(hole.name, "").replace("\\", "")])
            if word is not None:
                raise Handed("hole_match", f"{hole.name} holds {word!r}, which turns a request round")


def following(code: SolidStep, world: World) -> SolidCall | None:
    """The call that comes after those of the world, None behind the last one; raises Handed where a list is not as expected."""
    place = course(code, world).following
    return None if place is None else code.calls[place.call]


def arguments(code: SolidStep, index: int, world: World) -> dict[str, Any]:
    """Arguments of one call; raises Handed when an earlier result or a hole is not as expected."""
    now = course(code, world)
    if now.following is None or len(world.calls) != index:
        raise Handed("calls", f"expected {index} calls, saw {len(world.calls)}")
    _expect(code, now.places, world)
    args = _filled(code, code.calls[now.following.call].args, now.following.world)
    assert isinstance(args, dict)
    return args


def outcome(code: SolidStep, world: World) -> tuple[dict[str, Any], str]:
    """Values and summary after the last call; raises Handed like `arguments`."""
    now = course(code, world)
    if now.following is not None or len(world.calls) != len(now.places):
        raise Handed("calls", f"expected {len(now.places)} calls, saw {len(world.calls)}")
    _expect(code, now.places, world)
    world = now.end
    values = _filled(code, code.values, world)
    summary = "" if code.summary is None else _filled(code, code.summary, world)
    return values, summary


def _expect(code: SolidStep, places: Sequence[Place], world: World) -> None:
    """The calls so far were these calls, and the last one ended as it did when the code was learned."""
    done = world.done
    for index, (place, call) in enumerate(zip(places, done, strict=False)):
        if code.calls[place.call].tool != call.tool:
            raise Handed("calls", f"call {index}: expected {code.calls[place.call].tool}, saw {call.tool}")
    if done:
        planned = code.calls[places[len(done) - 1].call]
        reason = unexpected(planned, done[-1])
        if reason:
            raise Handed("result", f"call {len(done) - 1} {planned.tool}: {reason}")
        ties = (planned.result or {}).get("ties", ())
        for hole in (hole for hole in code.holes if hole.name in ties):
            value_of(hole, world)


def unexpected(planned: SolidCall, done: CallRecord) -> str:
    """How a result differs from what was constant in all observed ones; empty when it does not."""
    if done.ok != planned.expect_ok or (planned.expect_exit is not None and done.exit_code != planned.expect_exit):
        return f"expected ok={planned.expect_ok} exit={planned.expect_exit}, saw ok={done.ok} exit={done.exit_code}"
    text, shape = seen_result(done), planned.result or {}
    if "same" in shape and text != shape["same"]:
        return f"the result was always {cut(shape['same'])}, now {cut(text)}"
    if "digest" in shape and digest_text(text) != shape["digest"]:
        return "the result was always the same text, now another"
    if "head" in shape and text.partition("\n")[0] != shape["head"]:
        return f"the first line was always {cut(shape['head'])}, now {cut(text.partition(chr(10))[0])}"
    if "as" not in shape:
        return ""
    tree = read_result(text, shape["as"])
    return unlike(tree, shape) if tree is not None else f"the result could always be read as {shape['as']}, now it cannot"


def _filled(code: SolidStep, stored: Any, world: World) -> Any:
    template = decode(stored)
    try:
        return fill(template, _Values(code, world))
    except Unfilled as missing:
        raise Handed("hole", f"hole {missing} has no value here") from None


class _Values(dict[str, Any]):
    """Hole values, worked out when they are asked for."""

    def __init__(self, code: SolidStep, world: World) -> None:
        super().__init__(world.captures)
        self._holes = {h.name: h for h in code.holes}
        self._world = world

    def __contains__(self, name: object) -> bool:
        return name in self._holes

    def __getitem__(self, name: str) -> Any:
        return value_of(self._holes[name], self._world)


def predict(code: SolidStep, seen: Observation) -> str:
    """Run the code against a recorded run; empty when it makes exactly its calls and values, else the first difference.

    Raises Handed when a guard hands the step back, which is not a difference.
    """
    captures = bind(code, seen.inputs, seen.guard)
    for index in range(len(seen.calls) + 1):
        world = World(captures, seen.calls[:index])
        planned = following(code, world)
        if planned is None:
            break
        args = arguments(code, index, world)
        if index >= len(seen.calls):
            return f"call {index} {planned.tool}: the run made no such call"
        done = seen.calls[index]
        if done.tool != planned.tool or not same_arguments(done.tool, args, done.args):
            return f"call {index}: expected {done.tool} {_cut_json(done.args)}, code gives {_cut_json(args)}"
    values, summary = outcome(code, World(captures, seen.calls[:index]))
    if len(seen.calls) > index:
        return f"call {index} {seen.calls[index].tool}: the code makes no such call"
    if not same(values, seen.values):
        return f"values: expected {_cut_json(seen.values)}, code gives {_cut_json(values)}"
    if code.summary is not None and summary != seen.summary:
        return f"summary: expected {cut(seen.summary)}, code gives {cut(summary)}"
    return ""


def in_effect(code: SolidStep, seen: Observation) -> bool:
    """Did a run that differs from the code do the same all the same: its calls in order and its values, with nothing between
    them but reads and calls that failed?"""
    try:
        captures = bind(code, seen.inputs, seen.guard)
        matched: list[CallRecord] = []
        for done in seen.calls:
            world = World(captures, tuple(matched))
            planned = following(code, world)
            if planned is not None and planned.tool == done.tool:
                args = arguments(code, len(matched), world)
                if done.ok == planned.expect_ok and same_arguments(done.tool, args, done.args):
                    matched.append(done)
                    continue
            if done.ok and done.effect != "pure":
                return False
        values, _ = outcome(code, World(captures, tuple(matched)))
    except Handed:
        return False
    return same(values, seen.values)


def relaxed(code: SolidStep) -> SolidStep:
    """The code without what narrows the texts and results it accepts: for learning, never for serving."""
    return code.model_copy(
        update={
            "holes": tuple(h.model_copy(update={"pattern": ""}) for h in code.holes),
            "calls": tuple(c.model_copy(update={"result": None}) for c in code.calls),
            "guards": tuple(g for g in code.guards if g.kind not in ("hole_match", "hole_range")),
        }
    )


def same_arguments(tool: str, one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Equal arguments; commands by meaning (words and operators), programs by theirs, everything else exactly."""
    if is_program(tool, one) and is_program(tool, two) and same_program(one["content"], two["content"]):
        return same({**one, "content": ""}, {**two, "content": ""})
    name = COMMAND_ARGS.get(tool)
    if name is None or name not in one or name not in two or not all(isinstance(a[name], str) for a in (one, two)):
        return same(one, two)
    return same({**one, name: ""}, {**two, name: ""}) and same_command(one[name], two[name])


def _cut_json(value: Any) -> str:
    text = spelled(value)
    return text if len(text) <= 120 else text[:117] + "..."


def replay(code: SolidStep, observations: Sequence[Observation]) -> str:
    """Empty when the code reproduces every observation exactly; else the first that it does not, and how."""
    for seen in observations:
        try:
            difference = predict(code, seen)
        except Handed as handed:
            difference = handed.reason
        if difference:
            return f"run {seen.run}: {difference}"
    return ""


def _any_number(code: SolidStep) -> SolidStep:
    """The code for numbers of any size in what it is given: the least and the greatest run are left out, too."""
    return code.model_copy(update={"guards": tuple(g for g in code.guards if g.kind != "hole_range")})


def leave_one_out(observations: Sequence[Observation]) -> tuple[int, int, str]:
    """(right, handed back, first wrong prediction) when each observation is predicted from the others alone."""
    right = handed = 0
    for index, held_out in enumerate(islice(observations, MAX_LEAVE_OUT)):
        rest = [o for i, o in enumerate(observations) if i != index]
        try:
            difference = predict(_any_number(generalise(rest)), held_out)
        except (Abstain, Handed):
            handed += 1
            continue
        if difference:
            return right, handed, f"run {held_out.run} from the others: {difference}"
        right += 1
    return right, handed, ""
