"""A skill folder: SKILL.md and what lies beside it, read once, links never followed out of the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from skvm.source.digest import digest_bytes, digest_text
from skvm.source.text import SourceText

SKILL_NAMES = ("SKILL.md", "skill.md", "Skill.md", "SKILL.MD")
"""Spellings of the main file found in the wild, in order of preference."""

MAX_FILES = 10_000
MAX_DEPTH = 12
MAX_FILE_BYTES = 64 * 1024 * 1024
SKIPPED_FOLDERS = frozenset({".git", "node_modules", "__pycache__", ".venv"})
SEARCH_DEPTH = 32


@dataclass(frozen=True)
class SourceProblem:
    """Something about the folder itself that a reader must know: `kind` is a slug, `path` relative to the folder."""

    kind: str
    path: str
    detail: str


@dataclass(frozen=True)
class SourceFile:
    """One regular file of the bundle. `path` is POSIX, relative to the skill folder."""

    path: str
    size: int
    digest: str
    executable: bool = False


@dataclass(frozen=True)
class SkillSource:
    """A loaded skill. `main` is the decoded SKILL.md; `files` are all others, sorted by path; `root` is None for stdin."""

    name: str
    root: Path | None
    main: SourceText
    files: tuple[SourceFile, ...] = ()
    problems: tuple[SourceProblem, ...] = ()
    _content: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def digest(self) -> str:
        """Digest of the sorted (path, content digest) pairs, main file included; independent of where the folder lies."""
        rows = [f"{self.main.file}\0{digest_bytes(self.main.raw)}"]
        rows += [f"{f.path}\0{f.digest}" for f in self.files]
        return digest_text("\n".join(sorted(rows)))

    @cached_property
    def paths(self) -> frozenset[str]:
        """Relative paths of all bundle files, the main file included."""
        return frozenset(f.path for f in self.files) | {self.main.file}

    def read(self, path: str) -> bytes:
        """Bytes of a bundle file; raises KeyError for a path that is not part of the bundle."""
        if path == self.main.file:
            return self.main.raw
        if path not in self._content:
            if path not in self.paths or self.root is None:
                raise KeyError(path)
            self._content[path] = (self.root / path).read_bytes()
        return self._content[path]


def skill_from_bytes(raw: bytes, name: str = "skill", file: str = "SKILL.md") -> SkillSource:
    """A skill without a bundle, e.g. from stdin or a lone Markdown file."""
    return SkillSource(name, None, SourceText.decode(file, raw))


def load_skill(path: Path) -> SkillSource:
    """Load a skill folder, its SKILL.md, or a lone Markdown file.

    Raises FileNotFoundError when there is no skill at `path`, OSError when it cannot be read.
    """
    if path.is_dir():
        main = main_file(path)
        if main is None:
            raise FileNotFoundError(f"{path}: no SKILL.md in this folder")
        return _load_folder(path, main)
    if path.name in SKILL_NAMES:
        return _load_folder(path.parent, path.name)
    return skill_from_bytes(path.read_bytes(), path.stem, path.name)


def main_file(folder: Path) -> str | None:
    """Name of the main file as spelled on disk, or None."""
    present = {entry.name for entry in os.scandir(folder) if entry.name in SKILL_NAMES and entry.is_file()}
    return next((name for name in SKILL_NAMES if name in present), None)


def find_skills(path: Path) -> list[Path]:
    """Skills at or below `path`, sorted: a file stands for itself, a folder with a SKILL.md is the only one in it.

    Below any other folder: all skill folders down to `SEARCH_DEPTH`, or, where there are none, all lone Markdown files.
    """
    if not path.is_dir() or main_file(path) is not None:
        return [path]
    folders: list[Path] = []
    lone: list[Path] = []
    _search(path, SEARCH_DEPTH, folders, lone)
    return sorted(folders or lone)


def _search(path: Path, depth: int, folders: list[Path], lone: list[Path]) -> None:
    for entry in os.scandir(path):
        below = Path(entry.path)
        if entry.is_dir(follow_symlinks=False) and depth > 0 and entry.name not in SKIPPED_FOLDERS:
            if main_file(below) is not None:
                folders.append(below)
            else:
                _search(below, depth - 1, folders, lone)
        elif entry.name.endswith(".md") and entry.is_file():
            lone.append(below)


def _load_folder(root: Path, main: str) -> SkillSource:
    files: list[SourceFile] = []
    problems: list[SourceProblem] = []
    if main != "SKILL.md":
        problems.append(SourceProblem("main-name", main, f"the file is called {main}; agents look for SKILL.md"))
    real_root = root.resolve()
    raw = (root / main).read_bytes()
    if not _inside(root / main, root.resolve()):
        problems.append(SourceProblem("link-main", main, "the main file is a link out of the skill folder"))
    for relative in _walk(root, problems):
        if relative == main:
            continue
        file = _read(root / relative, relative, real_root, problems)
        if file is not None:
            files.append(file)
    name = root.resolve().name
    ordered = tuple(sorted(files, key=lambda f: f.path))
    return SkillSource(name, root, SourceText.decode(main, raw), ordered, tuple(problems))


def _read(full: Path, relative: str, root: Path, problems: list[SourceProblem]) -> SourceFile | None:
    """One file of the bundle; None where it is none, or is not read, with a problem that says why."""
    try:
        if full.is_symlink() and not _inside(full, root):
            detail = "a link out of the skill folder" if full.exists() else "a link to nothing"
            problems.append(SourceProblem("link-out", relative, f"{detail}; it is not followed"))
            return None
        if not full.is_file():
            return None
        size = full.stat().st_size
        if size > MAX_FILE_BYTES:
            problems.append(SourceProblem("too-large", relative, f"{size} bytes, more than {MAX_FILE_BYTES}; not read"))
            return None
        data = full.read_bytes()
        return SourceFile(relative, size, digest_bytes(data), bool(full.stat().st_mode & 0o111))
    except OSError as error:
        problems.append(_unreadable(relative, error))
        return None


def _unreadable(relative: str, error: OSError) -> SourceProblem:
    return SourceProblem("unreadable", relative, f"cannot be read: {error.strerror or error}; the skill is read without it")


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except OSError:
        return False


def _walk(root: Path, problems: list[SourceProblem]) -> Iterator[str]:
    count = 0
    stack: list[PurePosixPath] = [PurePosixPath(".")]
    while stack:
        folder = stack.pop()
        for entry in _entries(root, folder, problems):
            relative = folder / entry.name
            if entry.is_symlink() and entry.is_dir():
                problems.append(SourceProblem("link-folder", str(relative), "a linked folder; it is not followed"))
            elif entry.is_dir(follow_symlinks=False):
                if entry.name in SKIPPED_FOLDERS:
                    continue
                if len(relative.parts) < MAX_DEPTH:
                    stack.append(relative)
                else:
                    problems.append(SourceProblem("too-deep", str(relative), f"deeper than {MAX_DEPTH} levels; not read"))
            else:
                count += 1
                if count > MAX_FILES:
                    problems.append(SourceProblem("too-many", ".", f"more than {MAX_FILES} files; the rest is not read"))
                    return
                yield str(relative)


def _entries(root: Path, folder: PurePosixPath, problems: list[SourceProblem]) -> list[os.DirEntry[str]]:
    """Entries of a folder by name; none where it cannot be read, unless it is the skill's own."""
    try:
        return sorted(os.scandir(root / folder), key=lambda e: e.name)
    except OSError as error:
        if str(folder) == ".":
            raise
        problems.append(_unreadable(str(folder), error))
        return []
