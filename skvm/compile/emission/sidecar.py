"""The file beside an emitted skill that says what was edited and why, and gives the original back."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from skvm.compile.emission.edits import Edit
from skvm.diag import PlanError
from skvm.ir import Frozen
from skvm.source import LineIndex, digest_bytes

SIDECAR = ".skvm/emit.json"
"""Where it lies in the folder of the emitted skill."""

VERSION = 1


def _inside(path: str) -> str:
    """A relative path that stays below its folder; raises ValueError for another."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise ValueError(f"{path!r} leaves the folder")
    return path


Inside = Annotated[str, AfterValidator(_inside)]


class Change(Frozen):
    """One edit: `length` bytes from `at` of the emitted file stand for `old` (base64). `lines` of the original show why."""

    at: int
    length: int
    old: str
    new: str
    gap: str
    lines: tuple[int, ...] = ()


class Sidecar(Frozen):
    """What was emitted from what. Digests are of the file as it was and as it is."""

    format: Literal["skvm/emitted-skill"] = "skvm/emitted-skill"
    schema_version: Annotated[int, Field(le=VERSION)] = Field(default=VERSION, alias="schema", serialization_alias="schema")
    skill: str
    source: str
    plan: str
    target: str
    harness: str
    main: Inside
    before: str
    after: str
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    files: dict[Inside, str] = {}


def changes(raw: bytes, edits: Sequence[Edit]) -> tuple[Change, ...]:
    """The edits with their places in the emitted file."""
    lines = LineIndex(raw)
    out: list[Change] = []
    shift = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        old = raw[edit.start : edit.end]
        cited = tuple(dict.fromkeys(lines.line(span.start) for span in edit.cites))
        out.append(
            Change(
                at=edit.start + shift,
                length=len(edit.new),
                old=base64.b64encode(old).decode("ascii"),
                new=edit.new.decode("utf-8", "replace"),
                gap=edit.gap,
                lines=cited,
            )
        )
        shift += len(edit.new) - len(old)
    return tuple(out)


def restore(emitted: bytes, sidecar: Sidecar) -> bytes:
    """The original bytes of the main file; raises PlanError when the emitted file was changed since."""
    if digest_bytes(emitted) != sidecar.after:
        raise PlanError("the emitted skill was changed since", where=sidecar.main, help="emit it again, or undo the change")
    out: list[bytes] = []
    at = 0
    for change in sidecar.changes:
        out += [emitted[at : change.at], base64.b64decode(change.old)]
        at = change.at + change.length
    raw = b"".join([*out, emitted[at:]])
    if digest_bytes(raw) != sidecar.before:
        raise PlanError("the sidecar does not fit the emitted skill", where=SIDECAR, help="emit it again")
    return raw
