"""emit: everything into one sealed, content-addressed artifact. No time, host or absolute path gets in (law 3)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from skvm.compile.request import Processor
from skvm.compile.unit import Pass, Unit
from skvm.compile.versions import toolchain
from skvm.diag import Diagnostic, sort_diagnostics
from skvm.plan import Artifact, BundleFile, DelegateNode, PassRecord, Plan, PlanDiagnostic, SourceInfo, TargetInfo
from skvm.source import SkillSource, SourceText, digest_bytes

BUNDLE_LIMIT = 1_000_000
"""Bytes of bundle files kept inside a plan, smallest files first; the rest is listed and comes from the skill folder."""


@dataclass(frozen=True)
class EmitPass(Pass):
    """The artifact, all but the records of the passes themselves."""

    id: ClassVar[str] = "emit"
    summary: ClassVar[str] = "the sealed artifact"
    needs: ClassVar[tuple[str, ...]] = ("nodes",)
    gives: ClassVar[tuple[str, ...]] = ("artifact",)

    def run(self, unit: Unit) -> Unit:
        """The unit with its artifact."""
        return replace(unit, artifact=assemble(unit))


def assemble(unit: Unit, records: tuple[PassRecord, ...] = ()) -> Artifact:
    """The artifact of a unit, not yet sealed."""
    source = unit.source
    own, *pool = map(_target, unit.request.processors.values())
    bundle, omitted = _bundle(source)
    return Artifact(
        toolchain=toolchain(),
        source=SourceInfo(
            name=unit.program.skill.name or shown(source.name),
            digest=source.digest,
            program=unit.program.digest,
            files={source.main.file: digest_bytes(source.main.raw)} | {shown(f.path): f.digest for f in source.files},
        ),
        target=own,
        pool=tuple(pool),
        pipeline=records,
        requirements=unit.requirements,
        purposes=unit.purposes,
        gaps=unit.gaps,
        bindings=unit.bindings,
        assignment=unit.assignment,
        edits=unit.edits,
        originals=unit.originals,
        plan=Plan(nodes=unit.nodes, edges=unit.edges, critical_path=unit.critical_path, parallel=unit.parallel),
        environment=unit.environment,
        permissions=unit.permissions,
        skill_text=source.main.text,
        bundle=bundle,
        bundle_omitted=omitted,
        diagnostics=_diagnostics(unit),
        skills=_skills(unit),
    )


def _skills(unit: Unit) -> tuple[Artifact, ...]:
    """Plans of all skills that are handed over to, those that these hand over to included: each once, side by side."""
    named = {node.plan for node in unit.nodes if isinstance(node, DelegateNode)}
    direct = [item for item in unit.request.skills.values() if item.digest in named]
    found = {one.digest: one.model_copy(update={"skills": ()}) for item in direct for one in (item, *item.skills)}
    return tuple(sorted(found.values(), key=lambda item: (item.source.name, item.digest)))


def _target(item: Processor) -> TargetInfo:
    profile = item.profile
    return TargetInfo(
        model=item.target.model,
        harness=item.target.harness,
        profile=profile.digest if profile is not None else "",
        profile_name=profile.name if profile is not None else "",
        note=item.note,
    )


def shown(name: str) -> str:
    """A file name as JSON can hold it: bytes that are not UTF-8 become placeholders."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _bundle(source: SkillSource) -> tuple[tuple[BundleFile, ...], tuple[str, ...]]:
    kept: list[BundleFile] = []
    omitted: list[str] = []
    total = 0
    for file in sorted(source.files, key=lambda f: (f.size, f.path)):
        if total + file.size > BUNDLE_LIMIT or shown(file.path) != file.path:
            omitted.append(shown(file.path))
            continue
        try:
            data = source.read(file.path)
        except (KeyError, OSError):
            omitted.append(file.path)
            continue
        if digest_bytes(data) != file.digest:
            omitted.append(file.path)
            continue
        total += file.size
        kept.append(_file(file.path, file.digest, file.executable, data))
    return tuple(sorted(kept, key=lambda f: f.path)), tuple(sorted(omitted))


def _file(path: str, digest: str, executable: bool, data: bytes) -> BundleFile:
    try:
        return BundleFile(path=path, digest=digest, executable=executable, text=data.decode("utf-8"))
    except UnicodeDecodeError:
        return BundleFile(path=path, digest=digest, executable=executable, base64=base64.b64encode(data).decode("ascii"))


def _diagnostics(unit: Unit) -> tuple[PlanDiagnostic, ...]:
    rows = {_key(d): d for d in (*unit.request.diagnostics, *_located(unit.source, sort_diagnostics(unit.diagnostics)))}
    return tuple(rows[k] for k in sorted(rows))


def _key(item: PlanDiagnostic) -> tuple[str, int, int, str, str]:
    return item.span.file, item.span.start, item.span.end, item.code, item.message


def _located(source: SkillSource, found: Iterable[Diagnostic]) -> Iterable[PlanDiagnostic]:
    texts: dict[str, SourceText] = {source.main.file: source.main}
    for item in found:
        file = item.span.file
        if file not in texts:
            try:
                texts[file] = SourceText.decode(file, source.read(file))
            except (KeyError, OSError):
                texts[file] = SourceText.decode(file, b"")
        lines = texts[file].lines
        at = lines.position(min(item.span.start, len(texts[file].raw)))
        yield PlanDiagnostic(
            code=item.code,
            severity=item.severity,
            message=item.message,
            span=item.span,
            line=at.line,
            column=at.column,
            notes=item.notes,
        )
