"""The error model of the simulated model: named mutations typical of real models, drawn by content, never by call order.

Which mutation a missing primitive shows as is our own assignment: tool forms break as broken JSON or wrong tools, procedure as
skipped steps, reasoning and generation as wrong values, formats as plain text. The repair rate after an error answer is an
assumption too; it is not measured.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from skvm.adapters.simulation.oracle import Call, Done
from skvm.capability import Level, Profile
from skvm.capability.estimate import probability
from skvm.ports import RequestTag

UNMEASURED = 0.5
"""Probability where the profile says nothing: the mean of its Beta(1,1) prior."""

REPAIR = 0.5
"""Chance that a broken or wrong call is repaired after the error answer (an assumption)."""


class Mutation(StrEnum):
    """How a failure looks from outside."""

    MALFORMED_ARGUMENTS = "malformed_arguments"
    WRONG_TOOL = "wrong_tool"
    SKIPPED_STEP = "skipped_step"
    WRONG_VALUE = "wrong_value"
    GIVES_UP = "gives_up"
    FORMAT_BROKEN = "format_broken"


_BY_PREFIX: tuple[tuple[str, tuple[Mutation, ...]], ...] = (
    ("tool.call.format", (Mutation.MALFORMED_ARGUMENTS,)),
    ("tool.web", (Mutation.WRONG_TOOL, Mutation.GIVES_UP)),
    ("tool.browser", (Mutation.GIVES_UP, Mutation.WRONG_TOOL)),
    ("tool.", (Mutation.WRONG_TOOL, Mutation.MALFORMED_ARGUMENTS)),
    ("follow.format", (Mutation.FORMAT_BROKEN,)),
    ("follow.procedure", (Mutation.SKIPPED_STEP,)),
    ("follow.delegation", (Mutation.WRONG_VALUE, Mutation.SKIPPED_STEP)),
    ("follow.", (Mutation.WRONG_VALUE,)),
    ("reason.planning", (Mutation.SKIPPED_STEP, Mutation.GIVES_UP)),
    ("reason.", (Mutation.WRONG_VALUE,)),
    ("gen.text.structured", (Mutation.MALFORMED_ARGUMENTS, Mutation.WRONG_VALUE)),
    ("gen.text.long", (Mutation.WRONG_VALUE, Mutation.GIVES_UP)),
    ("gen.", (Mutation.WRONG_VALUE,)),
)

SLIPS = {
    "execute_command": ("bash", "command"),
    "read_file": ("open_file", "path"),
    "write_file": ("create_file", "path"),
    "edit_file": ("str_replace", "path"),
    "list_directory": ("ls", "path"),
    "search": ("grep", "pattern"),
    "web_fetch": ("browser", "url"),
    "ask_user": ("input", "question"),
}
"""Tool names that models take from other harnesses, with the one argument they keep."""


@dataclass(frozen=True)
class Fault:
    """A failed draw: which primitive, how it shows, and the draw itself for further choices."""

    primitive: str
    mutation: Mutation
    salt: str


def mutations_of(primitive: str) -> tuple[Mutation, ...]:
    """Mutations that fit a primitive."""
    return next((found for prefix, found in _BY_PREFIX if primitive.startswith(prefix)), (Mutation.GIVES_UP,))


def chance(profile: Profile, primitive: str, level: Level) -> float:
    """Probability that the profile's target holds a primitive at a level; 0 where the harness offers no such tool."""
    cell = profile.cells.get(primitive)
    if level is Level.L0:
        return 1.0
    if cell is None:
        return UNMEASURED
    if not cell.offered:
        return 0.0
    estimate = probability(cell, level)
    return UNMEASURED if estimate is None else estimate.mean


