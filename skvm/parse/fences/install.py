"""Commands that provide the environment: which packages they name. They are requirements, never steps at run time."""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.ir import NeedKind
from skvm.parse.lexicon import word_set


class Installed(NamedTuple):
    """A package in an argv: index of its word, kind, name, version specifier (for pip with its extras, `[socks]>=2`)."""

    word: int
    kind: NeedKind
    name: str
    version: str


_PIP = re.compile(r"(?a)([A-Za-z0-9][A-Za-z0-9._-]*)((?:\[[A-Za-z0-9_,. -]*\])?(?:(?:[=<>!~]=?|@).*)?)\Z")
_NPM = re.compile(r"(?a)((?:@[a-z0-9~][a-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~-]*)(?:@(.+))?\Z")
_APT = re.compile(r"(?a)([a-z0-9][a-z0-9+.-]+)(?:=(\S+))?\Z")
_VALUED = word_set(
    "-r --requirement -c --constraint -i --index-url --extra-index-url -f --find-links -t --target --python -p --prefix "
    "--with --from -e --editable --registry --channel -n --name --index --torch-backend"
)
_MANAGERS: dict[tuple[str, ...], NeedKind] = {
    ("pip", "install"): NeedKind.PIP,
    ("pip3", "install"): NeedKind.PIP,
    ("uv", "pip", "install"): NeedKind.PIP,
    ("uv", "add"): NeedKind.PIP,
    ("uv", "tool", "install"): NeedKind.PIP,
    ("pipx", "install"): NeedKind.PIP,
    ("poetry", "add"): NeedKind.PIP,
    ("npm", "install"): NeedKind.NPM,
    ("npm", "i"): NeedKind.NPM,
    ("npm", "add"): NeedKind.NPM,
    ("pnpm", "add"): NeedKind.NPM,
    ("pnpm", "install"): NeedKind.NPM,
    ("yarn", "add"): NeedKind.NPM,
    ("yarn", "global", "add"): NeedKind.NPM,
    ("bun", "add"): NeedKind.NPM,
    ("bun", "install"): NeedKind.NPM,
    ("apt", "install"): NeedKind.APT,
    ("apt-get", "install"): NeedKind.APT,
    ("brew", "install"): NeedKind.BIN,
    ("pacman",): NeedKind.BIN,
    ("cargo", "install"): NeedKind.BIN,
    ("snap", "install"): NeedKind.BIN,
    ("choco", "install"): NeedKind.BIN,
    ("scoop", "install"): NeedKind.BIN,
    ("conda", "install"): NeedKind.PIP,
    ("mamba", "install"): NeedKind.PIP,
}
_PATTERN = {NeedKind.PIP: _PIP, NeedKind.NPM: _NPM, NeedKind.APT: _APT, NeedKind.BIN: _APT}
_FETCHERS: dict[tuple[str, ...], NeedKind] = {
    ("npx",): NeedKind.NPM,
    ("pnpm", "dlx"): NeedKind.NPM,
    ("bunx",): NeedKind.NPM,
    ("yarn", "dlx"): NeedKind.NPM,
    ("uvx",): NeedKind.PIP,
    ("pipx", "run"): NeedKind.PIP,
}
_VARIANT = re.compile(r"(?a)-(?:full|cli|bin|static|headless)\Z")
_PREPARE = (("apt-get", "update"), ("apt", "update"), ("brew", "update"), ("uv", "sync"), ("npm", "ci"), ("uv", "venv"))


def installs(argv: tuple[str, ...]) -> tuple[list[Installed], bool]:
    """Packages that an argv names, and whether providing them is all it does (`npx` and `uvx` also run)."""
    plain = argv
    if len(argv) > 2 and argv[0] in ("python", "python3") and argv[1] == "-m":
        plain = argv[2:]
    shift = len(argv) - len(plain)
    words = tuple(w for w in plain if not w.startswith("-"))
    for head, kind in _MANAGERS.items():
        if words[: len(head)] == head:
            return _packages(plain, shift, head, kind), True
    for head, kind in _FETCHERS.items():
        if plain[: len(head)] == head:
            return _packages(plain, shift, head, kind)[:1], False
    return [], any(words[:2] == head for head in _PREPARE)


def _packages(argv: tuple[str, ...], shift: int, head: tuple[str, ...], kind: NeedKind) -> list[Installed]:
    out: list[Installed] = []
    rest = list(head)
    valued = False
    for index, word in enumerate(argv):
        if valued:
            valued = False
        elif word.startswith("-"):
            valued = word in _VALUED
        elif rest and word == rest[0]:
            rest.pop(0)
        elif not rest and (match := _PATTERN[kind].match(word)) and not _is_path(word, kind):
            version = (match.group(2) or "").strip()
            version = "" if version == "latest" else version
            out.append(Installed(index + shift, kind, match.group(1), version))
            if kind is NeedKind.BIN and (variant := _VARIANT.search(match.group(1))) is not None:
                out.append(Installed(index + shift, kind, match.group(1)[: variant.start()], ""))
    return out


def _is_path(word: str, kind: NeedKind) -> bool:
    return (
        word.startswith((".", "/", "~", "_"))
        or "://" in word
        or word.endswith((".txt", ".whl", ".gz"))
        or (kind is not NeedKind.NPM and "/" in word)
    )
