"""What a sandbox must do for a program that may reach hosts: lead to those, through the proxy, and to nothing else.

Use it beside `SandboxSuite`: `class TestMine(OutletSuite)` with the same `make`.
"""
# ruff: noqa: D102 - test names say what they show

from __future__ import annotations

import socket
import threading
from abc import ABC
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from skvm.ports import HostRefused, Reach, SandboxLimits, SandboxResult
from skvm.testing.conformance.sandbox import PYTHON, SandboxSuite

BIG = 3_000_000

FETCH = """
import sys, urllib.error, urllib.request
for url in sys.argv[1:]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            body = answer.read()
            print(answer.status, len(body), body[:60].decode())
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode())
    except OSError as error:
        print("no", type(error).__name__)
"""

TUNNEL = """
import http.client, os, sys, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["https_proxy"])
link = http.client.HTTPConnection(proxy.hostname, proxy.port, timeout=20)
link.set_tunnel(sys.argv[1], int(sys.argv[2]))
try:
    link.request("GET", "/tunnelled")
    print(link.getresponse().read().decode())
except OSError as error:
    print(error)
"""

OWN = frozenset({"listen", "inherit-environment"})
"""Attempts that are none here: a program may listen in a network that holds nothing but itself, and it is told of its proxy
(what else stands in its environment is looked at by a test of its own)."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"x" * BIG if self.path == "/big" else f"host {self.headers['Host']} path {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


@contextmanager
def web() -> Iterator[int]:
    """The port of a web server on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def permits(*names: str) -> Reach:
    """Leads these names to loopback and refuses others."""

    async def reach(host: str, port: int) -> str:
        if host not in names:
            raise HostRefused(f"{host} is not granted")
        return "127.0.0.1"

    return reach


class OutletSuite(SandboxSuite, ABC):
    """The part of the contract that speaks of `reach`, on top of the rest."""

    def fetch(self, tmp_path: Path, *urls: str, reach: Reach | None) -> list[str]:
        """What a program says it got."""
        done = self.run(tmp_path, PYTHON, "-I", "-c", FETCH, *urls, reach=reach, limits=SandboxLimits(wall=60))
        assert done.exit_code == 0, (done.stderr, done.notes)
        return done.stdout.decode().splitlines()

    def test_granted_hosts_are_reached_and_others_are_named(self, tmp_path: Path) -> None:
        with web() as port:
            got, refused, big = self.fetch(
                tmp_path,
                f"http://good.invalid:{port}/a?b=c",
                f"http://bad.invalid:{port}/",
                f"http://good.invalid:{port}/big",
                reach=permits("good.invalid"),
            )
        assert got == f"200 {len(got) - 7} host good.invalid:{port} path /a?b=c"
        assert refused == "403 bad.invalid is not granted"
        assert big.startswith(f"200 {BIG} xxx")

    def test_without_reach_there_is_no_network(self, tmp_path: Path) -> None:
        with web() as port:
            assert self.fetch(tmp_path, f"http://good.invalid:{port}/", reach=None) == ["no URLError"]

    def test_tunnels(self, tmp_path: Path) -> None:
        with web() as port:
            for name, said in (("good.invalid", "path /tunnelled"), ("bad.invalid", "403")):
                done = self.run(tmp_path, PYTHON, "-I", "-c", TUNNEL, name, str(port), reach=permits("good.invalid"))
                assert said in done.stdout.decode(), (done.stdout, done.stderr)

    def test_a_host_that_does_not_answer(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        (said,) = self.fetch(tmp_path, f"http://good.invalid:{port}/", reach=permits("good.invalid"))
        assert said.startswith("502 good.invalid cannot be reached")

    def test_nonsense_to_the_proxy_ends_the_connection_only(self, tmp_path: Path) -> None:
        code = "import os, socket\nport = int(os.environ['http_proxy'].rpartition(':')[2])\n"
        code += "for text in ('nonsense', 'GET /x HTTP/1.1', 'CONNECT :0 HTTP/1.1', 'x' * 200000):\n"
        code += "    text = text.encode() + b'\\r\\n\\r\\n'\n    link = socket.create_connection(('127.0.0.1', port), 20)\n"
        code += "    try: link.sendall(text); print(link.recv(12))\n    except OSError: print(b'')\n"
        with web() as port:
            reach = permits("good.invalid")
            done = self.run(tmp_path, PYTHON, "-I", "-c", code + FETCH, f"http://good.invalid:{port}/a", reach=reach)
        lines = done.stdout.decode().splitlines()
        assert len(lines) == 5 and lines[-1].startswith("200"), (lines, done.stderr)
        assert set(lines[:-1]) <= {"b''", "b'HTTP/1.1 403'"}

    def test_status_words_and_environment_stay_the_programs(self, tmp_path: Path) -> None:
        script = 'echo "$1 $A"; env; echo err >&2; exit 3'
        env = {"PATH": "/usr/bin:/bin", "A": "b"}
        done = self.run(tmp_path, "sh", "-c", script, "own name", "one word", reach=permits(), env=env)
        assert (done.exit_code, done.stderr) == (3, b"err\n")
        first, *rest = done.stdout.decode().splitlines()
        assert first == "one word b"
        proxies = {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"}
        assert {line.split("=")[0] for line in rest} - {"TMPDIR", "PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "A"} | proxies

    def test_the_deadline_holds_with_a_connection_open(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://good.invalid:{silent.getsockname()[1]}/"
            limits = SandboxLimits(wall=2.0)
            done = self.run(tmp_path, PYTHON, "-I", "-c", FETCH, url, reach=permits("good.invalid"), limits=limits)
        assert done.reason == "timeout"

    def test_no_way_out_beside_the_outlet(self, tmp_path: Path) -> None:
        assert self.escapes(tmp_path, permits("good.invalid")) - OWN == set()

    def run(self, tmp_path: Path, *argv: str, **fields: object) -> SandboxResult:
        """As in the suite; a sandbox that does not grant the network says so, and the test fails on that."""
        done = super().run(tmp_path, *argv, **fields)
        assert not done.notes, done.notes
        return done
