"""compile: a program, its source and a target come in; a sealed artifact with plan, bindings and reasons goes out.

Passes are frozen dataclasses over an immutable unit; `manager` runs a pipeline of them and verifies after each.
Must never: call a model, read clock, network or environment, run anything of a skill, or edit text without a measured gap.
"""

from skvm.compile.analysis import Analysis, analyse
from skvm.compile.compiler import compile_program
from skvm.compile.passes.emit import toolchain
from skvm.compile.registry import DEFAULT_PIPELINE
from skvm.compile.request import CompileRequest, Processor
from skvm.compile.unit import Pass, StepEffects, Unit

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
