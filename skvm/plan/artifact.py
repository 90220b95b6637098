"""The compiled skill: canonical JSON, content-addressed; everything that can change behaviour is inside, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from skvm.capability import Gap, Requirement, Target
from skvm.diag import PlanError, Severity
from skvm.ir import Frozen, canonical_json, digest_json
from skvm.plan.assignment import Assignment
from skvm.plan.graph import Plan
from skvm.source import Span

FORMAT = "skvm/compiled-skill"
SCHEMA = 2
"""2: batches and sub-tasks are nodes, the chunk of a map is a rule, estimates count model calls."""


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


class Binding(Frozen):
    """Who does a step and why; `alternatives` are executors that were not taken, with the reason."""

    step: str
    executor: str
    target: str = ""
    reason: str
    probability: float | None = None
    unproved: bool = False
    alternatives: tuple[str, ...] = ()


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
    """Everything a machine needs to run the skill without compiling it."""

    format: Literal["skvm/compiled-skill"] = "skvm/compiled-skill"
    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    digest: str = ""
    toolchain: dict[str, str] = {}
    source: SourceInfo
    target: TargetInfo
    pool: tuple[TargetInfo, ...] = ()
    pipeline: tuple[PassRecord, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    bindings: tuple[Binding, ...] = ()
    assignment: Assignment | None = None
    plan: Plan
    environment: tuple[EnvironmentNeed, ...] = ()
    permissions: Permissions = Permissions()
    skill_text: str = ""
    bundle: tuple[BundleFile, ...] = ()
    bundle_omitted: tuple[str, ...] = ()
    diagnostics: tuple[PlanDiagnostic, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON form with the schema key spelled as published."""
        return self.model_dump(mode="json", by_alias=True)

    def sealed(self) -> Artifact:
        """The same artifact with its digest filled in."""
        body = self.to_json()
        body.pop("digest")
        return self.model_copy(update={"digest": digest_json(body)})

    def to_bytes(self) -> bytes:
        """Canonical bytes as written to a file."""
        return canonical_json(self.to_json()) + b"\n"


def load_artifact(path: Path) -> Artifact:
    """Read and verify a plan file, of an older schema as well; raises PlanError when it is none, was changed, or is newer."""
    try:
        body = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PlanError(f"not a plan: {error}", where=str(path), help="compile one with `skvm compile SKILL -o PLAN`") from None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise PlanError("not a compiled skill", where=str(path), help="compile one with `skvm compile SKILL -o PLAN`")
    version = body.get("schema", 0)
    if not isinstance(version, int):
        raise PlanError(f"not a plan schema: {version!r}", where=str(path), help="compile it again")
    if version > SCHEMA:
        raise PlanError(f"plan schema {version} is newer than {SCHEMA}", where=str(path), help="upgrade skvm")
    try:
        artifact = Artifact.model_validate(_upgraded(body, version))
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(x) for x in first["loc"])
        raise PlanError(f"not a valid plan at {at}: {first['msg']}", where=str(path), help="compile it again") from None
    if digest_json({key: value for key, value in body.items() if key != "digest"}) != body.get("digest"):
        raise PlanError("the plan does not match its digest", where=str(path), help="compile it again")
    return artifact if version == SCHEMA else artifact.sealed()


def _upgraded(body: dict[str, Any], version: int) -> dict[str, Any]:
    """A body of an older schema in the words of this one; what is not understood is left for the validation to name."""
    if version != 1:
        return body
    plan = body.get("plan")
    if not isinstance(plan, dict) or not isinstance(plan.get("nodes"), list):
        return body
    nodes = plan["nodes"]
    made = [
        {k: v for k, v in n.items() if k != "chunk"} if isinstance(n, dict) and n.get("kind") == "map" else n for n in nodes
    ]
    return {**body, "schema": SCHEMA, "plan": {**plan, "nodes": made}}
