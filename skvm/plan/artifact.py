"""The compiled skill: canonical JSON, content-addressed; everything that can change behaviour is inside, nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from skvm.capability import Gap, Purpose, Requirement, Target
from skvm.diag import PlanError, Severity
from skvm.ir import Frozen, canonical_json, digest_json
from skvm.plan.assignment import Assignment, Binding
from skvm.plan.edits import Edit, Original
from skvm.plan.graph import DelegateNode, Plan
from skvm.plan.timing import critical_path
from skvm.plan.upgrades import SCHEMA, upgrade
from skvm.source import Span, digest_text

FORMAT = "skvm/compiled-skill"
_ENVELOPE = ("format", "schema", "digest", "parts", "skills")
"""No parts of their own: a node that hands over names the digest of the other skill's plan, so `skills` cannot differ."""


_WITHIN = ("file", "skill")
"""Kinds of needs that a skill brings along or hands over to: nothing of the machine."""


class SourceInfo(Frozen):
    """Which skill: name, digest of the folder, digests of its files."""

    name: str
    digest: str
    program: str
    files: dict[str, str] = {}


class TargetInfo(Frozen):
    """A processor; `profile` is the digest of the profile, empty when the target is not measured."""

    model: str
    harness: str
    profile: str = ""
    profile_name: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """The target as a user writes it."""
        return str(Target(model=self.model, harness=self.harness))


class PassRecord(Frozen):
    """One pass that ran: what it was and what it made of what."""

    id: str
    version: int
    options: dict[str, Any] = {}
    output: str = ""


class EnvironmentNeed(Frozen):
    """Something the machine must have; `steps` need it, `spans` show it."""

    kind: str
    name: str
    version: str = ""
    why: str = ""
    declared: bool = False
    steps: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


class Grant(Frozen):
    """One permission with the spans it rests on. `kind`: read, write, host, env, exec."""

    kind: Literal["read", "write", "host", "env", "exec"]
    name: str
    steps: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


class Permissions(Frozen):
    """Default deny: what is not granted here is refused."""

    grants: tuple[Grant, ...] = ()
    forbidden: tuple[str, ...] = ()


class BundleFile(Frozen):
    """A file of the skill that steps may need at run time. `text`, or `base64` where it is not UTF-8."""

    path: str
    digest: str
    executable: bool = False
    text: str | None = None
    base64: str | None = None


class PlanDiagnostic(Frozen):
    """A diagnostic inside the artifact; positions as printed."""

    code: str
    severity: Severity
    message: str
    span: Span
    line: int = 1
    column: int = 1
    notes: tuple[str, ...] = ()


