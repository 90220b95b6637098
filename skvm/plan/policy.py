"""What a user permits at most. A policy can only take away: every function here gives back a part of what it was given. Pure.

A host is `name` or `name:port` (`[address]:port` for IPv6); `*` stands for any name and `*.suffix` for any name below it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from skvm.ir import Frozen
from skvm.plan.artifact import Grant, Permissions

N = TypeVar("N", int, float)
Names = tuple[str, ...]


class PolicyLimits(Frozen):
    """Upper bounds; None bounds nothing. `deadline` and `command_seconds` in seconds, `cost` in USD, `*_mb` in MiB."""

    deadline: float | None = None
    tokens: int | None = None
    cost: float | None = None
    command_seconds: float | None = None
    memory_mb: int | None = None
    file_mb: int | None = None
    processes: int | None = None

    def both(self, other: PolicyLimits) -> PolicyLimits:
        """The lower bound of each kind."""
        mine, theirs = self.model_dump(), other.model_dump()
        return PolicyLimits(**{name: least(mine[name], theirs[name]) for name in mine})


class Policy(Frozen):
    """None permits whatever the manifest grants. `write`: folders of the work folder, relative; the others are names.

    `executables` are the programs in the folders that PATH names.
    """

    hosts: tuple[str, ...] | None = None
    executables: tuple[str, ...] | None = None
    env: tuple[str, ...] | None = None
    write: tuple[str, ...] | None = None
    limits: PolicyLimits = PolicyLimits()

    def both(self, other: Policy) -> Policy:
        """What two policies permit together."""
        return Policy(
            hosts=_with(self.hosts, other.hosts, meet_hosts),
            executables=_with(self.executables, other.executables, _common),
            env=_with(self.env, other.env, _common),
            write=_with(self.write, other.write, meet_folders),
            limits=self.limits.both(other.limits),
        )

    def names(self, kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the granted names of a kind (`host`, `env`, `exec`) that are left."""
        permitted = {"host": self.hosts, "env": self.env, "exec": self.executables}.get(kind)
        if permitted is None:
            return names
        return meet_hosts(names, permitted) if kind == "host" else _common(names, permitted)

    def narrowed(self, permissions: Permissions) -> Permissions:
        """The manifest with what is not permitted taken out; each grant keeps the spans it rests on."""
        return permissions.model_copy(update={"grants": tuple(g for one in permissions.grants for g in self._left(one))})

    def _left(self, grant: Grant) -> list[Grant]:
        if grant.kind == "write" and self.write is not None:
            names = meet_folders((grant.name,), self.write)
        else:
            names = self.names(grant.kind, (grant.name,))
        return [grant.model_copy(update={"name": name}) for name in names]


def split_host(grant: str) -> tuple[str, str]:
    """Name and port of a host; an IPv6 address has a port only in brackets."""
    if grant.startswith("["):
        name, _, port = grant[1:].partition("]")
        return name, port.removeprefix(":")
    name, _, port = grant.partition(":") if grant.count(":") == 1 else (grant, "", "")
    return name, port


def meet_hosts(granted: tuple[str, ...], permitted: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts that both lists name, as narrow as the narrower of the two."""
    met = {_meet(one.lower(), two.lower()) for one in granted for two in permitted} - {""}
    return tuple(sorted(host for host in met if not any(_implied(host, other) for other in met - {host})))


def meet_folders(granted: tuple[str, ...], permitted: tuple[str, ...]) -> tuple[str, ...]:
    """The places (folders end in `/`, `./` is all of the work folder) that lie in one of each list."""
    found = set()
    for one in granted:
        for two in permitted:
            if _within(one, two):
                found.add(one)
            elif one.endswith("/") and _within(two, one):
                found.add(two)
    return tuple(sorted(p for p in found if not any(q.endswith("/") and _within(p, q) for q in found - {p})))


def least(one: N | None, two: N | None) -> N | None:
    """The lower of two bounds."""
    known = [x for x in (one, two) if x is not None]
    return min(known) if known else None


def _meet(granted: str, permitted: str) -> str:
    (name, port), (other, other_port) = split_host(granted), split_host(permitted)
    if port and other_port and port != other_port:
        return ""
    if _covers(other, name):
        met = name
    elif _covers(name, other) and not _literal(other):
        met = other
    else:
        return ""
    port = port or other_port
    named = f"[{met}]" if ":" in met and port else met
    return f"{named}:{port}" if port else met


def _covers(wide: str, narrow: str) -> bool:
    """Does every host that `narrow` stands for belong to `wide`?"""
    return wide in ("*", narrow) or (wide.startswith("*.") and "*" not in wide[1:] and narrow.endswith(wide[1:]))


def _implied(host: str, other: str) -> bool:
    """Is a host permitted by another one too, in every respect?"""
    (name, port), (wide, wide_port) = split_host(host), split_host(other)
    return not _literal(name) and _covers(wide, name) and wide_port in ("", port)


def _literal(name: str) -> bool:
    """An address or this machine: naming one permits a private network, which a pattern that covers it does not."""
    return name == "localhost" or ":" in name or name.replace(".", "").isdigit()


def _within(place: str, folder: str) -> bool:
    place, folder = place.removeprefix("./"), folder.removeprefix("./")
    return folder == "" or place == folder or place.startswith(folder)


def _common(granted: tuple[str, ...], permitted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in granted if name in permitted)


def _with(one: Names | None, two: Names | None, meet: Callable[[Names, Names], Names]) -> Names | None:
    return one if two is None else two if one is None else meet(one, two)
