"""Steps whose content is one stated command with all values bound: no model is asked."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from skvm.plan import Command
from skvm.runtime.session import Session
from skvm.runtime.state.board import Missing
from skvm.runtime.state.scope import Scope
from skvm.runtime.tools.shell import Unbindable, bind_argv, bind_shell, needs_shell

PATH_REFERENCES = ("$file.", "$item")


@dataclass(frozen=True)
class Bound:
    """A command ready to run: its text, and its words where no shell is needed."""

    text: str
    words: tuple[str, ...] = ()


def bind(session: Session, command: Command, scope: Scope) -> Bound:
    """Fill in all placeholders; raises Missing for one without a value, Unbindable for one that cannot be put safely."""
    values = {mark: _value(session, reference, scope) for mark, reference in command.placeholders.items()}
    own = [m for m, reference in command.placeholders.items() if _is_variable(m, reference)]
    for mark in own:
        values.pop(mark)  # the shell expands it: a secret stays out of command lines and journal
    if own or command.shell or needs_shell(_without(command.text, values)):
        return Bound(bind_shell(command.text, values))
    words = command.argv or tuple(shlex.split(command.text))
    bound = bind_argv(words, values)
    return Bound(shlex.join(bound), tuple(bound))


def stated(session: Session, command: Command | None, scope: Scope) -> str:
    """The command as far as it can be bound, for a model; the author's text where it cannot."""
    if command is None:
        return ""
    try:
        return session.redactor.text(bind(session, command, scope).text)
    except (Missing, Unbindable, ValueError):
        return command.text


def _value(session: Session, reference: str, scope: Scope) -> Any:
    value = session.board.resolve(reference, scope)
    if reference.startswith(PATH_REFERENCES) or reference.endswith(".files"):
        return [_path(v) for v in value] if isinstance(value, list) else _path(value)
    return value


def _is_variable(mark: str, reference: str) -> bool:
    name = reference.removeprefix("$env.")
    return reference.startswith("$env.") and mark in (f"${name}", f"${{{name}}}")


def _path(value: Any) -> Any:
    """A file may be called `-rf`."""
    return f"./{value}" if isinstance(value, str) and value.startswith("-") else value


def _without(text: str, values: dict[str, Any]) -> str:
    """The text with placeholders taken out: `<input file>` is no redirection."""
    for mark in sorted(values, key=len, reverse=True):
        text = text.replace(mark, "x")
    return text
