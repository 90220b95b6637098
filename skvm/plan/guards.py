"""Guards: what must hold before solidified code may run. Data with a pure `check`, cheap ones first."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, get_args

from skvm.ir import Frozen
from skvm.plan.ranges import within
from skvm.plan.template import Template, decode, match_tree


class GuardContext(Frozen):
    """What a guard may look at: digests, tool versions, verdicts, and the resolved inputs of the step.

    `holes` and `inputs` (`task`, `files` as [name, path] rows, `values`, `item`) are filled in by the book; the executor
    gives the rest. `simulated`: would a simulated model do the step now? None when that is not known.
    """

    slice_digest: str
    tool_versions: dict[str, str] = {}
    sandbox: str = ""
    verdicts: dict[str, str] = {}
    holes: dict[str, Any] = {}
    files: dict[str, str] = {}
    inputs: dict[str, Any] = {}
    simulated: bool | None = None


class GuardResult(Frozen):
    """Did it hold, and if not why: expected and seen in one line."""

    ok: bool
    reason: str = ""


HELD = GuardResult(ok=True)

Kind = Literal[
    "slice",
    "sandbox",
    "tool",
    "verdict",
    "simulated",
    "hole_type",
    "hole_match",
    "hole_range",
    "hole_given",
    "hole_asked",
    "file",
    "input",
]

_CHEAPEST_FIRST: tuple[str, ...] = get_args(Kind)
_ORDER = {kind: place for place, kind in enumerate(_CHEAPEST_FIRST)}


@lru_cache(maxsize=4096)
def stored_template(value: str) -> Template:
    """The template that the value of an `input` guard spells; templates are not changed by anybody."""
    return decode(json.loads(value))


class Guard(Frozen):
    """One condition. `kind` says on what, `name` on which one, `value` what is expected.

    slice      digest of what the step sees equals `value`
    tool       version of tool `name` equals `value`
    sandbox    sandbox version equals `value`
    verdict    met/weak/missing verdict of primitive `name` equals `value`
    simulated  evidence of a simulated model does not serve runs of a real one (`value` is "true")
    input      input `name` (task, files, values, item) is an instance of the stored template `value` (JSON)
    hole_type  resolved hole `name` has JSON type `value` (or is any `scalar`)
    hole_match resolved hole `name` (a text, or the JSON spelling of another value) fully matches regular expression `value`
    hole_range resolved hole `name` is a number, or spells one, in the range `value` (see `ranges`)
    hole_given resolved hole `name` is (`value` "yes") or is not ("no") what an input file is called
    hole_asked resolved hole `name` is what one of the resolved holes in `value` (a JSON list) is
    file       input file `name` is present
    """

    kind: Kind
    name: str = ""
    value: str = ""

    @property
    def cost(self) -> int:
        """Order of checking: digests before patterns before files."""
        return _ORDER[self.kind]

    def check(self, seen: GuardContext) -> GuardResult:
        """Pure; never raises."""
        got = self._seen(seen)
        if self.kind == "input":
            fits = match_tree(stored_template(self.value), got)
            return HELD if isinstance(fits, dict) else GuardResult(ok=False, reason=f"input {self.name}{fits}")
        if self.kind == "hole_match":
            text = got if isinstance(got, str) else spelled(got)
            ok = re.fullmatch(self.value, text, re.DOTALL) is not None
        elif self.kind == "hole_type":
            ok = self.name in seen.holes and of_type(seen.holes[self.name], self.value)
        elif self.kind == "hole_range":
            ok = within(got, self.value)
        elif self.kind == "hole_given":
            ok = (got in called(seen.inputs)) is (self.value == "yes")
        elif self.kind == "hole_asked":
            ok = any(got == seen.holes.get(name) for name in json.loads(self.value))
        elif self.kind == "simulated":
            ok = got is not False
        elif self.kind == "file":
            ok = got is not None
        else:
            ok = got == self.value
        return HELD if ok else GuardResult(ok=False, reason=f"{self.kind} {self.name}: expected {self.value!r}, saw {got!r}")

    def _seen(self, seen: GuardContext) -> Any:
        match self.kind:
            case "slice":
                return seen.slice_digest
            case "sandbox":
                return seen.sandbox
            case "tool":
                return seen.tool_versions.get(self.name)
            case "verdict":
                return seen.verdicts.get(self.name)
            case "simulated":
                return seen.simulated
            case "input":
                return seen.inputs.get(self.name)
            case "file":
                return seen.files.get(self.name)
            case "hole_type":
                return json_type(seen.holes[self.name]) if self.name in seen.holes else None
            case _:
                return seen.holes.get(self.name)


def called(inputs: Mapping[str, Any]) -> list[Any]:
    """All names and paths of the input files."""
    return [cell for row in inputs.get("files") or () for cell in row]


_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def spelled(value: Any) -> str:
    """One spelling per JSON value."""
    return _encode(value)


SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})


def of_type(value: Any, kind: str) -> bool:
    """Has a value a type, where an integer is a number too and a `scalar` is anything but an array or object?"""
    own = json_type(value)
    return own == kind or (kind, own) == ("number", "integer") or (kind == "scalar" and own in SCALARS)


def json_type(value: Any) -> str:
    """JSON type name of a Python value: null, boolean, integer, number, string, array, object."""
    if value is None:
        return "null"
    for name, kinds in (("boolean", bool), ("integer", int), ("number", float), ("string", str), ("array", (list, tuple))):
        if isinstance(value, kinds):
            return name
    return "object"
