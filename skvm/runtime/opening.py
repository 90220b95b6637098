"""What a run begins with: its plan, the journal of the run it resumes, its folders and what is in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import anyio

from skvm.diag import LimitHit, TargetError, UsageError
from skvm.ir import EffectClass, Effects, digest_json
from skvm.plan import BranchNode, Event, EventKind, Executor, ExecutorKind, Plan, Requires, Slice, StepNode
from skvm.runtime.agent.step import RAW
from skvm.runtime.api import RunPorts, RunRequest
from skvm.runtime.threads import in_thread
from skvm.runtime.work.snapshot import Inventory, take
from skvm.runtime.work.workspace import Workspace, prepare, run_folder
from skvm.source import Span


def plan_of(request: RunRequest) -> Plan:
    """The plan, or in raw mode the whole skill as one model step with the same tools and limits."""
    artifact = request.artifact
    if request.mode != "raw":
        return artifact.plan
    grants = artifact.permissions.grants
    main = Span("SKILL.md", 0, len(artifact.skill_text.encode("utf-8", "surrogatepass")))
    node = StepNode(
        id=RAW,
        key=digest_json(artifact.skill_text.encode("utf-8", "replace").decode()),
        title=artifact.source.name,
        span=main,
        executor=Executor(kind=ExecutorKind.MODEL),
        slice=Slice(goal="", text=artifact.skill_text),
        requires=_all_requirements(artifact.plan),
        effects=Effects(top=True),
        effect_class=EffectClass.EFFECTFUL,
        env=tuple(sorted({g.name for g in grants if g.kind == "env"})),
        hosts=tuple(sorted({g.name for g in grants if g.kind == "host"})),
    )
    return Plan(nodes=(node,))


def _all_requirements(plan: Plan) -> tuple[Requires, ...]:
    """Every distinct primitive and level that some part of the plan needs, hardest first within a primitive."""
    found = {r for n in plan.nodes if isinstance(n, (StepNode, BranchNode)) for r in n.requires}
    return tuple(sorted(found, key=lambda r: (r.primitive, -r.level.rank)))


def needs_model(plan: Plan) -> bool:
    """Is there anything in it that a model may have to do?"""
    return any(not (isinstance(n, StepNode) and n.command is not None) for n in plan.nodes)


def earlier(request: RunRequest, ports: RunPorts, home: Path) -> tuple[Event, ...]:
    """Events of the run to resume, none for a new one; raises UsageError for an unknown run or one of another plan."""
    if request.resume is None:
        return ()
    events = ports.journal.read(request.resume)
    if not events or events[0].kind is not EventKind.RUN_START:
        raise not_begun(home, request.resume) or UsageError("no such run", where=request.resume, help="`skvm runs` lists them")
    if events[0].data.get("plan") != request.artifact.digest or events[0].data.get("mode") != request.mode:
        kept = run_folder(home, request.resume) / "plan.json"
        where, help = request.resume, f"in the mode and with the plan it began with: {kept}"
        raise UsageError("this run belongs to another plan or mode", where=where, help=help)
    return events


def remembered(request: RunRequest, events: tuple[Event, ...]) -> RunRequest:
    """A resumed run goes on with the task, work folder and seed it began with; files are in the work folder already."""
    if not events:
        return request
    began = events[0].data
    workdir = Path(began["workdir"]) if began.get("workdir") else None
    return replace(request, task=began.get("task", request.task), workdir=workdir, seed=began.get("seed", request.seed))


async def prepared(
    request: RunRequest, ports: RunPorts, home: Path, run: str, resumed: bool, asks: bool
) -> tuple[Workspace, Inventory]:
    """The folders and their inventory. When the deadline passes meanwhile (large inputs, a slow disk, a slow start) nothing ran
    that could have failed: raises TargetError for a plan that `asks` a model, which then has not answered, else LimitHit."""
    left = float("inf") if request.deadline is None else request.started + request.deadline - ports.clock.monotonic()
    with anyio.move_on_after(left):
        space = await in_thread(prepare, request, home, run)
        return space, await in_thread(_before, space, resumed)
    words = f"the deadline of {request.deadline:g} s was reached before the first step"
    if asks:
        raise TargetError(f"no answer from the model: {words}", kind="timeout", help="raise --deadline")
    raise LimitHit(words, limit="wall")


def _before(space: Workspace, resumed: bool) -> Inventory:
    """Inventory at the very start of the run; a resumed run compares with the one that was kept."""
    kept = space.folder / "before.json"
    if resumed and kept.is_file():
        raw = json.loads(kept.read_bytes())
        stamps = {path: tuple(stamp) for path, stamp in raw["stamps"].items()}
        return Inventory(stamps, raw["digests"], raw["taken"])
    inventory = take(space.work, hashed=True)
    kept.write_text(json.dumps({"stamps": inventory.stamps, "digests": inventory.digests, "taken": inventory.taken}))
    return inventory


def saved_plan(home: Path, run: str) -> Path:
    """The plan file a run keeps, for `--resume`; raises UsageError when there is none."""
    path = run_folder(home, run) / "plan.json"
    if not path.is_file():
        raise UsageError("no such run", where=run, help="`skvm runs` lists them")
    return path


def not_begun(home: Path, run: str) -> UsageError | None:
    """What to say of a run that has a folder and no event: it was cut off before anything happened. None without a folder."""
    folder = run_folder(home, run)
    if run != folder.name or not folder.is_dir():
        return None
    text, help = "this run was cut off before anything happened", f"start it again; {folder} can be removed"
    return UsageError(text, where=run, help=help)