class Artifact(Frozen):
    """Everything a machine needs to run the skill without compiling it.

    `plan` is as it runs; `edits` say what was changed in it because of measured gaps, `originals` what stood there before.
    `skills`: plans of all skills that are handed over to, directly or by one of them, each without `skills` of its own.
    """

    format: Literal["skvm/compiled-skill"] = "skvm/compiled-skill"
    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    digest: str = ""
    parts: dict[str, str] = {}
    toolchain: dict[str, str] = {}
    source: SourceInfo
    target: TargetInfo
    pool: tuple[TargetInfo, ...] = ()
    pipeline: tuple[PassRecord, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    gaps: tuple[Gap, ...] = ()
    bindings: tuple[Binding, ...] = ()
    assignment: Assignment | None = None
    edits: tuple[Edit, ...] = ()
    originals: tuple[Original, ...] = ()
    plan: Plan
    environment: tuple[EnvironmentNeed, ...] = ()
    permissions: Permissions = Permissions()
    skill_text: str = ""
    bundle: tuple[BundleFile, ...] = ()
    bundle_omitted: tuple[str, ...] = ()
    diagnostics: tuple[PlanDiagnostic, ...] = ()
    skills: tuple[Artifact, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON form with the schema key spelled as published."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def needs(self) -> tuple[EnvironmentNeed, ...]:
        """What the machine must have for all of it: the skill's own needs, then those that only a skill it hands over to has,
        without steps and spans, since those are of other files."""
        own = {(n.kind, n.name, n.version): n for n in self.environment}
        rows = [(skill.source.name, need) for skill in self.skills for need in skill.environment if need.kind not in _WITHIN]
        for name, need in rows:
            why = f"{need.why} of the skill {name}"
            own.setdefault((need.kind, need.name, need.version), need.model_copy(update={"why": why, "steps": (), "spans": ()}))
        return tuple(own.values())

    def unedited(self) -> Artifact:
        """The artifact as if nothing had been edited, sealed. The record of the passes, which did edit, is left out."""
        before = {item.node.id: item for item in self.originals}
        nodes = tuple(before[node.id].node if node.id in before else node for node in self.plan.nodes)
        bindings = tuple(before[b.step].binding or b if b.step in before else b for b in self.bindings)
        plan = self.plan.model_copy(update={"nodes": nodes, "critical_path": critical_path(nodes, self.plan.edges)})
        update = {"plan": plan, "bindings": bindings, "edits": (), "originals": (), "pipeline": ()}
        return self.model_copy(update=update).sealed()

    def sealed(self) -> Artifact:
        """The same artifact with the digests of its parts, and its own, filled in."""
        body = self.to_json()
        body["parts"] = part_digests(body)
        return self.model_copy(update={"parts": body["parts"], "digest": whole_digest(body)})

    def to_bytes(self) -> bytes:
        """Canonical bytes as written to a file."""
        return canonical_json(self.to_json()) + b"\n"

    def to_keep(self) -> bytes:
        """What `read_artifact` reads back alike, for a quarter of the time; digests are over the canonical form in any case."""
        return self.model_dump_json(by_alias=True).encode()


def load_artifact(path: Path) -> Artifact:
    """Read and verify a plan file (see `read_artifact`)."""
    try:
        body = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PlanError(
            f"not a plan: {error}", where=str(path), help="compile one with `skvm compile SKILL -o PLAN`", code="SKV003"
        ) from None
    return read_artifact(body, str(path))


def read_artifact(body: Any, where: str) -> Artifact:
    """Verify a stored plan, of an older schema as well; raises PlanError when it is none, was changed, or is newer."""
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise PlanError(
            "not a compiled skill", where=where, help="compile one with `skvm compile SKILL -o PLAN`", code="SKV003"
        )
    version = body.get("schema", 0)
    if not isinstance(version, int):
        raise PlanError(f"not a plan schema: {version!r}", where=where, help="compile it again", code="SKV003")
    if version > SCHEMA:
        raise PlanError(f"plan schema {version} is newer than {SCHEMA}", where=where, help="upgrade skvm", code="SKV005")
    if version < 1:
        raise PlanError(f"there never was a plan schema {version}", where=where, help="compile it again", code="SKV003")
    edited = changed_parts(body, version)
    if edited is not None:
        said = f": {', '.join(edited)} changed" if edited else ""
        raise PlanError(f"the plan does not match its digest{said}", where=where, help="compile it again", code="SKV004")
    wrong = edited_skills(body)
    if wrong:
        text = f"plans of other skills in it do not match: {wrong[0]}"
        raise PlanError(text, where=where, help="compile it again", code="SKV004")
    try:
        artifact = Artifact.model_validate(upgrade(body, version))
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(x) for x in first["loc"])
        raise PlanError(
            f"not a valid plan at {at}: {first['msg']}", where=where, help="compile it again", code="SKV003"
        ) from None
    return artifact if version == SCHEMA else _sealed_anew(artifact)


def _sealed_anew(artifact: Artifact) -> Artifact:
    """Sealed with the plans inside it, and with the nodes that name those by digest: plans that name none come first."""
    known = {"": ""}
    left, made = list(artifact.skills), dict[str, Artifact]()
    while left:
        ready = [one for one in left if all(node.plan in known for node in _handing_over(one))] or left
        for one in ready:
            made[one.digest] = new = _renamed(one, known).sealed()
            known[one.digest] = new.digest
        left = [one for one in left if one.digest not in known]
    skills = tuple(made[one.digest] for one in artifact.skills)
    return _renamed(artifact.model_copy(update={"skills": skills}), known).sealed()


def _handing_over(artifact: Artifact) -> list[DelegateNode]:
    return [node for node in artifact.plan.nodes if isinstance(node, DelegateNode)]


def _renamed(artifact: Artifact, known: Mapping[str, str]) -> Artifact:
    nodes = tuple(
        node.model_copy(update={"plan": known.get(node.plan, node.plan)}) if isinstance(node, DelegateNode) else node
        for node in artifact.plan.nodes
    )
    return artifact.model_copy(update={"plan": artifact.plan.model_copy(update={"nodes": nodes})})


def part_digests(body: dict[str, Any]) -> dict[str, str]:
    """Digests of the parts of a plan by name: its top-level entries, and of the plan itself each entry alone."""
    parts: dict[str, str] = {}
    for name, value in body.items():
        if name in _ENVELOPE:
            continue
        if name == "plan" and isinstance(value, dict):
            parts |= {f"plan.{key}": digest_json(below) for key, below in value.items()}
        else:
            parts[name] = digest_json(value)
    return parts


def whole_digest(body: dict[str, Any]) -> str:
    """Digest of a plan out of those of its parts."""
    return digest_json({name: body.get(name) for name in ("format", "schema", "parts")})


def changed_parts(body: dict[str, Any], version: int = SCHEMA) -> tuple[str, ...] | None:
    """None for a plan that is as it was written; else what was changed of it, as far as that can be told (nothing before
    schema 3, and where the list of parts was made to fit)."""
    if version < 3:
        told = {key: value for key, value in body.items() if key != "digest"}
        return None if digest_json(told) == body.get("digest") else ()
    noted = body.get("parts")
    noted = noted if isinstance(noted, dict) else {}
    found = part_digests(body)
    if noted == found and whole_digest(body) == body.get("digest"):
        return None
    names = sorted(name for name in {*noted, *found} if noted.get(name) != found.get(name))
    return tuple(_told(name, body) for name in names)


def _told(name: str, body: dict[str, Any]) -> str:
    """A changed part; files of the bundle are known one by one."""
    rows = body.get("bundle")
    if name != "bundle" or not isinstance(rows, list):
        return name
    texts = [(r["path"], r) for r in rows if isinstance(r, dict) and isinstance(r.get("path"), str)]
    wrong = [path for path, row in texts if isinstance(row.get("text"), str) and digest_text(row["text"]) != row.get("digest")]
    return f"bundle ({', '.join(wrong)})" if wrong else name


def edited_skills(body: dict[str, Any]) -> tuple[str, ...]:
    """Plans of other skills, inside a plan, that are not what their digest says, or that a node names and that are missing."""
    rows = [row for row in body.get("skills") or () if isinstance(row, dict)]
    held = {row.get("digest") for row in rows}
    wrong = [f"{_name(row)} was edited" for row in rows if changed_parts(row, _schema_of(row)) is not None]
    for one in (body, *rows):
        plan = one.get("plan")
        nodes = plan.get("nodes") if isinstance(plan, dict) else None
        for node in nodes if isinstance(nodes, list) else ():
            if isinstance(node, dict) and node.get("kind") == "delegate" and node.get("plan", "") not in ("", *held):
                wrong.append(f"{node.get('skill')} is missing")
    return tuple(wrong)


def _schema_of(row: dict[str, Any]) -> int:
    version = row.get("schema")
    return version if isinstance(version, int) else SCHEMA


def _name(row: dict[str, Any]) -> str:
    source = row.get("source")
    return str(source.get("name", "")) if isinstance(source, dict) else "a plan without a name"
