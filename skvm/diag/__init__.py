"""diag: spans come in; coded diagnostics with fixes, their text forms, and the error tree go out.

Must never: decide what is wrong (rooms above do), print, or raise for a user's mistake in a skill.
"""

from skvm.diag.codes import CODES, Code, explanation
from skvm.diag.errors import (
    BudgetError,
    CheckError,
    EnvironmentFailure,
    InDoubtError,
    InternalError,
    LimitHit,
    PlanError,
    SandboxError,
    SkvmError,
    StoreError,
    TargetError,
    UsageError,
)
from skvm.diag.located import Located, locate, shown_path
from skvm.diag.model import Applicability, Diagnostic, Edit, Fix, Severity, sort_diagnostics

__all__ = [
    "CODES",
    "Applicability",
    "BudgetError",
    "CheckError",
    "Code",
    "Diagnostic",
    "Edit",
    "EnvironmentFailure",
    "Fix",
    "InDoubtError",
    "InternalError",
    "LimitHit",
    "Located",
    "PlanError",
    "SandboxError",
    "Severity",
    "SkvmError",
    "StoreError",
    "TargetError",
    "UsageError",
    "explanation",
    "locate",
    "shown_path",
    "sort_diagnostics",
]
