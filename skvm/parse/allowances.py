"""Tools of the agent that the steps call for, held against the tools that the front matter allows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skvm.diag import CODES, Diagnostic
from skvm.ir import Force, Program
from skvm.parse.lexicon import words_of
from skvm.source import SkillSource, Span

_NAMED = re.compile(
    rb"`([A-Za-z][A-Za-z0-9_]*)`\s+tool\b|\b(?:[Tt]he|[Uu]se|[Vv]ia|[Ww]ith)\s+([A-Z][A-Za-z]+) tool\b|`(mcp__\w+)"
)
"""How a text names a tool of the agent: "the `Grep` tool", "use WebFetch tool", an identifier of an MCP server."""


def allowance_notes(program: Program, source: SkillSource) -> Iterator[Diagnostic]:
    """SKV601 for tools that steps name and for commands that they run, where a list of allowed tools has neither."""
    listed = [tool.partition("(")[0].strip().lower() for tool in program.skill.allowed_tools]
    if not listed or any(tool == "*" or " " in tool for tool in listed):
        return
    yield from _named(program, source, listed)
    if not words_of("runs_commands").isdisjoint(listed):
        return
    bans = [c.span for c in program.constraints if c.force in (Force.MUST_NOT, Force.SHOULD_NOT)]
    for act in program.acts:
        if not act.command or act.span.file != source.main.file:
            continue
        if any(b.start <= act.span.start < b.end for b in bans):
            continue
        yield _note(f"{act.step} runs a command, and no tool that allowed-tools lists can", act.span)
        return


def _named(program: Program, source: SkillSource, listed: list[str]) -> Iterator[Diagnostic]:
    """Each tool once, where the first step names it."""
    seen = set(listed)
    families = tuple(tool[:-1] for tool in listed if tool.endswith("*"))
    for step in program.steps:
        for match in _NAMED.finditer(source.main.raw, step.span.start, step.span.end):
            group = match.lastindex or 1
            name = match.group(group).decode()
            plain = name.lower()
            known = plain in words_of("agent_tools") or (plain.startswith("mcp__") and plain[-1] != "_")
            if known and plain not in seen and not (families and plain.startswith(families)):
                seen.add(plain)
                span = Span(source.main.file, *match.span(group))
                yield _note(f"the tool {name} is used but allowed-tools does not list it", span)


def _note(message: str, span: Span) -> Diagnostic:
    code = CODES["SKV601"]
    return Diagnostic(code.number, code.severity, message, span)
