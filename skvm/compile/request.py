"""What a caller asks of the compiler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skvm.capability import Profile, Target
from skvm.plan import PlanDiagnostic


@dataclass(frozen=True)
class CompileRequest:
    """`profile` None: the target was never measured, `profile_note` says so in words.

    `passes`: pipeline text, None for the default one. `diagnostics` of the front end, kept in the artifact. `pool`: further
    targets a step may be bound to. `show(pass id, text)` receives the text form of the program after each pass of
    `print_after`. `stop_after`: no pass after this one runs.
    """

    target: Target
    profile: Profile | None = None
    profile_note: str = ""
    passes: str | None = None
    diagnostics: tuple[PlanDiagnostic, ...] = ()
    pool: tuple[tuple[Target, Profile | None], ...] = ()
    print_after: tuple[str, ...] = ()
    stop_after: str | None = None
    show: Callable[[str, str], None] | None = None