def uniform(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def draw_faults(profile: Profile, seed: int, tag: RequestTag) -> tuple[Fault, ...]:
    """Faults of one attempt at one step: one draw per required primitive at its highest required level.

    A whole skill in one conversation has as many occasions to fail as its steps have requirements: each is drawn.
    """
    faults = []
    for primitive, level, nth in _draws(tag):
        parts = (seed, tag.seed, tag.key, tag.scope, tag.attempt, tag.question, primitive, *([nth] if nth else []))
        if uniform(*parts) >= chance(profile, primitive, level):
            options = mutations_of(primitive)
            picked = options[int(uniform(*parts, "mutation") * len(options))]
            faults.append(Fault(primitive, picked, "|".join(map(str, parts))))
    return tuple(faults)


def _draws(tag: RequestTag) -> list[tuple[str, Level, int]]:
    """(primitive, level, how many draws of the primitive came before), by primitive; the declared order does not matter."""
    levels: dict[str, list[Level]] = {}
    for item in tag.requires:
        levels.setdefault(item.primitive, []).append(item.level)
    rows = []
    for primitive, found in sorted(levels.items()):
        ranked = sorted(found, key=lambda level: level.rank, reverse=True)
        rows += [(primitive, level, nth) for nth, level in enumerate(ranked if tag.question == "raw" else ranked[:1])]
    return rows


def repairs(fault: Fault) -> bool:
    """Does the model correct itself after the error answer?"""
    return uniform(fault.salt, "repair") < REPAIR


def break_json(arguments: str, fault: Fault) -> str:
    """Argument text that is not JSON: cut short, quoted like Python, or with an unescaped quote."""
    kinds = (
        arguments[:-1],
        arguments.replace('"', "'"),
        arguments.replace('": "', '": ""', 1) if '": "' in arguments else arguments + ",",
    )
    broken = kinds[int(uniform(fault.salt, "json") * len(kinds))]
    try:
        json.loads(broken)
    except ValueError:
        return broken
    return arguments[:-1]


def slip_tool(call: Call) -> Call:
    """The call under a name that is not on offer."""
    name, kept = SLIPS.get(call.tool, ("run_tool", ""))
    return Call(name, {kept: call.args[kept]} if kept in call.args else {})


def wrong_call(call: Call, fault: Fault) -> Call | None:
    """The call with one wrong value; None when the tool changes nothing, so that the value is to go wrong later."""
    target = {"write_file": "content", "edit_file": "new", "execute_command": "command"}.get(call.tool)
    if target is None or not isinstance(call.args.get(target), str):
        return None
    text = call.args[target]
    changed = wrong_command(text, fault) if target == "command" else wrong_text(text, fault)
    return replace(call, args={**call.args, target: changed})


def wrong_text(text: str, fault: Fault) -> str:
    """Off by one in one of the numbers; without numbers the last line is lost, or all where there is one line."""
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        head = text.rstrip("\n").rpartition("\n")[0]
        return head + "\n" if head else ""
    at = numbers[int(uniform(fault.salt, "number") * len(numbers))]
    return text[: at.start()] + str(int(at.group()) + 1) + text[at.end() :]


def wrong_command(command: str, fault: Fault) -> str:
    """A command that is nearly right: a number off by one, the last word missing, or its last word misspelt."""
    head, _, last = command.rstrip().rpartition(" ")
    if not head:
        return "false" if command.strip() == "true" else "true"
    forms = [head, f"{head} {last[:-1] or last * 2}"]
    if re.search(r"\b\d+\b", command):
        forms.append(re.sub(r"\b\d+\b", lambda found: str(int(found.group()) + 1), command, count=1))
    return forms[int(uniform(fault.salt, "command") * len(forms))]


def wrong_end(done: Done, fault: Fault) -> Done:
    """The end with one wrong value; without values the summary claims something else."""
    for name in sorted(done.values):
        changed = _wrong_value(done.values[name], fault)
        if changed != done.values[name]:
            return replace(done, values={**done.values, name: changed})
    return replace(done, values={}, summary=wrong_text(done.summary, fault))


def _wrong_value(value: Any, fault: Fault) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        return wrong_text(value, fault)
    if isinstance(value, list):
        return value[:-1]
    return value


def arguments_text(args: dict[str, Any]) -> str:
    """Argument text as a model writes it."""
    return json.dumps(args, ensure_ascii=False)
