from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from skvm.runtime.tools.files import MAX_RESULT, ToolFailure
from skvm.runtime.tools.web import html_text, web_fetch

pytestmark = pytest.mark.net


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages: dict[str, tuple[int, dict[str, str], bytes]] = {
            "/": (200, {"Content-Type": "text/plain"}, b"hello"),
            "/page": (200, {"Content-Type": "text/html"}, b"<html><script>evil()</script><p>one</p><p>two &amp; 3</p></html>"),
            "/big": (200, {"Content-Type": "text/plain"}, b"x" * 300_000),
            "/away": (302, {"Location": "http://elsewhere.example/"}, b""),
            "/file": (302, {"Location": "file:///etc/passwd"}, b""),
            "/loop": (302, {"Location": "/loop"}, b""),
            "/near": (302, {"Location": "/"}, b""),
        }
        status, headers, body = pages.get(self.path, (404, {}, b"nothing here"))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_granted_pages(base: str) -> None:
    assert web_fetch(f"{base}/", ("127.0.0.1",)) == "status: 200\nhello"
    assert web_fetch(f"{base}/near", ("127.0.0.1",)) == "status: 200\nhello"
    assert web_fetch(f"{base}/page", ("127.0.0.1",)) == "status: 200\none\ntwo & 3"
    assert web_fetch(f"{base}/none", ("127.0.0.1",)).startswith("status: 404")
    assert len(web_fetch(f"{base}/big", ("127.0.0.1",))) < MAX_RESULT + 100


@pytest.mark.parametrize("path", ["/away", "/file", "/loop"])
def test_redirects_gain_nothing(base: str, path: str) -> None:
    with pytest.raises(ToolFailure):
        web_fetch(base + path, ("127.0.0.1",))


@pytest.mark.parametrize("grants", [(), ("example.com",), ("*",), ("*.0.0.1",), ("localhost",)])
def test_loopback_only_when_it_is_named(base: str, grants: tuple[str, ...]) -> None:
    with pytest.raises(ToolFailure):
        web_fetch(base, grants)


def test_text_of_a_page() -> None:
    assert html_text("<style>x</style><h1>A  B</h1><p>c<br>d</p></script>") == "A B\nc\nd"


def test_a_grant_with_a_port_is_for_that_port(base: str) -> None:
    port = int(base.rsplit(":", 1)[1])
    assert web_fetch(f"{base}/", (f"127.0.0.1:{port}",)) == "status: 200\nhello"
    with pytest.raises(ToolFailure, match="not permitted"):
        web_fetch(f"{base}/", (f"127.0.0.1:{port + 1}",))


def test_a_pattern_with_this_port_and_a_name_with_another_do_not_add_up(base: str) -> None:
    port = int(base.rsplit(":", 1)[1])
    with pytest.raises(ToolFailure, match="private"):
        web_fetch(f"{base}/", (f"*:{port}", f"127.0.0.1:{port + 1}"))
