"""What a run is made of: from options to requests and ports of the runtime, and checks of an outcome."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from skvm.app.asked import CompileOptions
from skvm.app.compiling import artifact_at
from skvm.app.evidence import note_compile, open_book, open_rules
from skvm.app.linking import folders_of
from skvm.app.policy import NAME, policy_of
from skvm.app.sandbox import sandbox_of
from skvm.app.settings import Settings
from skvm.app.targets import backends, require_builtin
from skvm.capability import Target
from skvm.capability.profiles import SIM, parse_target
from skvm.diag import UsageError
from skvm.plan import Artifact, Event, StepNode, wanted_of
from skvm.plan.policy import Policy, least

if TYPE_CHECKING:
    from skvm.ports import Browsers, EventSink, Gatekeeper, Storage
    from skvm.runtime import RunOutcome, RunPorts, RunRequest


@dataclass(frozen=True)
class RunOptions:
    """What a user may say about a run; times in seconds, cost in USD, `started` monotonic, `record` a cassette folder.

    `otel`: send spans to the collector that the standard variables of OpenTelemetry name. `build`: build the isolated prefix
    of the skill first where there is none; `say` hears of it.
    """

    model: str
    task: str = ""
    files: dict[str, Path] = field(default_factory=dict)
    workdir: Path | None = None
    mode: str = "plan"
    harness: str = "builtin"
    api_base: str | None = None
    deadline: float | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    yes: bool = False
    env: tuple[str, ...] = ()
    resume: str | None = None
    seed: int = 0
    solid: bool = True
    record: Path | None = None
    otel: bool = False
    started: float | None = None
    engine: str = "local"
    oracle: Any = None
    on_event: Callable[[Event], None] | None = None
    build: bool = False
    say: Callable[[str], None] = field(default=lambda text: None)


def target_of(options: RunOptions) -> Target:
    """Target that a run's options name; raises UsageError for a harness that cannot run skills."""
    target = parse_target(options.model)
    if options.harness != "builtin":
        target = target.model_copy(update={"harness": options.harness})
    require_builtin(target)
    return target


def restrained(options: RunOptions, policy: Policy) -> RunOptions:
    """The options with limits no higher than the policy's."""
    limits = policy.limits
    return replace(
        options,
        deadline=least(options.deadline, limits.deadline),
        max_tokens=least(options.max_tokens, limits.tokens),
        max_cost=least(options.max_cost, limits.cost),
    )


@dataclass(frozen=True, kw_only=True)
class Named:
    """What is to be run: the plan, the folder of its skill where that is known, and options within the policy. `compiled`: the
    plan was made of a skill just now, in so many seconds, and one that was accepted in its place is run instead; 0 for a plan
    that was named."""

    artifact: Artifact
    skill: Path | None
    options: RunOptions
    policy: Policy
    compiled: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Settled(Named):
    """A run as it will be: with the plan that was accepted in place of the compiled one, if one was, and the prefix of the
    packages it asks for where there is one."""

    prefix: Path | None = None


def named(what: Path | str | Artifact, options: RunOptions, settings: Settings) -> Named:
    """What is run under which policy; raises UsageError, also for a limit on money without a price."""
    target = target_of(options)
    policy = policy_of(settings)
    options = replace(restrained(options, policy), started=time.monotonic() if options.started is None else options.started)
    check_price(options.max_cost, target)
    if isinstance(what, Artifact):
        return Named(artifact=what, skill=None, options=options, policy=policy)
    began = time.monotonic()
    artifact, skill = artifact_at(Path(what), CompileOptions(target=str(target)), settings)
    seconds = 0.0 if skill is None else max(time.monotonic() - began, 1e-6)
    return Named(artifact=artifact, skill=skill, options=options, policy=policy, compiled=seconds)


def settled(run: Named, storage: Storage, settings: Settings) -> Settled:
    """The run in the light of what `storage` knows; raises UsageError for variables that may not be handed over."""
    artifact, options = run.artifact, run.options
    if run.compiled and options.mode != "raw":
        from skvm.app.active import plan_to_run

        artifact = plan_to_run(artifact, storage, options.resume)
    _check_env(options.env, artifact, run.policy)
    prefix = prefix_of(artifact, options, settings)
    return Settled(artifact=artifact, skill=run.skill, options=options, policy=run.policy, compiled=run.compiled, prefix=prefix)


def prefix_of(artifact: Artifact, options: RunOptions, settings: Settings) -> Path | None:
    """The isolated prefix of what a plan asks for; None where it asks for no package or nothing was built."""
    if not wanted_of(artifact.needs):
        return None
    from skvm.app.environment import folder_for

    return folder_for(artifact, options.build, options.say, settings)


def ports_of(run: Settled, storage: Storage, settings: Settings, asked: Gatekeeper | None, *sinks: EventSink) -> RunPorts:
    """What a run needs of the outside; `asked` answers gates that `yes` does not."""
    from skvm.runtime import RunPorts

    options = run.options
    if options.solid and run.compiled:
        note_compile(storage, run.artifact.source.name, run.compiled)
    return RunPorts(
        model_for=backends(
            settings, api_base=options.api_base, seed=options.seed, oracle=options.oracle, record=options.record
        ),
        sandbox=lambda: sandbox_of(settings),
        browsers=_browsers(run.artifact, settings, run.policy),
        journal=storage.journal,
        blobs=storage.blobs,
        solid=open_book(storage) if options.solid else None,
        foreteller=open_rules(storage) if options.solid else None,
        gate=AutoGate() if options.yes else asked,
        sinks=(*((_Sink(options.on_event),) if options.on_event else ()), *sinks),
        lock=storage.lock,
    )


