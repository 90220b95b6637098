"""From command line words to skills: a folder, a SKILL.md, several, a folder of skills, or `-` for stdin; results to files."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skvm.diag import EnvironmentFailure, UsageError
from skvm.source import SkillSource, find_skills, load_skill, skill_from_bytes

TEXTS = frozenset({".md", ".markdown", ".mdx"})
"""Suffixes of Markdown."""

MARKDOWN = TEXTS | {".txt", ""}
"""Suffixes of a file that may be a skill; a plan or an archive given by mistake is not read as one."""


@dataclass(frozen=True)
class SkillInput:
    """One skill to work on; `path` is None for stdin. `shown` is how output calls it."""

    path: Path | None
    shown: str
    raw: bytes = b""

    def load(self) -> SkillSource:
        """Read it; raises UsageError when it is not there or cannot be read."""
        if self.path is None:
            return skill_from_bytes(self.raw, "stdin", "SKILL.md")
        try:
            return load_skill(self.path)
        except FileNotFoundError:
            raise UsageError("no SKILL.md here", where=self.shown, help="name a skill folder, a SKILL.md or -") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot be read: {reason(error)}", where=self.shown) from None


def reason(error: Exception) -> str:
    """The system's words for an error, without errno and path."""
    return getattr(error, "strerror", None) or str(error)


def read_stdin() -> bytes:
    """All bytes of standard input."""
    return sys.stdin.buffer.read()


def expand_inputs(words: Iterable[str]) -> list[SkillInput]:
    """All skills that the words name, in the order given, each once; raises UsageError for a word that names none."""
    found: dict[str, SkillInput] = {}
    for word in words:
        if word == "-":
            found.setdefault("-", SkillInput(None, "<stdin>", read_stdin()))
            continue
        for path in _skills_at(word):
            found.setdefault(str(path), SkillInput(path, _shown(path)))
    if not found:
        raise UsageError("no skill given", help="name a skill folder, a SKILL.md or -")
    return list(found.values())


def _skills_at(word: str) -> list[Path]:
    if not word:
        raise UsageError(
            "a skill is named by an empty word", help="name a skill folder, a SKILL.md or - (is a variable unset?)"
        )
    try:
        path = Path(word)
        if not path.exists():
            raise UsageError("no such file or folder", where=word, help="name a skill folder, a SKILL.md or -")
        if path.is_file() and path.suffix.lower() not in MARKDOWN:
            raise UsageError("not a Markdown file", where=word, help="name a skill folder, a SKILL.md or -")
        skills = find_skills(path)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read: {reason(error)}", where=str(getattr(error, "filename", "") or word)) from None
    if not skills:
        raise UsageError("no SKILL.md in or below this folder", where=word, help="name a skill folder, a SKILL.md or -")
    return skills


def _shown(path: Path) -> str:
    if not path.is_dir():
        return str(path)
    from skvm.source.folder import main_file

    return str(path / (main_file(path) or "SKILL.md"))


def file_name(name: str) -> str:
    """A name of a skill as a name of a file, whatever the skill is called."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.") or "skill"


def save_result(path: Path, data: bytes) -> None:
    """Write a result where the user wants it, whole or not at all, readable as the umask says; raises EnvironmentFailure.

    A link is followed; a device or pipe is written to, because replacing `/dev/null` by a file breaks the machine; `-` is
    standard output. Raises UsageError where a Markdown file is there: no result is Markdown, so it is somebody's text, of
    this very skill perhaps.
    """
    from skvm.store.files import replace_file

    if str(path) == "-":
        sys.stdout.write(data.decode("utf-8", "replace"))
        return

    try:
        target = path.resolve()
        if target.suffix.lower() in TEXTS and target.is_file():
            raise UsageError("this is a text, and a result would replace it", where=str(path), help="name another file")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            replace_file(target, data, 0o666)
    except OSError as error:
        help = "free space or choose another place"
        raise EnvironmentFailure(f"cannot be written: {reason(error)}", where=str(path), help=help) from None
