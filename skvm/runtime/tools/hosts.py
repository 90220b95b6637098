"""Which hosts may be reached, and at which address. Blocking (it asks the resolver); run in a thread that can be abandoned.

A name is resolved once and the connection goes to that address, so that a second answer of the resolver cannot redirect it;
private and loopback addresses are reached only when the grant names the address (or `localhost`) itself.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
import socket
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from skvm.plan.policy import split_host
from skvm.ports import HostRefused
from skvm.runtime.threads import in_thread
from skvm.runtime.tools.files import ToolFailure

PORTS = {"http": 80, "https": 443}
MOST_TOLD = 100
"""Attempts of one program that are told one by one."""

_ADDRESS = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")


UNREACHED = re.compile(
    r"(?:could not|unable to|cannot) (?:resolve|connect)|name resolution|name or service not known|network is unreachable"
    r"|failed to connect|connection (?:refused|error)|getaddrinfo|\b(?:EAI_AGAIN|ENOTFOUND|ENETUNREACH)\b"
    r"|socket.{0,40}operation not permitted",
    re.IGNORECASE,
)
"""How programs say that they found no network."""


class HostDenied(ToolFailure):
    """A host that may not be reached; `name` is host and port."""

    def __init__(self, message: str, host: str, port: int) -> None:
        super().__init__(message)
        self.name = f"{host}:{port}"


Told = Callable[[str, int, str, bool], None]
"""Hears of an attempt: host, port, why it failed (empty when it was let through), whether that was a denial."""


class Outward:
    """The hosts that one program (or one browser) may reach.

    `told` hears of its attempts as they come. `denied` and `failed` keep the words, once for each host and port.
    """

    def __init__(self, hosts: tuple[str, ...], told: Told | None = None) -> None:
        self._hosts = hosts
        self._told = told
        self.attempts = 0
        self.denied: dict[str, str] = {}
        self.failed: dict[str, str] = {}

    async def reach(self, host: str, port: int) -> str:
        """Numeric address of a host that may be reached; raises HostRefused."""
        try:
            address = await in_thread(address_of, host, port, self._hosts)
        except ToolFailure as error:
            self.refuse(host, port, error)
            raise HostRefused(str(error)) from None
        self._tell(host, port, "", False)
        return address

    def refuse(self, host: str, port: int, error: ToolFailure) -> None:
        """Keep and tell that a host was not reached."""
        denial = isinstance(error, HostDenied)
        (self.denied if denial else self.failed)[f"{host}:{port}"] = str(error)
        self._tell(host, port, str(error), denial)

    def tell_to(self, told: Told | None) -> None:
        """Another one hears of what comes from now on, counted anew."""
        self._told, self.attempts = told, 0

    def named_in(self, text: str) -> None:
        """For a program that has no way out: refuse what the addresses in its command name."""
        for scheme, host, port in dict.fromkeys(_ADDRESS.findall(text)):
            try:
                require(host.strip("[]"), int(port or PORTS[scheme]), self._hosts)
            except HostDenied as error:
                self.refuse(host.strip("[]"), int(port or PORTS[scheme]), error)

    def _tell(self, host: str, port: int, why: str, denial: bool) -> None:
        self.attempts += 1
        if self._told is not None and self.attempts <= MOST_TOLD:
            self._told(host, port, why, denial)


def permitted(url: str, grants: tuple[str, ...]) -> SplitResult:
    """Parts of an address that is granted; raises ToolFailure for any other. A grant is `host` or `host:port`, `*` a part."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ToolFailure(f"not an address: {error}") from None
    if parts.scheme not in PORTS or not host:
        raise ToolFailure("only http and https addresses can be reached")
    require(host, port or PORTS[parts.scheme], grants)
    return parts


def require(host: str, port: int, grants: tuple[str, ...]) -> None:
    """Raises HostDenied for a host and port that no grant names."""
    if not any(_granted(host.lower(), port, grant.lower()) for grant in grants):
        allowed = ", ".join(grants) or "none"
        raise HostDenied(f"{host}:{port} is not permitted for this step (permitted: {allowed})", host, port)


def address_of(host: str, port: int, grants: tuple[str, ...]) -> str:
    """Numeric address of a granted host; raises HostDenied when it is not granted or private, ToolFailure when unknown."""
    require(host, port, grants)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolFailure(f"{host} cannot be resolved: {error}") from None
    named = (host.lower() == "localhost" or _is_ip(host)) and any(_names(host.lower(), port, grant.lower()) for grant in grants)
    for *_, sockaddr in found:
        address = str(sockaddr[0])
        if named or ipaddress.ip_address(address.split("%")[0]).is_global:
            return address
    raise HostDenied(f"{host} leads to a private address, which is not permitted", host, port)


def _granted(host: str, port: int, grant: str) -> bool:
    name, only = split_host(grant)
    return fnmatch.fnmatchcase(host, name) and only in ("", str(port))


def _names(host: str, port: int, grant: str) -> bool:
    """Is it this very host, not a pattern that covers it?"""
    return split_host(grant)[0] == host and _granted(host, port, grant)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
