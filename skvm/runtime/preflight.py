"""Preflight: what a plan needs, held against this machine. Looks only: at PATH, at installed distributions, at which variables
are set (never at their values), at the bundle. Nothing is run, reached or installed here; what somebody else tried by running
it comes in as `Machine.tried`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from skvm.plan import Artifact, DelegateNode, EnvironmentNeed
from skvm.plan.environment import split_extras

State = Literal["present", "missing", "unknown"]

DEBIAN = {
    "awk": "gawk",
    "convert": "imagemagick",
    "magick": "imagemagick",
    "pdftotext": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "rg": "ripgrep",
    "fd": "fd-find",
    "node": "nodejs",
    "soffice": "libreoffice",
    "libreoffice": "libreoffice",
    "python": "python3",
    "pip": "python3-pip",
    "sqlite3": "sqlite3",
    "psql": "postgresql-client",
    "mysql": "default-mysql-client",
    "docker": "docker.io",
    "docker-compose": "docker-compose",
    "go": "golang",
    "cargo": "cargo",
    "java": "default-jre-headless",
    "chromium": "chromium",
    "tesseract": "tesseract-ocr",
    "qpdf": "qpdf",
    "dig": "dnsutils",
    "nc": "netcat-openbsd",
}
"""Executables whose Debian package has another name, or whose name is worth confirming."""

ELSEWHERE = {
    "gh": "https://cli.github.com",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
    "helm": "https://helm.sh/docs/intro/install",
    "terraform": "https://developer.hashicorp.com/terraform/install",
    "az": "https://learn.microsoft.com/cli/azure/install-azure-cli",
    "aws": "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    "gcloud": "https://cloud.google.com/sdk/docs/install",
    "uv": "pip install uv",
    "bun": "https://bun.sh",
    "pnpm": "npm install -g pnpm",
    "claude": "npm install -g @anthropic-ai/claude-code",
}
"""Executables that Debian does not package: where their makers say how to get them."""

_SPECIFIER = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_CLAUSE = re.compile(r"(==|>=|<=|!=|~=|>|<)\s*([0-9][0-9A-Za-z.]*)")


@dataclass(frozen=True)
class Machine:
    """What preflight may look at; every part can be replaced in tests.

    `find`: executable name -> path or None. `distribution`: distribution name -> version or None. `variables`: names that are
    set. `skills`: names of skills that are installed here, None where nobody can tell. `tried`: state and detail of an
    executable or package by kind and name, where it was loaded or could not be; it overrules what is only there.
    """

    find: Callable[[str], str | None] = shutil.which
    distribution: Callable[[str], str | None] = field(default=lambda name: _installed(name))
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)
    skills: frozenset[str] | None = None
    node_folders: tuple[Path, ...] = ()
    tried: Mapping[tuple[str, str], tuple[State, str]] = field(default_factory=dict)


def preflight(artifact: Artifact, machine: Machine | None = None, skill: Path | None = None) -> dict[str, list[dict[str, Any]]]:
    """`{present, missing, unknown}`: rows with kind, name, version, why, steps, hint (how to get it), detail (what was found).

    `skill`: the skill folder, where files that the plan left out of its bundle may still lie.
    """
    machine = machine or Machine()
    report: dict[str, list[dict[str, Any]]] = {"present": [], "missing": [], "unknown": []}
    within = {n.skill for n in artifact.plan.nodes if isinstance(n, DelegateNode) and n.plan}
    bundle = {f.path for f in artifact.bundle} | {f for f in artifact.source.files if f not in artifact.bundle_omitted}
    for need in artifact.needs:
        state, detail, hint = _examine(need, machine, bundle, skill)
        if need.kind == "skill" and need.name in within:
            state, detail, hint = "present", "in the plan", ""
        if (need.kind, need.name) in machine.tried:
            state, detail = machine.tried[need.kind, need.name]
            hint = "" if state == "present" else hint or _way_to(need)
        report[state].append(
            {
                "kind": need.kind,
                "name": need.name,
                "version": need.version,
                "why": need.why,
                "declared": need.declared,
                "steps": list(need.steps),
                "hint": hint,
                "detail": detail,
            }
        )
    return report


Answer = tuple[State, str, str]


def _examine(need: EnvironmentNeed, machine: Machine, bundle: Iterable[str], skill: Path | None) -> Answer:
    match need.kind:
        case "bin":
            return _executable(need, machine)
        case "pip":
            return _distribution(need, machine)
        case "npm":
            return _node(need, machine)
        case "apt":
            return "unknown", "Debian packages are not examined", f"apt-get install {need.name}"
        case "env":
            return _variable(need, machine)
        case "file":
            return _file(need, bundle, skill)
        case "skill":
            return _skill(need, machine)
        case _:
            return "unknown", "hosts are not contacted before a run", ""


def _way_to(need: EnvironmentNeed) -> str:
    """How to get an executable or a package."""
    if need.kind == "bin":
        return ELSEWHERE.get(need.name) or f"apt-get install {DEBIAN.get(need.name, need.name)}"
    return f"pip install '{_wanted(need)}'" if need.kind == "pip" else _npm_install(need)


def _executable(need: EnvironmentNeed, machine: Machine) -> Answer:
    path = machine.find(need.name)
    if path is None and need.name in ("python", "python3"):
        path = sys.executable or None
    if path is not None:
        return "present", path, ""
    return "missing", "not on PATH", _way_to(need)


def _distribution(need: EnvironmentNeed, machine: Machine) -> Answer:
    found = _SPECIFIER.match(need.name)
    name = found[1] if found is not None else need.name
    have = machine.distribution(name)
    if have is None:
        return "missing", "not installed for this Python", _way_to(need)
    if need.version and not satisfies(have, need.version):
        return "missing", f"version {have} is installed", _way_to(need)
    return "present", f"version {have}", ""


def _wanted(need: EnvironmentNeed) -> str:
    extras, clauses = split_extras(need.version)
    return f"{need.name}{extras}{clauses if clauses[:1] in '=<>!~' else f'=={clauses}'}"


def satisfies(have: str, wanted: str) -> bool:
    """Does version `have` meet the clauses of `wanted` (`>=2,<3`; a bare version means exactly that one)? Numbers only."""
    _, wanted = split_extras(wanted)
    clauses = _CLAUSE.findall(wanted) or ([("==", wanted)] if wanted else [])
    return all(_clause(_numbers(have), operator, _numbers(number)) for operator, number in clauses)


def _clause(have: tuple[int, ...], operator: str, wanted: tuple[int, ...]) -> bool:
    width = max(len(have), len(wanted))
    one, two = (v + (0,) * (width - len(v)) for v in (have, wanted))
    match operator:
        case "==":
            return one == two
        case "!=":
            return one != two
        case ">=":
            return one >= two
        case "<=":
            return one <= two
        case ">":
            return one > two
        case "<":
            return one < two
        case _:
            return one >= two and have[: len(wanted) - 1] == wanted[:-1]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", text.split("+")[0])[:4])


def _node(need: EnvironmentNeed, machine: Machine) -> Answer:
    name = need.name if not need.name.rpartition("@")[0] else need.name.rpartition("@")[0]
    for folder in machine.node_folders:
        if (folder / name / "package.json").is_file():
            return "present", str(folder / name), ""
    hint = _npm_install(need)
    if machine.find("node") is None:
        return "missing", "node is not on PATH", f"apt-get install nodejs npm; {hint}"
    return "unknown", "where node looks depends on the folder a command runs in", hint


def _npm_install(need: EnvironmentNeed) -> str:
    return f"npm install {need.name}{f'@{need.version}' if need.version else ''}"


def _variable(need: EnvironmentNeed, machine: Machine) -> Answer:
    if machine.variables.get(need.name):
        return "present", "set", f"pass it with --env {need.name}"
    state = "empty" if need.name in machine.variables else "not set"
    return "missing", state, f"export {need.name}=... and pass --env {need.name}"


def _file(need: EnvironmentNeed, bundle: Iterable[str], skill: Path | None) -> Answer:
    name = need.name.removeprefix("./")
    if name in bundle or any(path.startswith(name.rstrip("/") + "/") for path in bundle):
        return "present", "in the plan", ""
    if skill is not None and ".." not in Path(name).parts and not name.startswith("/") and (skill / name).exists():
        return "present", "in the skill folder", ""
    return "missing", "not in the bundle", "the skill refers to a file that it does not bring along"


def _skill(need: EnvironmentNeed, machine: Machine) -> Answer:
    if machine.skills is None:
        return "unknown", "other skills are not searched for", "install the skill, or let the model do that step"
    if need.name in machine.skills:
        return "present", "installed", ""
    return "missing", "not installed", "install the skill, or let the model do that step"


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):
        return None
