"""Where packages come from, as the user's environment says: variables for the clients, folders to read, hosts to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

EXTRA_HOSTS = "SKVM_INDEX_HOSTS"
"""Hosts that an index sends its clients to for the files; the clients reach no host that nobody named."""

PIP = (
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CERT", "PIP_TRUSTED_HOST", "PIP_PRE",
    "PIP_CONSTRAINT", "PIP_PREFER_BINARY",
)  # fmt: skip
NPM = ("NPM_CONFIG_REGISTRY", "NPM_CONFIG_CAFILE", "NODE_EXTRA_CA_CERTS")
_FILES = frozenset({"PIP_CERT", "PIP_CONSTRAINT", "NPM_CONFIG_CAFILE", "NODE_EXTRA_CA_CERTS"})
_ADDRESSES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "NPM_CONFIG_REGISTRY")
_PORTS = {"http": 80, "https": 443}
_NO = ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Sources:
    """`pip`, `npm`: variables for each client. `read`: places of this machine that they read.

    `pip_hosts`, `npm_hosts`: `name:port` that each may reach; `extra` for both. `default_*`: the client's own index is used.
    """

    pip: dict[str, str]
    npm: dict[str, str]
    read: tuple[Path, ...] = ()
    pip_hosts: tuple[str, ...] = ()
    npm_hosts: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    default_pip: bool = False
    default_npm: bool = False


def sources_of(variables: Mapping[str, str], here: Path) -> Sources:
    """Sources out of variables (`PIP_INDEX_URL` and its like); relative places are seen from the folder `here`."""
    known = (*PIP, *NPM, EXTRA_HOSTS)
    upper = {name.upper(): value for name, value in variables.items() if value.strip() and name.upper() in known}
    read: dict[Path, None] = {}
    hosts: dict[str, list[str]] = {}
    settled: dict[str, str] = {}
    for name, value in upper.items():
        words = [value] if name in _FILES else value.split()
        if name in _ADDRESSES or name in _FILES:
            words = [_place(word, here, read, hosts.setdefault(name, [])) for word in words]
        settled[name] = " ".join(words)
    no_index = settled.get("PIP_NO_INDEX", "").lower() not in _NO
    skipped = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL") if no_index else ()
    of = {
        client: tuple(dict.fromkeys(h for n in names if n not in skipped for h in hosts.get(n, ())))
        for client, names in (("pip", PIP), ("npm", NPM))
    }
    return Sources(
        pip={n: settled[n] for n in PIP if n in settled},
        npm={n: settled[n] for n in NPM if n in settled},
        read=tuple(read),
        pip_hosts=of["pip"],
        npm_hosts=of["npm"],
        extra=tuple(settled.get(EXTRA_HOSTS, "").replace(",", " ").split()),
        default_pip=not no_index and "PIP_INDEX_URL" not in settled,
        default_npm="NPM_CONFIG_REGISTRY" not in settled,
    )


def host_of(address: str) -> str:
    """`name:port` of an address; empty where it has none."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme, 443)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname else ""


def _place(word: str, here: Path, read: dict[Path, None], hosts: list[str]) -> str:
    """The word as a client in the sandbox must be given it; a local place is noted to be read, a host to be reached."""
    if word.startswith("file:"):
        read[Path(unquote(urlsplit(word).path))] = None
        return word
    if "://" in word:
        hosts += [host] if (host := host_of(word)) else []
        return word
    place = (here / Path(word).expanduser()).absolute()
    read[place] = None
    return str(place)
