"""What solidified code does with a request, held against the reference function. A recording executor: no effect happens."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bench.wrong.learning import Request, draw
from bench.wrong.mutants import other_files, other_values
from bench.wrong.scene import Moment, Reference, Scene
from bench.wrong.tally import HANDED, REFUSED, SERVED, WRONG, Verdict, Verdicts
from bench.wrong.wording import spoilt
from bench.wrong.worlds import World
from skvm.jit import Policy
from skvm.jit.generalise.unify import same
from skvm.jit.observe.observation import inputs_of
from skvm.jit.prove.apply import bind, same_arguments
from skvm.jit.prove.course import Handed
from skvm.jit.prove.rivals import move_of, onward
from skvm.plan import SolidStep
from skvm.ports import Offer, StepContext

FOREIGN = Reference((), None)
"""For a request that is none of the skill's: nothing may be done."""

POLICY = Policy()
ORDER = ("input", "hole_type", "hole_match", "hole_range", "hole")


def judge(codes: Sequence[SolidStep], context: StepContext, reference: Reference) -> Verdict:
    """The codes whose guards hold, the newest first, make their calls, each of which the reference must have made."""
    nearest = Verdict(REFUSED, "no code", "no code")
    able: list[Offer] = []
    for code in codes:
        try:
            able.append(Offer.made(code=code, holes=bind(code, inputs_of(context), context.guard)))
        except Handed as handed:
            if nearest.kind == "no code" or _far(handed.guard) > _far(nearest.kind.partition(" ")[0]):
                nearest = Verdict(REFUSED, _kind(handed), f"{handed.guard}: {handed.reason}")
    return _follow(able[0].altered(others=tuple(able[1:])), reference) if able else nearest


def _far(guard: str) -> int:
    return ORDER.index(guard) if guard in ORDER else -1


def _kind(handed: Handed) -> str:
    """The kind of guard, and for an input which one: `input task` is the wording."""
    if handed.guard == "input":
        return f"input {handed.reason.partition('/')[0]}"
    if handed.guard in ("hole_match", "hole_range", "hole_type"):
        return f"{handed.guard} {handed.reason.split()[1][:1] if ' ' in handed.reason else ''}".strip()
    if handed.guard == "result":
        for words, kind in (("beyond", "number"), ("of the kind", "text"), ("always", "constant"), ("exit=", "failed")):
            if words in handed.reason:
                return f"result {kind}"
        return "result shape"
    return handed.guard


def _follow(offer: Offer, reference: Reference) -> Verdict:
    done = reference.calls
    try:
        for index in range(len(done) + 1):
            offer = onward(offer, done[:index])
            move, id = move_of(offer, done[:index]), offer.code.id
            if move.call is None:
                break
            tool = move.call.tool
            if index >= len(done):
                return Verdict(WRONG, why=f"{id} call {index}: {tool} {move.holds}, the reference made none")
            if tool != done[index].tool or not same_arguments(tool, move.holds, done[index].args):
                was = f"{done[index].tool} {done[index].args}"
                return Verdict(WRONG, why=f"{id} call {index}: {tool} {move.holds}, not {was}")
    except Handed as handed:
        return Verdict(HANDED, _kind(handed), handed.reason)
    if reference.end is None or len(done) > index:
        return Verdict(WRONG, why=f"{id} ended with {move.holds}, the reference did not")
    if not same(move.holds, reference.end.values):
        return Verdict(WRONG, why=f"{id}: {move.holds}, not {reference.end.values}")
    return Verdict(SERVED, checked=POLICY.standing(offer.code).share)


@dataclass
class Trial:
    """Valid and mutated requests put to what was learned of one skill."""

    scene: Scene
    world: World
    codes: dict[str, list[SolidStep]]
    verdicts: Verdicts = field(default_factory=Verdicts)

    def run(self, count: int, rng: random.Random) -> Verdicts:
        """Half of the requests valid, half mutated; a request and its mutant share one walk where its files are the same."""
        for _ in range((count + 1) // 2):
            request = draw(self.world, rng)
            moments = list(self.scene.moments(request.task, request.files, "valid"))
            self.proper(moments)
            kind = rng.random()
            if kind < 0.65 or not request.files:
                self.reworded(request, moments, spoilt(request.task, request.values, rng))
            elif kind < 0.85:
                self.refiled(request, other_files(request.files, rng))
            else:
                for moment in moments:
                    seen = other_values(moment.context.seen or {}, rng)
                    self.note(moment, moment.context.model_copy(update={"seen": seen}), moment.reference, True)
        return self.verdicts

    def proper(self, moments: Iterable[Moment]) -> None:
        """A valid request: what is not served goes to the model."""
        whole = [self.note(m, m.context, m.reference, False) == SERVED for m in moments]
        self.verdicts.requests[SERVED if all(whole) else HANDED] += 1

    def reworded(self, request: Request, moments: Iterable[Moment], task: str) -> None:
        """Other words. What the grammar still reads is a request of its own."""
        if self.still_valid(request, task):
            for moment in self.scene.moments(task, request.files, "still valid"):
                self.note(moment, moment.context, moment.reference, True)
            return
        for moment in moments:
            self.note(moment, moment.context.model_copy(update={"task": task}), FOREIGN, True)

    def still_valid(self, request: Request, task: str) -> bool:
        """Does the grammar read a mutated task, and are the files there that it names?"""
        values = self.world.grammar.read(task)
        return values is not None and all(values[n] in request.files for n in self.world.grammar.files if n in values)

    def refiled(self, request: Request, files: dict[str, bytes]) -> None:
        """Other contents and names. A file that the request names and that is not there makes the request foreign."""
        for moment in self.scene.moments(request.task, files, "files"):
            named = all(request.values[n] in files for n in self.world.grammar.files if request.values[n] in request.task)
            self.note(moment, moment.context, moment.reference if named else FOREIGN, True)

    def note(self, moment: Moment, context: StepContext, reference: Reference, mutated: bool) -> str:
        """Judge one step; what came of it."""
        verdict = judge(self.codes.get(moment.node.key, []), context, reference)
        self.verdicts.of(moment.node.id).note(verdict, mutated, f"{context.task!r} files {list(context.files)}")
        return verdict.what
