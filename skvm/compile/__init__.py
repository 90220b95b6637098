"""compile: a program, its source and a target come in; a sealed artifact with plan, bindings and reasons goes out.

Passes are frozen dataclasses over an immutable unit; `manager` runs a pipeline of them and verifies after each.
Must never: call a model, read clock, network or environment, run anything of a skill, or edit text without a measured gap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skvm.compile.analysis import Analysis, analyse
    from skvm.compile.compiler import compile_program
    from skvm.compile.request import CompileRequest, Processor
    from skvm.compile.unit import Pass, StepEffects, Unit
    from skvm.compile.versions import DEFAULT_PIPELINE, toolchain

_WHERE = {
    "Analysis": "analysis",
    "CompileRequest": "request",
    "DEFAULT_PIPELINE": "versions",
    "Pass": "unit",
    "Processor": "request",
    "StepEffects": "unit",
    "Unit": "unit",
    "analyse": "analysis",
    "compile_program": "compiler",
    "toolchain": "versions",
}
"""Names by the module they are in, which is loaded when one is asked for: a plan that the cache holds needs no pass."""

__all__ = [
    "DEFAULT_PIPELINE",
    "Analysis",
    "CompileRequest",
    "Pass",
    "Processor",
    "StepEffects",
    "Unit",
    "analyse",
    "compile_program",
    "toolchain",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
