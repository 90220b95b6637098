"""What "Step 2" and "Phase 1" name: ids of steps and scenes by the author's own numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

_NUMBER = re.compile(r"(?a)(\d+(?:\.\d+)?[a-z]?|[A-F])\Z")


class Numbered(Protocol):
    """A scene, in the draft or in the program."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def number(self) -> str | None: ...  # noqa: D102


class NumberedStep(Numbered, Protocol):
    """A step, in the draft or in the program."""

    @property
    def scene(self) -> str: ...  # noqa: D102


class Numbers:
    """Looks names up; a scene's heading goes before a list item, and the own scene before others."""

    def __init__(self, scenes: Iterable[Numbered], steps: Sequence[NumberedStep]) -> None:
        self._scenes: dict[str, list[Numbered]] = {}
        self._steps: dict[str, str] = {}
        self._near: dict[tuple[str, str], str] = {}
        for scene in scenes:
            self._scenes.setdefault((scene.number or "").lower(), []).append(scene)
        for step in steps:
            number = (step.number or "").lower()
            self._steps.setdefault(number, step.id)
            self._near.setdefault((step.scene, number), step.id)

    def find(self, scene: str, name: str) -> str | None:
        """Id of the step or scene that `name` ("Step 2") means in a step of `scene`; None when there is none."""
        word = name.split()[0].lower().rstrip("s")
        match = _NUMBER.search(name)
        number = match.group(1).lower() if match is not None else ""
        scenes = self._scenes.get(number, [])
        titled = next((s.id for s in scenes if s.title.lower().startswith(word)), None)
        if titled is not None or (word != "step" and scenes):
            return titled or scenes[0].id
        return self._near.get((scene, number)) or (scenes[0].id if scenes else self._steps.get(number))
