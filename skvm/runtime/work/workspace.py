"""The folder of one run: `work` (writable), `skill` (the bundle, read-only by grant), `spill` (full outputs), `bin`."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skvm.diag import EnvironmentFailure, StoreError, UsageError
from skvm.plan import Artifact, BundleFile
from skvm.runtime.api import RunRequest
from skvm.runtime.work.confined import ASIDE, Confined, Refused
from skvm.runtime.work.snapshot import digest_file
from skvm.source import digest_bytes
from skvm.store import private_folder, write_aside

MAIN = "SKILL.md"


@dataclass(frozen=True)
class Workspace:
    """Absolute places of one run. `bundle`: paths below `skill`, main file included; `files`: input name -> path in `work`."""

    folder: Path
    work: Path
    skill: Path
    spill: Path
    bundle: frozenset[str]
    files: dict[str, str]
    missing: tuple[str, ...] = ()


def run_folder(home: Path, run: str) -> Path:
    """Where a run keeps its things."""
    return home / "runs" / run


@contextmanager
def run_folder_made(home: Path, run: str) -> Iterator[Path]:
    """The folder of a run; a new one is taken away again when what is done in it fails. An OSError leaves as StoreError."""
    folder = run_folder(home, run)
    there = folder.exists()
    try:
        yield private_folder(folder).resolve()
    except Exception as error:
        if not there:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            text = f"cannot write: {error.strerror or error}"
            raise StoreError(text, where=str(folder), help="free space or set SKVM_HOME") from None
        raise


def prepare(request: RunRequest, home: Path, run: str) -> Workspace:
    """Make (or on resume find) the folders of a run; raises UsageError, StoreError, EnvironmentFailure."""
    with run_folder_made(home, run) as folder:
        return _filled(request, folder)


def _filled(request: RunRequest, folder: Path) -> Workspace:
    work = _work_folder(request, folder)
    files = _inputs(request, work)
    _clean(work)
    write_aside(folder / "plan.json", request.artifact.to_keep())
    for item in request.artifact.skills:
        if item.bundle_omitted:  # what the plan has no room for is kept too: where the run goes on, that skill may not be
            unpack(item, kept_skill(folder, item.digest).parent, work, files, request.others.get(item.digest))
    return unpack(request.artifact, folder, work, files, request.skill_dir)


def kept_skill(folder: Path, digest: str) -> Path:
    """Where a run keeps the files of another skill that are not inside its plan, by the digest of that skill's plan."""
    return folder / "others" / digest.removeprefix("sha256:")[:16] / "skill"


def unpack(artifact: Artifact, folder: Path, work: Path, files: dict[str, str], origin: Path | None) -> Workspace:
    """The places of one skill at work in `work`, with its bundle; raises StoreError. Doing it again changes nothing."""
    folder = private_folder(folder)
    skill, spill = private_folder(folder / "skill"), private_folder(folder / "spill")
    bundle, missing = _materialise(artifact, skill, origin)
    return Workspace(folder, work, skill, spill, frozenset(bundle), files, tuple(missing))


def _work_folder(request: RunRequest, folder: Path) -> Path:
    if request.workdir is None:
        return private_folder(folder / "work")
    work = request.workdir
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be used as work folder: {error.strerror}", where=str(work)) from None
    if not os.access(work, os.R_OK | os.W_OK | os.X_OK):
        raise UsageError("the work folder is not writable", where=str(work))
    return work.resolve()


def _inputs(request: RunRequest, work: Path) -> dict[str, str]:
    """Copy the inputs in; on resume those that are there stay as they are."""
    confined = Confined(work)
    files: dict[str, str] = {}
    for name, source in request.files.items():
        try:
            path = confined.relative(name)
            if source.resolve() != (work / path) and not (request.resume and confined.exists(path)):
                with source.open("rb") as data:
                    confined.write_from(path, data)
        except Refused as refused:
            raise UsageError(str(refused), where=f"--file {name}") from None
        except OSError as error:
            raise UsageError(f"the input cannot be copied: {error.strerror or error}", where=str(source)) from None
        files[name] = path
    return files


def _materialise(artifact: Artifact, skill: Path, origin: Path | None) -> tuple[list[str], list[str]]:
    """Write the bundle out of the plan; what the plan left out comes from the skill folder if its digest is right."""
    bundle, missing = [MAIN], []
    _put(skill / MAIN, artifact.skill_text.encode("utf-8", "surrogatepass"), False)
    for file in artifact.bundle:
        data = _bytes_of(file)
        if data is None or not _plain(file.path):
            missing.append(file.path)
            continue
        _put(skill / file.path, data, file.executable)
        bundle.append(file.path)
    for path in artifact.bundle_omitted:
        expected = artifact.source.files.get(path, "")
        places = [place / path for place in (skill, origin) if place is not None and _plain(path)]
        source = next((p for p in places if (digest := digest_file(p)) and expected.endswith(digest)), None)
        if source is None:
            missing.append(path)
            continue
        if source != skill / path:
            (skill / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, skill / path)
        bundle.append(path)
    return bundle, missing


def _bytes_of(file: BundleFile) -> bytes | None:
    data = file.text.encode("utf-8") if file.text is not None else base64.b64decode(file.base64 or "")
    return data if not file.digest or digest_bytes(data) == file.digest else None


def _plain(path: str) -> bool:
    """A relative path without `..`: names in a plan are a stranger's."""
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and "\0" not in path and path != "."


def _put(path: Path, data: bytes, executable: bool) -> None:
    try:
        if path.is_file() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755 if executable else 0o644)
    except OSError as error:
        raise StoreError(f"cannot write: {error.strerror}", where=str(path), help="free space or set SKVM_HOME") from None


def _clean(work: Path) -> None:
    """Remove what an interrupted write left aside."""
    try:
        for path in work.glob(f"**/{ASIDE}*"):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentFailure(f"cannot be cleaned: {error.strerror}", where=str(work)) from None
