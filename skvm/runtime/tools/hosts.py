"""Which hosts may be reached, and at which address. Blocking (it asks the resolver); run in a thread that can be abandoned.

A name is resolved once and the connection goes to that address, so that a second answer of the resolver cannot redirect it;
private and loopback addresses are reached only when the grant names the address (or `localhost`) itself.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from skvm.runtime.tools.files import ToolFailure

PORTS = {"http": 80, "https": 443}


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
    """Raises ToolFailure for a host and port that no grant names."""
    if not any(_granted(host.lower(), port, grant.lower()) for grant in grants):
        allowed = ", ".join(grants) or "none"
        raise ToolFailure(f"{host}:{port} is not permitted for this step (permitted: {allowed})")


def address_of(host: str, port: int, grants: tuple[str, ...]) -> str:
    """Numeric address of a granted host; raises ToolFailure when it is not granted, unknown or private."""
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
    raise ToolFailure(f"{host} leads to a private address, which is not permitted")


def _granted(host: str, port: int, grant: str) -> bool:
    name, only = _split(grant)
    return fnmatch.fnmatchcase(host, name) and only in ("", str(port))


def _names(host: str, port: int, grant: str) -> bool:
    """Is it this very host, not a pattern that covers it?"""
    return _split(grant)[0] == host and _granted(host, port, grant)


def _split(grant: str) -> tuple[str, str]:
    """Host and port of a grant; a bare IPv6 address has colons and no port."""
    name, _, port = grant.partition(":") if grant.count(":") == 1 else (grant, "", "")
    return name, port


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
