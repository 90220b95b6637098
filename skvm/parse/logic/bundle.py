"""Scripts of the bundle, analysed once: what their arguments mean and what they need."""

from __future__ import annotations

import re

from skvm.parse.fences.facts import MAX_BYTES, CodeFacts, CommandFact, PlaceFact
from skvm.parse.fences.packages import is_listed, normal_name
from skvm.parse.fences.scripts import ScriptFacts, analyse_script, places_of_call
from skvm.parse.fences.shell import analyse_shell
from skvm.parse.logic.mentions import tool_words
from skvm.source import SkillSource

MAX_SCRIPTS = 60
"""How many scripts of one bundle are read; further ones are known by name only."""


class Bundle:
    """The scripts of one skill, read when they are first asked for."""

    def __init__(self, source: SkillSource) -> None:
        self.source = source
        self.own = own_modules(source)
        self._facts: dict[str, ScriptFacts | None] = {}

    def scripts(self) -> list[str]:
        """Paths of the Python and shell scripts, in order of their names."""
        paths = [f.path for f in self.source.files if f.path.endswith((".py", ".sh")) and f.size <= MAX_BYTES]
        return paths[:MAX_SCRIPTS]

    def facts(self, path: str) -> ScriptFacts | None:
        """Facts of one script of the bundle; None for a path that is no script in it."""
        if path not in self._facts:
            self._facts[path] = self._analyse(path)
        return self._facts[path]

    def _analyse(self, path: str) -> ScriptFacts | None:
        if path not in self.source.paths or not path.endswith((".py", ".sh")):
            return None
        try:
            data = self.source.read(path)
        except (OSError, KeyError):
            return None
        if len(data) > MAX_BYTES:
            return ScriptFacts(code=CodeFacts(opaque=True, unknown=True))
        text = data.decode("utf-8", "replace")
        return analyse_script(text, self.own) if path.endswith(".py") else ScriptFacts(code=analyse_shell(text))

    def find(self, script: str) -> str | None:
        """The bundle path that a script named in a command is, whatever root stands before it."""
        plain = script.removeprefix("./")
        if plain in self.source.paths:
            return plain
        parts = plain.split("/")
        return next(("/".join(parts[i:]) for i in range(1, len(parts)) if "/".join(parts[i:]) in self.source.paths), None)

    def call(self, command: CommandFact) -> tuple[list[PlaceFact], bool] | None:
        """Places that a call of a bundled script names and whether that is all it touches; None for other commands.

        A file that the script names by itself is not shown by the call, so that what the call touches is not all known.
        """
        path = self.find(command.script) if command.script is not None else None
        facts = self.facts(path) if path is not None else None
        if facts is None or command.script not in command.argv:
            return None
        start = command.argv.index(command.script) + 1
        places = places_of_call(facts, command.argv[start:], list(command.words[start:]))
        return places, facts.explained and not facts.code.places


def _is_package(module: str) -> bool:
    """A module that everybody knows is no part of the skill, whatever its files are called."""
    plain = normal_name(module)
    return is_listed(module) or plain in tool_words("pip") or plain in tool_words("pip_code")


_OWN_FILE = re.compile(r"(?a)(?<![\w.-])([A-Za-z_][A-Za-z0-9_]*)\.py\b|[─-╿]+ ?([A-Za-z_][A-Za-z0-9_]*)/")
"""A Python file that a text names, or a folder in a drawn tree."""

_DRAWN = re.compile("[─-╿]")


def own_modules(source: SkillSource) -> frozenset[str]:
    """Names under which the skill's own Python files and folders are imported, and those of a project that its text shows."""
    lines = source.main.text.split("\n")
    naming = [line for line in lines if ".py" in line or not (line.isascii() or _DRAWN.search(line) is None)]
    shown = (m.group(1) or m.group(2) for line in naming for m in _OWN_FILE.finditer(line))
    names = {name for name in shown if not _is_package(name)}
    for file in source.files:
        parts = file.path.split("/")
        if parts[-1].endswith(".py"):
            names.add(parts[-1][:-3])
            names.update(parts[:-1])
    return frozenset(names)
