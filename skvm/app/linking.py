"""Other skills that a skill hands over to: found beside it, compiled for the same target, kept in its plan.

A name is looked up as a folder beside the folder of the skill, then in its own folder `skills`; nothing else is searched, so
that the same folders give the same plan on any machine. What comes after a colon or slash is the name (`plugin:name`, `/name`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skvm.ir import ControlKind, Program
from skvm.plan import Artifact, DelegateNode
from skvm.plan.graph import DEEPEST
from skvm.source import SkillSource, load_skill

if TYPE_CHECKING:
    from collections.abc import Callable

    from skvm.compile import CompileRequest

    Compile = Callable[[SkillSource, CompileRequest, "Chain"], Artifact]

Ask = tuple[str, str]
"""Where another skill was looked up from, as seen from the first one, and its name."""

MOST = 64
"""Plans of other skills that are made for one plan; past that, steps are left to a model."""

INSTEAD = "a model does this step from its words"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass
class Chain:
    """Skills that are being compiled because one hands over to the next; `made` counts all plans made on the way.

    `asked`: every look-up on the way, by where it was asked from (as seen from the first skill) and the name, with the digest
    of what was found: nothing else beside the first skill bears on its plan.
    """

    around: tuple[Path, ...] = ()
    made: list[Path] = field(default_factory=list)
    asked: dict[Ask, str] = field(default_factory=dict)

    def into(self, folder: Path) -> Chain:
        """One skill further in."""
        return Chain((*self.around, folder), self.made, self.asked)

    def note(self, name: str, digest: str) -> None:
        """Take note of a look-up of the innermost skill."""
        self.asked[os.path.relpath(self.around[-1], self.around[0]), name] = digest


def with_skills(
    source: SkillSource, program: Program, request: CompileRequest, chain: Chain, compiled: Compile
) -> CompileRequest:
    """The request with the plans of the skills that the program hands over to, and why others have none."""
    names = {c.target: None for c in program.controls if c.kind is ControlKind.DELEGATE and c.target}
    if not names:
        return request
    here = chain.into(source.root.resolve()) if source.root is not None else chain.into(Path())
    own = replace(request, print_after=(), stop_after=None, show=None, watch=None, limits=type(request.limits)())
    skills: dict[str, Artifact] = {}
    apart: dict[str, tuple[str, str]] = {}
    for name in names:
        folder = beside(source.root, name)
        reason = _refused(name, folder, here)
        other = _loaded(folder) if folder is not None else None
        here.note(name, _found(folder, other))
        if reason or other is None or folder is None:
            apart[name] = reason or ("SKV505", f"the skill {name} cannot be read, so {INSTEAD}")
            continue
        here.made.append(folder)
        skills[name] = compiled(other, own, here)
    return replace(request, skills=skills, apart=apart)


def _refused(name: str, folder: Path | None, here: Chain) -> tuple[str, str] | None:
    """Code and words where the other skill cannot be taken in."""
    if folder is None:
        return "SKV505", f"the skill {name} is not beside this one, so {INSTEAD}"
    if folder in here.around:
        circle = [p.name for p in here.around[here.around.index(folder) :]]
        return "SKV506", f"skills hand over in a circle: {' -> '.join([*circle, folder.name])}; {INSTEAD}"
    if len(here.around) > DEEPEST:
        return "SKV506", f"skills hand over to each other more than {DEEPEST} deep; {INSTEAD}"
    if len(here.made) >= MOST:
        return "SKV506", f"more than {MOST} skills are handed over to; {INSTEAD}"
    return None


def _loaded(folder: Path) -> SkillSource | None:
    try:
        return load_skill(folder)
    except OSError:
        return None


def found_now(root: Path | None, asks: Iterable[Ask]) -> dict[Ask, str]:
    """What such look-ups would find now, as seen from a skill in `root`."""
    found: dict[Ask, str] = {}
    for place, name in asks:
        folder = beside(root / place, name) if root is not None else None
        found[place, name] = _found(folder, _loaded(folder) if folder is not None else None)
    return found


def _found(folder: Path | None, other: SkillSource | None) -> str:
    if other is not None:
        return other.digest
    return "not there" if folder is None else "not readable"


def beside(root: Path | None, name: str) -> Path | None:
    """Folder of the skill of that name, as seen from a skill in `root`; None where there is none. Links out do not count."""
    word = re.split(r"[:/]", name.strip("`/ "))[-1]
    if root is None or not _NAME.fullmatch(word):
        return None
    root = root.resolve()
    for place in (root.parent / word, root / "skills" / word):
        if (place / "SKILL.md").is_file() and place.resolve() == place:
            return place
    return None


def folders_of(artifact: Artifact, root: Path | None) -> dict[str, Path]:
    """Where the skills lie whose plans an artifact holds, by digest, as far as they are still beside the skill in `root`."""
    plans = {item.digest: item for item in artifact.skills}
    return dict(_folders(artifact, root, plans, 0))


def _folders(artifact: Artifact, root: Path | None, plans: dict[str, Artifact], depth: int) -> Iterator[tuple[str, Path]]:
    for node in artifact.plan.nodes:
        if not isinstance(node, DelegateNode) or node.plan not in plans or depth > DEEPEST:
            continue
        folder = beside(root, node.skill)
        if folder is not None:
            yield node.plan, folder
            yield from _folders(plans[node.plan], folder, plans, depth + 1)
