"""What a caller asks of the compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from skvm.capability import Profile, Target
from skvm.plan import Artifact, Limits, PlanDiagnostic

NO_LIMITS = Limits()


@dataclass(frozen=True)
class Processor:
    """A target with its profile; None: never measured, `note` says so in words."""

    target: Target
    profile: Profile | None = None
    note: str = ""


@dataclass(frozen=True)
class CompileRequest:
    """`profile` None: the target was never measured, `profile_note` says so in words.

    `passes`: pipeline text, None for the default one. `diagnostics` of the front end, kept in the artifact. `pool`: further
    targets a step may be bound to, `limits`: what the choice among them must keep. `show(pass id, text)` receives the text form
    of the program after each pass of `print_after`; `watch(pass id, text of the program as a function)` is called after
    every pass. `stop_after`: no pass after this one runs. `skills`: plans of skills that may be handed over to, by the name
    that the text gives them; `apart`: code and words for those that have none, by name.
    """

    target: Target
    profile: Profile | None = None
    profile_note: str = ""
    passes: str | None = None
    diagnostics: tuple[PlanDiagnostic, ...] = ()
    pool: tuple[Processor, ...] = ()
    limits: Limits = NO_LIMITS
    print_after: tuple[str, ...] = ()
    stop_after: str | None = None
    show: Callable[[str, str], None] | None = None
    watch: Callable[[str, Callable[[], str]], None] | None = None
    skills: Mapping[str, Artifact] = field(default_factory=dict)
    apart: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def processors(self) -> dict[str, Processor]:
        """The target and the pool by name, the target first."""
        own = Processor(self.target, self.profile, self.profile_note)
        return {str(self.target): own, **{str(p.target): p for p in self.pool if p.target != self.target}}

    def processor(self, name: str) -> Processor:
        """The one of this name; the target itself where there is none."""
        return self.processors.get(name) or self.processors[str(self.target)]