def request_of(run: Settled) -> RunRequest:
    """What is asked of the runtime; raises UsageError for inputs or variables that are not there."""
    from skvm.runtime import RunRequest

    options = run.options
    return RunRequest(
        artifact=run.artifact,
        model=target_of(options).model,
        task=options.task,
        files=_checked_files(options.files),
        workdir=options.workdir,
        mode=options.mode,
        deadline=options.deadline,
        started=time.monotonic() if options.started is None else options.started,
        max_tokens=options.max_tokens,
        max_cost=options.max_cost,
        yes=options.yes,
        env=_named_environment(options.env),
        resume=options.resume,
        seed=options.seed,
        skill_dir=run.skill,
        policy=run.policy,
        prefix=run.prefix,
        others=folders_of(run.artifact, run.skill),
        signals=threading.current_thread() is threading.main_thread(),
    )


def _browsers(artifact: Artifact, settings: Settings, policy: Policy) -> Browsers | None:
    """Browsers of this machine, looked for only when there is a host that may be reached."""
    granted = (grant for one in (artifact, *artifact.skills) for grant in policy.narrowed(one.permissions).grants)
    if not any(grant.kind == "host" for grant in granted):
        return None
    from skvm.adapters.chromium import find_chromium

    return find_chromium(settings.cache)


class _Sink:
    """Hands events to a listener of the caller; a listener that fails is not heard again."""

    def __init__(self, listener: Callable[[Event], None]) -> None:
        self._listener: Callable[[Event], None] | None = listener

    def emit(self, event: Event) -> None:
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception:
            self._listener = None


def _checked_files(files: dict[str, Path]) -> dict[str, Path]:
    for name, path in files.items():
        if not path.is_file():
            raise UsageError(f"the input {name} is not a file", where=str(path), help="give --file NAME=PATH")
    return files


def _check_env(names: tuple[str, ...], artifact: Artifact, policy: Policy) -> None:
    """A variable is handed over only where the skill's own text asks for it and the user's policy leaves it."""
    plans = (artifact, *artifact.skills)
    cited = {g.name for one in plans for g in one.permissions.grants if g.kind == "env"}
    cited |= {name for one in plans for node in one.plan.nodes if isinstance(node, StepNode) for name in node.env}
    for name in names:
        if name not in cited:
            known = f"it names {', '.join(sorted(cited))}" if cited else "it names none"
            raise UsageError(f"the skill does not name the variable {name}", help=f"leave --env {name} out; {known}")
        if not policy.names("env", (name,)):
            raise UsageError(f"the policy in {NAME} does not permit the variable {name}", help=f"leave --env {name} out")


def _named_environment(names: tuple[str, ...]) -> dict[str, str]:
    missing = [n for n in names if n not in os.environ]
    if missing:
        raise UsageError(f"not set in this environment: {', '.join(missing)}", help="export it or leave --env out")
    return {n: os.environ[n] for n in names}


def check_price(max_cost: float | None, target: Target) -> None:
    """A limit on money needs a price: raises UsageError where there is none."""
    if max_cost is None or target.model.startswith(SIM):
        return
    from skvm.adapters.prices import shipped_prices

    if shipped_prices().of(target.model) is None:
        raise UsageError(f"the price of {target.model} is not known", help="leave --max-cost out or use --max-tokens")


def check_outcome(file: Path, outcome: RunOutcome, settings: Settings) -> list[dict[str, Any]]:
    """One row per check: `{check, ok, detail}`; raises UsageError when the task file is wrong."""
    from skvm.app.tasks import CommandCheck, load_task, run_checks

    task = load_task(file)

    async def run() -> list[dict[str, Any]]:
        wanted = any(isinstance(c, CommandCheck) for c in task.checks)
        sandbox = await sandbox_of(settings) if wanted else None
        return [r.to_json() for r in await run_checks(task, outcome.work, sandbox)]

    return anyio.run(run)


class AutoGate:
    """Approves every gate, because the user said `--yes`."""

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        """Yes, by `--yes`."""
        return True, "--yes"

    async def answer(self, node: str, question: str) -> tuple[str | None, str]:
        """Nothing: what a model wants to know is no gate."""
        return None, "--yes"


class TerminalGate:
    """Asks on the terminal, one question at a time; without one nobody can answer and the run parks."""

    def __init__(self) -> None:
        self._turn = anyio.Lock()

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        """The person's decision; None where standard input or error is no terminal."""
        text, by = await self._asked(f"{node}: {question}\ncontinue? [y/N] ")
        return (None if text is None else text.lower() in ("y", "yes")), by

    async def answer(self, node: str, question: str) -> tuple[str | None, str]:
        """What the person says; None where there is no terminal, and for an empty line."""
        text, by = await self._asked(f"{node} asks: {question}\n> ")
        return text or None, by

    async def _asked(self, text: str) -> tuple[str | None, str]:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None, "nobody"
        async with self._turn:
            return await anyio.to_thread.run_sync(_prompt, text, abandon_on_cancel=True), "terminal"


def _prompt(text: str) -> str:
    sys.stderr.write(text)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
