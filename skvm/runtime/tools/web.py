"""web_fetch: GET of granted hosts only. Blocking; run in a thread that can be abandoned."""

from __future__ import annotations

import http.client
import socket
import ssl
from html.parser import HTMLParser
from urllib.parse import SplitResult, urljoin

from skvm.runtime.tools.files import MAX_RESULT, ToolFailure
from skvm.runtime.tools.hosts import PORTS, address_of, permitted

MAX_BODY = 4 * 1024**2
MAX_HOPS = 5
SECONDS = 30.0


def web_fetch(url: str, hosts: tuple[str, ...], seconds: float = SECONDS) -> str:
    """Status line and text of a page; raises ToolFailure."""
    for _ in range(MAX_HOPS):
        parts = permitted(url, hosts)
        status, headers, body = _get(parts, hosts, seconds)
        if status in (301, 302, 303, 307, 308) and headers.get("location"):
            url = urljoin(url, headers["location"])
            continue
        text = body.decode("utf-8", "replace")
        if "html" in headers.get("content-type", ""):
            text = html_text(text)
        return f"status: {status}\n{text[:MAX_RESULT]}" + ("\n[cut]" if len(text) > MAX_RESULT else "")
    raise ToolFailure("too many redirects")


def _get(parts: SplitResult, hosts: tuple[str, ...], seconds: float) -> tuple[int, dict[str, str], bytes]:
    assert parts.hostname
    port = parts.port or PORTS[parts.scheme]
    address = address_of(parts.hostname, port, hosts)
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
