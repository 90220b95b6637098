"""A probe instance: what is asked, how an answer is judged, and plays that must pass or fail."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from skvm.capability import Level
from skvm.ir import Frozen
from skvm.ports import HarnessTurn, ToolSpec
from skvm.profile.kit.plays import Play
from skvm.profile.kit.site import Site, Visit

Rng = random.Random
"""Seeded; the sequences of `random.Random(int)` are the same on every Python from 3.11 to 3.13."""

FILES = ("read_file", "write_file", "edit_file", "list_directory", "search")
WORK = (*FILES, "execute_command")
"""Tools of the built-in agent that probes offer, by what a probe is about."""


@dataclass(frozen=True)
class Trial:
    """What came of one attempt: final text, turns with their calls, the work folder's files afterwards by path, and what the
    task's site was asked, in its own words."""

    text: str
    turns: tuple[HarnessTurn, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    visits: tuple[Visit, ...] = ()

    def file(self, path: str) -> str | None:
        """Text of a file, None when it is not there or is not UTF-8."""
        data = self.files.get(path)
        try:
            return None if data is None else data.decode()
        except UnicodeDecodeError:
            return None


class Verdict(Frozen):
    """Passed or not, and why not in a few words."""

    passed: bool
    reason: str = ""


PASS = Verdict(passed=True)


def fail(reason: str) -> Verdict:
    """A verdict that failed."""
    return Verdict(passed=False, reason=reason)


@dataclass(frozen=True)
class Job:
    """One program for the workbench: `argv` in a fresh folder with `files`; a deadline of `seconds` and no network."""

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    stdin: bytes = b""
    seconds: float = 10.0


@dataclass(frozen=True)
class JobResult:
    """What a program left: exit code (124 = ended at its deadline), output, and the files of its folder."""

    exit_code: int
    stdout: str
    stderr: str
    files: Mapping[str, bytes] = field(default_factory=dict)


class Workbench(Protocol):
    """Runs what a model wrote, confined. Graders get one; they never start a process themselves."""

    async def run(self, job: Job) -> JobResult:
        """Run one program to its end or deadline; raises SandboxError when the machine cannot, never for the program."""
        ...


Grader = Callable[[Trial, Workbench], Awaitable[Verdict]]


def pure(judge: Callable[[Trial], Verdict]) -> Grader:
    """A grader that runs nothing."""

    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        return judge(trial)

    return grade


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a probe's builder makes for one level and seed.

    `prompt` and the texts of plays may hold `{{base}}`, the address of `site` while it runs. `tools`: harness tools on offer,
    () = text only. `variants`: right answers in other words, which must pass. `mutants`: wrong ones, which must fail.
    """

    prompt: str
    grade: Grader
    reference: Play
    mutants: Mapping[str, Play]
    variants: Mapping[str, Play] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    functions: tuple[ToolSpec, ...] = ()
    site: Site | None = None
    turns: int = 20


@dataclass(frozen=True)
class Probe:
    """The test of one primitive. `version` changes with anything that changes what is asked or accepted.

    `needs`: tools a harness must offer, else the primitive is not offered there (`functions` stands for tools of the task's
    own). `programs`: executables without which an instance cannot be graded on this machine.
    """

    primitive: str
    version: int
    build: Callable[[Level, Rng], Task]
    needs: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    def instance(self, level: Level, seed: int) -> Instance:
        """The instance of a seed: the same on any machine."""
        task = self.build(level, rng_of(self.primitive, level, seed, self.version))
        return Instance(self.primitive, level, seed, self.version, task)


@dataclass(frozen=True)
class Instance:
    """One task with its identity."""

    primitive: str
    level: Level
    seed: int
    version: int
    task: Task

    @property
    def key(self) -> str:
        """Identity: primitive, level, seed, version."""
        return instance_key(self.primitive, self.level, self.seed, self.version)


def instance_key(primitive: str, level: Level, seed: int, version: int) -> str:
    """Identity of an instance as text, `gen.regex:L2:17:v1`."""
    return f"{primitive}:{level.value}:{seed}:v{version}"


def rng_of(primitive: str, level: Level, seed: int, version: int) -> Rng:
    """The generator of one instance, from a digest of its identity, so that neighbouring seeds have nothing in common."""
    digest = hashlib.sha256(instance_key(primitive, level, seed, version).encode()).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))  # noqa: S311 - tests, not secrets
