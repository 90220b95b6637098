"""What every program may read: the system's own folders and the Python that runs us. Shared by the sandbox backends."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from pathlib import Path

from skvm.diag import SandboxError
from skvm.ports import SandboxRequest

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")

# Configuration that programs need to start, nothing that names this machine's people, keys or networks beyond user names.
ETC = (
    "ImageMagick-6", "ImageMagick-7", "alternatives", "ca-certificates", "crypto-policies", "fonts", "fonts.conf", "group",
    "java-17-openjdk", "java-21-openjdk", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "libreoffice", "localtime", "magic",
    "magic.mime", "mime.types", "nsswitch.conf", "os-release", "paperspecs", "papersize", "passwd", "perl", "pki",
    "protocols", "python3", "services", "ssl/cert.pem", "ssl/certs", "ssl/openssl.cnf", "terminfo", "texmf", "timezone",
)  # fmt: skip

PROGRAMS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/usr/games", "/bin", "/sbin")
_MOST_LINKS = 16

_NEVER_WORK = ("/", "/usr", "/etc", "/proc", "/sys", "/dev", "/run", "/boot", "/var", "/lib", "/bin", "/sbin")


@cache
def python_prefixes() -> tuple[Path, ...]:
    """Prefixes of the running interpreter that lie outside the system folders."""
    found = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix)} | {Path(sys.prefix).absolute()}
    return tuple(sorted(p for p in found if not _inside_any(p, [Path(x) for x in SYSTEM])))


def etc_files() -> tuple[Path, ...]:
    """Those of `ETC` that exist here."""
    return tuple(p for name in ETC if (p := Path("/etc") / name).exists())


def checked_work(request: SandboxRequest) -> Path:
    """The real path of the work folder; raises SandboxError when it is none or a system folder."""
    work = request.grants.work.resolve()
    if not work.is_dir():
        raise SandboxError("the work folder does not exist", where=str(request.grants.work))
    if str(work) in _NEVER_WORK or any(_inside(Path(p).resolve(), work) for p in ("/usr", "/etc", "/proc", "/dev")):
        raise SandboxError("a system folder cannot be a work folder", where=str(work), help="choose another --workdir")
    return work


def write_places(request: SandboxRequest, work: Path) -> tuple[Path, ...]:
    """Real paths that may be written: the work folder, or the places it is narrowed to.

    A place that does not exist yet stands for its nearest existing folder, because only a folder that may be written can get
    a new file. Raises SandboxError for a place outside the work folder, a link out of it included.
    """
    if request.grants.write is None:
        return (work,)
    places = set()
    for place in request.grants.write:
        real = (work / place).resolve()
        while not real.exists():
            real = real.parent
        if not _inside(real, work):
            raise SandboxError("a place to write lies outside the work folder", where=str(place))
        places.add(real)
    return tuple(sorted(p for p in places if not any(_inside(p, q) for q in places if q != p)))


def read_places(request: SandboxRequest) -> tuple[Path, ...]:
    """Real paths that may be read besides the runtime: the skill and the named places that exist."""
    named = [*request.grants.read, *([request.grants.skill] if request.grants.skill else [])]
    return tuple(sorted({p.resolve() for p in named if p.exists()}))


def program_folders(request: SandboxRequest) -> tuple[Path, ...]:
    """Real folders that hold programs: those of the system, and `bin` of every interpreter and place that may be read."""
    prefixes = [*python_prefixes(), *read_places(request)]
    found = {p.resolve() for p in (*map(Path, PROGRAMS), *(p / "bin" for p in prefixes)) if p.is_dir()}
    return tuple(sorted(found))


def permitted_programs(request: SandboxRequest) -> tuple[dict[Path, str], tuple[Path, ...]]:
    """Of `grants.programs`, in those folders: links with where they lead, and real files."""
    links: dict[Path, str] = {}
    files = set()
    folders = program_folders(request)
    for at in [folder / name for folder in folders for name in request.grants.programs or ()]:
        path, left = at, _MOST_LINKS
        while path.is_symlink() and left:
            if path.parent in folders:
                links[path] = str(path.readlink())
            path, left = Path(os.path.normpath(path.parent / path.readlink())), left - 1
            path = path.parent.resolve() / path.name
        if path.is_file():
            files.add(path)
    return links, tuple(sorted(files))


def hidden_program(request: SandboxRequest, program: str) -> bool:
    """Does it lie in one of those folders without being permitted?"""
    if request.grants.programs is None:
        return False
    real = Path(program).resolve()
    return real.parent in program_folders(request) and real not in permitted_programs(request)[1]


def find_program(request: SandboxRequest, visible: tuple[Path, ...]) -> str | None:
    """The program as the sandboxed process will find it, or None when it is not there."""
    name = request.argv[0]
    if "/" in name:
        path = Path(os.path.normpath(request.cwd / name))
        return str(path) if path.exists() and not path.is_dir() else None
    found = shutil.which(name, path=request.env.get("PATH", os.defpath))
    if found is None:
        return None
    return found if _inside_any(Path(found), [*(Path(p) for p in SYSTEM), *visible]) else None


def inside(path: Path, root: Path) -> bool:
    """Is `path` equal to `root` or below it (both absolute, no resolving)."""
    return _inside(path, root)


def _inside(path: Path, root: Path) -> bool:
    return path == root or root in path.parents


def _inside_any(path: Path, roots: list[Path]) -> bool:
    return any(_inside(path, root) for root in roots)
