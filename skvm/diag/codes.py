"""Every code is declared once, here. Numbers are never reused. `docs/CODE.md` explains it; a test keeps both together.

Families: 0xx tool and usage, 1xx files and front matter, 2xx document and step structure, 3xx program verification,
4xx capability and binding, 5xx dependencies and concurrency, 6xx environment and fences, 7xx run time, 8xx solidified
code and guards, 9xx safety.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skvm.diag.model import Severity

DOCS = Path(__file__).resolve().parent / "docs"


@dataclass(frozen=True, slots=True)
class Code:
    """A code: stable number, readable slug, one-line summary, default severity."""

    number: str
    slug: str
    summary: str
    severity: Severity


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

_ROWS: tuple[tuple[str, str, str, Severity], ...] = (
    ("SKV001", "target-unknown", "no profile or model has the name of the target", _E),
    ("SKV002", "profile-unusable", "a profile file is not one", _E),
    ("SKV003", "plan-unusable", "a file is not a plan", _E),
    ("SKV004", "plan-changed", "a plan is not as it was written", _E),
    ("SKV005", "plan-newer", "a plan is of a newer schema than this skvm knows", _E),
    ("SKV101", "empty-skill", "the skill has no text", _E),
    ("SKV102", "bad-encoding", "bytes that are not UTF-8", _W),
    ("SKV103", "main-file-name", "the main file is not spelled SKILL.md", _W),
    ("SKV104", "link-out-of-folder", "a link leads out of the skill folder", _W),
    ("SKV105", "file-not-read", "a file of the bundle was not read", _W),
    ("SKV106", "binary-skill", "the main file looks binary", _E),
    ("SKV110", "no-front-matter", "there is no front matter", _W),
    ("SKV111", "front-matter-unclosed", "the front matter is never closed", _W),
    ("SKV112", "front-matter-invalid", "the front matter is not valid YAML", _W),
    ("SKV113", "front-matter-repaired", "the front matter was read after a repair", _W),
    ("SKV114", "name-missing", "the front matter has no name", _W),
    ("SKV115", "description-missing", "the front matter has no description", _W),
    ("SKV116", "name-format", "the name is not lower-case words joined by hyphens", _W),
    ("SKV117", "description-too-long", "the description is longer than agents list", _W),
    ("SKV118", "front-matter-duplicate-key", "a front matter key stands twice", _W),
    ("SKV119", "name-differs", "the name differs from the folder name", _I),
    ("SKV120", "front-matter-conflict", "two fields of the front matter contradict each other", _W),
    ("SKV201", "no-procedure", "the skill lists no procedure", _I),
    ("SKV202", "loop-without-bound", "a loop says neither a bound nor an exit", _W),
    ("SKV203", "fence-unclosed", "a code fence is never closed", _W),
    ("SKV204", "broken-reference", "a file the text refers to is not in the bundle", _W),
    ("SKV205", "cyclic-reference", "steps or files refer to each other in a circle", _I),
    ("SKV206", "jump-nowhere", "a jump names a step that does not exist", _W),
    ("SKV207", "not-analysed", "text was kept as opaque because it exceeds a cap", _W),
    ("SKV208", "reference-escapes", "a reference climbs out of the skill folder", _W),
    ("SKV209", "unreachable-step", "nothing leads to a step", _I),
    ("SKV210", "contradiction", "two instructions cannot both be followed", _I),
    ("SKV211", "dependency-nowhere", "a step waits for or uses a step that does not exist", _W),
    ("SKV301", "program-invalid", "the program breaks a rule of the verifier", _E),
    ("SKV302", "not-expressible", "the program cannot be expressed in the published form", _E),
    ("SKV401", "capability-gap", "the target is measured below what a step needs", _W),
    ("SKV402", "capability-unmeasured", "the target was never measured for what a step needs", _I),
    ("SKV403", "capability-not-offered", "the harness does not offer what a step needs", _W),
    ("SKV404", "limits-not-kept", "no choice among the targets of the pool keeps the limits", _E),
    ("SKV405", "edit-refused", "an edit for a measured gap was not made because of what it would lose", _I),
    ("SKV501", "dependency-cycle", "steps depend on each other in a circle", _W),
    ("SKV502", "control-assumed", "something about a loop, jump or branch was assumed or left to the text", _I),
    ("SKV503", "parallel-conflict", "steps said to run in parallel touch the same place", _W),
    ("SKV504", "written-twice", "two steps write one file and nothing reads it between them", _I),
    ("SKV505", "skill-elsewhere", "a skill that a step hands over to is not beside this one", _I),
    ("SKV506", "delegation-cycle", "skills hand over to each other in a circle, or too deep", _W),
    ("SKV601", "tool-undeclared", "a tool is used but not declared", _I),
    ("SKV602", "fence-not-parsed", "a code fence could not be parsed", _I),
    ("SKV603", "tool-missing", "a needed tool is not on this machine", _W),
    ("SKV701", "in-doubt", "an effect may or may not have happened", _E),
    ("SKV801", "guard-missed", "a guard of solidified code did not hold", _I),
    ("SKV901", "secret-in-text", "something that looks like a secret stands in the text", _W),
)

CODES: dict[str, Code] = {row[0]: Code(*row) for row in _ROWS}


def explanation(number: str) -> str:
    """The explanation page of a code in Markdown; raises KeyError for an unknown code."""
    code = CODES[number]
    page = DOCS / f"{code.number}.md"
    return page.read_text(encoding="utf-8") if page.is_file() else f"# {number}: {code.slug}\n\n{code.summary}\n"
