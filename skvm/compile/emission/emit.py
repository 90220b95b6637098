"""From a plan to the folder a harness reads. A guard blocks edits that cost a code span, a fence, a link, a step or a rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skvm.compile.emission.edits import Edit, apply
from skvm.compile.emission.fidelity import lost
from skvm.compile.emission.front import folder_name, front_edits, notes
from skvm.compile.emission.harnesses import Harness
from skvm.compile.emission.helps import help_edits, together_edits
from skvm.compile.emission.sidecar import Sidecar, changes
from skvm.ir import Program
from skvm.parse import parse_skill
from skvm.plan import Artifact
from skvm.source import SkillSource, digest_bytes, skill_from_bytes


@dataclass(frozen=True)
class Emission:
    """A skill for one harness: name of its folder, bytes of its main file, and the sidecar. Other files are the author's."""

    folder: str
    main: bytes
    sidecar: Sidecar

    @property
    def identical(self) -> bool:
        """Is the main file byte for byte the author's?"""
        return not self.sidecar.changes


def emit_skill(program: Program, source: SkillSource, artifact: Artifact, harness: Harness) -> Emission:
    """The skill as the harness reads it; no gap, no edit."""
    raw = source.main.raw
    edits, told = _edits(program, source, artifact, harness)
    main = apply(raw, edits)
    sidecar = Sidecar(
        skill=program.skill.name or source.name,
        source=source.digest,
        plan=artifact.digest,
        target=artifact.target.name,
        harness=harness.name,
        main=source.main.file,
        before=digest_bytes(raw),
        after=digest_bytes(main),
        changes=changes(raw, edits),
        notes=tuple(told),
        files={file.path: file.digest for file in source.files},
    )
    return Emission(folder_name(program, source), main, sidecar)


def _edits(program: Program, source: SkillSource, artifact: Artifact, harness: Harness) -> tuple[list[Edit], list[str]]:
    """The edits that pass the guard: beside the steps, else at the end, else none; and what there is to tell."""
    told = list(notes(program, source, harness))
    front = front_edits(program, source, harness)
    if not _readable(source.main.raw):
        return [], [*told, "the file is not UTF-8: it is carried as it is"] if front or _helped(artifact) else told
    hints = together_edits(program, source, artifact, harness)
    rounds = [[*front, *help_edits(program, source, artifact, beside), *hints] for beside in (True, False)]
    for edits in (*rounds, front):
        harm = list(harms(program, source, apply(source.main.raw, edits)))
        if not harm:
            blocked = edits is front and bool(rounds[1][len(front) :])
            return edits, [*told, "help was left out: it would have changed how the text reads"] if blocked else told
    return [], [*told, f"every edit was blocked: {harm[0]}"]


def _readable(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw


def _helped(artifact: Artifact) -> bool:
    return any(getattr(node, "slice", None) and node.slice.added for node in artifact.plan.nodes if node.kind == "step")


def harms(program: Program, source: SkillSource, after: bytes) -> Iterator[str]:
    """What an edited text has lost: code, links, steps, rules. Nothing for the author's own."""
    if after == source.main.raw:
        return
    for kind, text in lost(source.main.text, after.decode("utf-8")):
        yield f"{kind} {text[:40]!r} is lost"
    other = parse_skill(skill_from_bytes(after, source.name, source.main.file)).program
    yield from _gone("step", [step.title for step in program.steps], [step.title for step in other.steps])
    yield from _gone("rule", [rule.text for rule in program.constraints], [rule.text for rule in other.constraints])


def _gone(what: str, before: list[str], after: list[str]) -> Iterator[str]:
    have = iter(after)
    for text in before:
        if not any(text == other for other in have):
            yield f"the {what} {text[:40]!r} is lost"
            return
