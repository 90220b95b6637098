"""Acts that a shell statement states by the commands in it."""

from __future__ import annotations

from skvm.ir import ActType
from skvm.parse.fences.commands import is_system
from skvm.parse.fences.facts import StatementFact
from skvm.parse.lexicon import word_set

_TRIVIAL = word_set(
    "echo printf cd set export true false test [ pwd sleep exit read unset local declare trap return pushd popd shift clear"
)
_CHECKERS = word_set("pytest ruff mypy eslint tsc shellcheck jest vitest diff cmp hadolint semgrep trivy")
_CHECKING = word_set("test lint check validate verify audit typecheck type-check")
_CHANGERS = word_set("rm chmod chown kill pkill systemctl crontab")
_CHANGING = word_set("commit config checkout switch merge rebase reset deploy apply init enable disable login set")
_MOVERS = word_set("cp mv scp rsync wget")
_MOVING = word_set("clone push upload publish")


def acts_of_statement(statement: StatementFact) -> tuple[ActType, ...]:
    """Acts of one statement: what its commands are known for, a call of a tool otherwise; none for pure bookkeeping."""
    commands = [c for c in statement.commands if c.name not in _TRIVIAL]
    writes = any(p.writes for p in statement.places)
    names = [c.name for c in commands]
    if all(c.effect == "pure" or c.name in ("tee", "mkdir", "touch") for c in commands) and not _CHECKERS & set(names):
        if writes:
            return (ActType.WRITE,)
        if names:
            return (ActType.READ,) if all(is_system(name) for name in names) else (ActType.CALL_TOOL, ActType.READ)
        return (ActType.CALL_TOOL,) if statement.commands else ()
    acts = [ActType.CALL_TOOL]
    words = {c.argv[1] for c in commands if len(c.argv) > 1} | {
        c.argv[2] for c in commands if c.argv[1:2] == ("run",) and len(c.argv) > 2
    }
    if _CHECKERS & set(names) or _CHECKING & words:
        acts.append(ActType.VALIDATE)
    if _CHANGERS & set(names) or ("git" in names and _CHANGING & words):
        acts.append(ActType.UPDATE_STATE)
    if _MOVERS & set(names) or _MOVING & words:
        acts.append(ActType.TRANSFER)
    return tuple(acts)
