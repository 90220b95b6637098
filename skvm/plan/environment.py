"""The lock of an environment: what a skill needs and exactly which packages answer it. No path, host or time is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from skvm.diag import PlanError, UsageError
from skvm.ir import Frozen, canonical_json, digest_json
from skvm.plan.artifact import EnvironmentNeed

ENVIRONMENT_SCHEMA = 1
PACKAGES = ("npm", "pip")
"""Kinds of needs that a prefix can hold."""


class LockedPackage(Frozen):
    """One package. `hashes`: `sha256:HEX` of what was found, or an integrity text of npm; `asked`: the skill names it.

    `at`: where npm puts it; `tree`: what npm must know to put it there again.
    """

    kind: Literal["npm", "pip"]
    name: str
    version: str
    hashes: tuple[str, ...] = ()
    file: str = ""
    asked: bool = False
    at: str = ""
    tree: dict[str, Any] = {}


class EnvironmentLock(Frozen):
    """A lock. `wanted`: digest of the packages that the skill asks for; `needs`: all it needs, with the spans that show it.

    `resolved` is false for a lock that was made without asking an index: then it has no packages. `left_out`: asked for, and
    left out because the user said so. `python`: `3.11`, and `platform`: `linux-x86_64`, that it was resolved for.
    """

    format: Literal["skvm/environment-lock"] = "skvm/environment-lock"
    schema_version: int = Field(default=ENVIRONMENT_SCHEMA, alias="schema", serialization_alias="schema")
    digest: str = ""
    skill: str
    wanted: str
    python: str = ""
    platform: str = ""
    resolved: bool = True
    needs: tuple[EnvironmentNeed, ...] = ()
    packages: tuple[LockedPackage, ...] = ()
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON form with the schema key spelled as published."""
        return self.model_dump(mode="json", by_alias=True)

    def sealed(self) -> EnvironmentLock:
        """The same lock with its digest filled in."""
        body = self.to_json()
        body.pop("digest")
        return self.model_copy(update={"digest": digest_json(body)})

    def to_bytes(self) -> bytes:
        """Canonical bytes as written to a file."""
        return canonical_json(self.to_json()) + b"\n"

    def of(self, kind: str) -> tuple[LockedPackage, ...]:
        """Packages of one kind."""
        return tuple(p for p in self.packages if p.kind == kind)

    @property
    def key(self) -> str:
        """What a prefix is kept under: only what decides what lies in it."""
        rows = [p.model_dump(mode="json") for p in self.packages]
        return digest_json({"python": self.python, "platform": self.platform, "packages": rows})


def wanted_of(needs: Iterable[EnvironmentNeed]) -> str:
    """Digest of the packages among needs; empty where there are none."""
    rows = sorted([n.kind, n.name, n.version] for n in needs if n.kind in PACKAGES)
    return digest_json(rows) if rows else ""


_EXTRAS = re.compile(r"\[[^\]]*\]")


def split_extras(version: str) -> tuple[str, str]:
    """`[crypto]>=4` as its extras and its clauses; either may be empty."""
    found = _EXTRAS.match(version)
    return (found.group(), version[found.end() :].strip()) if found is not None else ("", version.strip())


def parse_environment_lock(data: bytes, where: str) -> EnvironmentLock:
    """A lock out of bytes; raises PlanError for one that is none, was edited, or is of a newer schema."""
    again = "make it again with `skvm env SKILL --lock`"
    try:
        body = json.loads(data)
    except ValueError as error:
        raise PlanError(f"not a lock of an environment: {error}", where=where, help=again) from None
    if not isinstance(body, dict) or body.get("format") != "skvm/environment-lock":
        raise PlanError("not a lock of an environment", where=where, help=again)
    schema = body.get("schema")
    if isinstance(schema, int) and schema > ENVIRONMENT_SCHEMA:
        raise PlanError(f"schema {schema} is newer than {ENVIRONMENT_SCHEMA}", where=where, help="upgrade skvm")
    try:
        lock = EnvironmentLock.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise PlanError(f"not a lock of an environment at {at}: {first['msg']}", where=where, help=again) from None
    if lock.sealed().digest != lock.digest:
        raise PlanError("the lock does not match its digest", where=where, help=again)
    return lock


def load_environment_lock(path: Path) -> EnvironmentLock:
    """The lock in a file; raises UsageError where there is none, PlanError as `parse_environment_lock`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        help = "make one with `skvm env SKILL --lock`"
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), help=help) from None
    return parse_environment_lock(data, str(path))
