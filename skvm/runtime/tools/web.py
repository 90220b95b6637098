"""web_fetch: GET of granted hosts only. Blocking; run in a thread that can be abandoned.

The name is resolved once and the connection goes to that address, so that a second answer of the resolver cannot redirect it;
private and loopback addresses are reached only when the grant names the address (or `localhost`) itself.
"""

from __future__ import annotations

import fnmatch
import http.client
import ipaddress
import socket
import ssl
from html.parser import HTMLParser
from urllib.parse import SplitResult, urljoin, urlsplit

from skvm.runtime.tools.files import MAX_RESULT, ToolFailure

MAX_BODY = 4 * 1024**2
MAX_HOPS = 5
SECONDS = 30.0


def web_fetch(url: str, hosts: tuple[str, ...], seconds: float = SECONDS) -> str:
    """Status line and text of a page; raises ToolFailure."""
    for _ in range(MAX_HOPS):
        parts = _permitted(url, hosts)
        status, headers, body = _get(parts, hosts, seconds)
        if status in (301, 302, 303, 307, 308) and headers.get("location"):
            url = urljoin(url, headers["location"])
            continue
        text = body.decode("utf-8", "replace")
        if "html" in headers.get("content-type", ""):
            text = html_text(text)
        return f"status: {status}\n{text[:MAX_RESULT]}" + ("\n[cut]" if len(text) > MAX_RESULT else "")
    raise ToolFailure("too many redirects")


def _permitted(url: str, hosts: tuple[str, ...]) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ToolFailure(f"not an address: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ToolFailure("only http and https addresses can be fetched")
    if not any(_granted(host, grant) for grant in hosts):
        allowed = ", ".join(hosts) or "none"
        raise ToolFailure(f"the host {host} is not permitted for this step (permitted: {allowed})")
    return parts


def _granted(host: str, grant: str) -> bool:
    grant = grant.lower().rsplit(":", 1)[0] if grant.count(":") == 1 else grant.lower()
    return fnmatch.fnmatchcase(host.lower(), grant)


def _get(parts: SplitResult, hosts: tuple[str, ...], seconds: float) -> tuple[int, dict[str, str], bytes]:
    assert parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(parts.hostname, port, hosts)
    connection = _Pinned(parts.hostname, port, address, parts.scheme == "https", seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", target, headers={"User-Agent": "skvm", "Accept-Encoding": "identity"})
        reply = connection.getresponse()
        return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read(MAX_BODY)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ToolFailure(f"{parts.hostname} cannot be reached: {error}") from None
    finally:
        connection.close()


def _address(host: str, port: int, hosts: tuple[str, ...]) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolFailure(f"{host} cannot be resolved: {error}") from None
    named = any(host.lower() == grant.lower().split(":")[0] for grant in hosts) and (host == "localhost" or _is_ip(host))
    for *_, sockaddr in found:
        address = str(sockaddr[0])
        if named or ipaddress.ip_address(address.split("%")[0]).is_global:
            return address
    raise ToolFailure(f"{host} leads to a private address, which is not permitted")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, named by its host for `Host` and the certificate."""

    def __init__(self, host: str, port: int, address: str, secure: bool, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address
        self._secure = secure

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        if tag in ("p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4"):
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def html_text(page: str) -> str:
    """Visible text of a page."""
    parser = _Text()
    parser.feed(page)
    lines = (" ".join(line.split()) for line in "".join(parser.pieces).splitlines())
    return "\n".join(line for line in lines if line)
