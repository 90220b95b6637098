"""SSL records that others wrote, read as programs. Outcomes are told, never raised, but for files that cannot be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skvm.app.inputs import read_stdin, reason
from skvm.diag import UsageError

if TYPE_CHECKING:
    from skvm.ir import Program
    from skvm.source import SkillSource


@dataclass(frozen=True)
class ReadRecord:
    """`said`: one line a problem, whether it stops the import or not, and a line for what the program has no node for."""

    shown: str
    program: Program | None
    source: SkillSource | None
    said: tuple[str, ...]


def read_record(word: str) -> ReadRecord:
    """The program of the record in a file, or of `-`; raises UsageError where there is no JSON to read."""
    from skvm.ir.ssl import InvalidRecord, import_ssl, validate_ssl

    shown = "<stdin>" if word == "-" else word
    record = _json(word, shown)
    try:
        made = import_ssl(record)
    except InvalidRecord as error:
        return ReadRecord(shown, None, None, tuple(_line(shown, p.path, p.message) for p in error.problems))
    said = [_line(shown, p.path, f"{p.message} (claimed of every record, not checked by the published validator)")
            for p in validate_ssl(record) if not p.published]  # fmt: skip
    said += [_line(shown, path, "the program has no place for this; an export would leave it out") for path in made.lost]
    return ReadRecord(shown, made.program, made.source, tuple(said))


def _line(shown: str, path: str, message: str) -> str:
    return f"{shown}: {path or 'the top'}: {message}"


def _json(word: str, shown: str) -> Any:
    try:
        raw = read_stdin() if word == "-" else Path(word).read_bytes()
        return json.loads(raw)
    except json.JSONDecodeError as error:
        where = f"{shown}:{error.lineno}:{error.colno}"
        raise UsageError(f"not JSON: {error.msg}", where=where, help="name a file with one SSL record") from None
    except (OSError, ValueError, RecursionError) as error:
        said = "nested too deep" if isinstance(error, RecursionError) else reason(error)
        raise UsageError(
            f"cannot be read: {said}", where=shown or "the empty word", help="name a file with one SSL record"
        ) from None
