"""What building templates is made of: the inputs as read, and small questions about calls, origins and templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skvm.jit.generalise.results import seen_result
from skvm.jit.generalise.unify import Column, spelled
from skvm.plan import CallRecord, Origin, Template, Text, Var

COMMAND_ARGS = {"execute_command": "command"}
"""Tools whose named argument is shell text."""

CONFIRMING = frozenset({"write_file", "edit_file"})
"""Tools whose result says only that it was done."""


@dataclass
class Inputs:
    """Templates of the inputs, the source kind of each of their holes, and what the holes hold in each observation."""

    templates: dict[str, Template]
    kinds: dict[str, str]
    table: dict[str, Column]


def is_program(tool: str, args: dict[str, Any]) -> bool:
    """Does a call write a Python program?"""
    path, content = args.get("path"), args.get("content")
    return tool == "write_file" and isinstance(content, str) and isinstance(path, str) and path.endswith(".py")


def told_by(call: CallRecord | tuple[CallRecord, ...]) -> Any:
    """What a call told; of a loop what all its rounds told."""
    return tuple(seen_result(one) for one in call) if isinstance(call, tuple) else seen_result(call)


def is_scalar(value: Any) -> bool:
    """A text, number or truth value."""
    return isinstance(value, (str, bool, int, float))


def extends(origin: Origin, head: Origin) -> bool:
    """Is `origin` only a longer way to say `head`? Then the pattern of the hole decides, not the comparison."""
    same_root = (origin.source, origin.path) == (head.source, head.path)
    return same_root and origin.via[: len(head.via)] == head.via


def substituted(template: Template, table: dict[str, Template]) -> Template:
    """The template with others in place of its holes."""
    if isinstance(template, Var):
        return table[template.name]
    if isinstance(template, Text):
        parts: list[str | Var] = []
        for part in template.parts:
            inner = table[part.name] if isinstance(part, Var) else part
            parts += inner.parts if isinstance(inner, Text) else [inner]
        return Text(tuple(parts))
    if isinstance(template, dict):
        return {k: substituted(v, table) for k, v in template.items()}
    if isinstance(template, (list, tuple)):
        return [substituted(v, table) for v in template]
    return template


def short(value: Any) -> str:
    """A value as it is told in a reason."""
    text = spelled(value)
    return text if len(text) <= 60 else text[:57] + "..."
