"""What a skill may reach: hosts, variables, executables, places written, granted tools, network, destructive commands."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from skvm.ir.diff.model import Change, ChangeClass
from skvm.ir.nodes import Program
from skvm.ir.vocabulary import NeedKind, Scope
from skvm.source import Span

Grants = dict[tuple[str, str], Span]

_NEEDS = {NeedKind.HOST: "host", NeedKind.ENV: "variable", NeedKind.BIN: "executable"}
_SCOPES = {Scope.NETWORK: "network", Scope.CREDENTIALS: "credentials", Scope.USER_DATA: "user data"}

DESTRUCTIVE = (
    ("delete files", re.compile(r"\brm\b[^|;&\n]*\s-\w*[rf]|\brmdir\b|\bunlink\b|\bshred\b|\bfind\b[^|;&\n]*-delete\b")),
    (
        "rewrite history",
        re.compile(r"\bgit\s+(?:push\b[^|;&\n]*\s(?:-f\b|--force)|reset\b[^|;&\n]*--hard|clean\b[^|;&\n]*\s-\w*f)"),
    ),
    ("drop data", re.compile(r"(?i)\b(?:drop\s+(?:table|database|schema)|truncate\s+table|delete\s+from)\b")),
    ("overwrite a device", re.compile(r"\bmkfs(?:\.\w+)?\b|\bdd\b[^|;&\n]*\bof=")),
    ("run downloaded code", re.compile(r"\b(?:curl|wget)\b[^;&\n]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b")),
    ("act as administrator", re.compile(r"(?:^|[|;&]\s*)(?:sudo|doas|su)\b")),
    ("open permissions", re.compile(r"\bchmod\b[^|;&\n]*\b(?:0?777|a\+\w*w)\b")),
    ("end processes", re.compile(r"\b(?:kill|pkill|killall)\b")),
    (
        "destroy infrastructure",
        re.compile(r"\b(?:terraform|pulumi|tofu)\s+destroy\b|\bkubectl\s+delete\b|\bdocker\s+\w*\s*prune\b"),
    ),
)
"""Commands whose effect cannot be taken back, after the classes of SSL's risk rubric (destructive, escalation)."""


def permission_changes(old: Program, new: Program) -> Iterator[Change]:
    """What is granted newly, and what no longer is."""
    before, after = grants(old), grants(new)
    for (kind, name), span in after.items():
        if not _covered(kind, name, before):
            yield Change(ChangeClass.PERMISSION_WIDENED, f"may now use {_said(kind, name)}", new=span)
    for (kind, name), span in before.items():
        if not _covered(kind, name, after):
            yield Change(ChangeClass.PERMISSION_NARROWED, f"no longer uses {_said(kind, name)}", old=span)


def grants(program: Program) -> Grants:
    """Everything a program reaches, with the first span that shows it."""
    out: Grants = {}
    for need in program.needs:
        kind = _NEEDS.get(need.kind)
        if kind is not None:
            out.setdefault((kind, need.name), need.span)
    for tool in program.skill.allowed_tools:
        out.setdefault(("tool", tool), program.skill.spans.get("allowed_tools", Span(program.main, 0, 0)))
    for act in program.acts:
        for place in act.writes:
            out.setdefault(("write", place.removeprefix("./")), act.span)
        if act.scope in _SCOPES:
            out.setdefault(("scope", _SCOPES[act.scope]), act.span)
        for name, pattern in DESTRUCTIVE:
            if act.command is not None and pattern.search(act.command):
                out.setdefault(("destructive", name), act.span)
    return out


def _covered(kind: str, name: str, grants: Grants) -> bool:
    """Is a grant among others, as itself or inside a folder, pattern or host suffix that is granted?"""
    if (kind, name) in grants:
        return True
    if kind != "write":
        return False
    places = [p for k, p in grants if k == "write"]
    return any(p == "**" or (p.endswith("/") and name.startswith(p)) or fnmatch.fnmatchcase(name, p) for p in places)


def _said(kind: str, name: str) -> str:
    words = {"write": "the place", "scope": "the", "destructive": "a command that can", "tool": "the granted tool"}
    return f"{words.get(kind, f'the {kind}')} {name}"
