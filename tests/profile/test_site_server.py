"""The server of kit sites, against real sockets."""

from __future__ import annotations

import json
import socket
from typing import Any

import anyio
import pytest
from anyio import to_thread

from skvm.diag import InternalError
from skvm.profile.kit.server import BODY_BYTES, HEAD_BYTES, serving
from skvm.profile.kit.site import Answer, Asked, Site

pytestmark = pytest.mark.net


def echo(asked: Asked) -> Answer:
    if asked.path == "/away":
        return Answer("", location="{{base}}/there?x=1")
    if asked.path == "/in":
        return Answer("{}", cookies={"pass": "abc"})
    if asked.path == "/none":
        return Answer("nothing", "text/plain", 404)
    body = {"m": asked.method, "p": asked.path, "q": dict(asked.query), "f": dict(asked.form), "c": dict(asked.cookies)}
    return Answer(json.dumps({**body, "next": "{{base}}/more"}))


def talk(base: str, *lines: str, body: bytes = b"") -> tuple[str, str]:
    """Head and body of the answer to a request written by hand."""
    host, port = base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        data = b""
        while piece := client.recv(65536):
            data += piece
    head, _, rest = data.decode().partition("\r\n\r\n")
    return head, rest


def asking(site: Site, *lines: str, body: bytes = b"") -> tuple[str, str, str]:
    async def main() -> tuple[str, str, str]:
        async with serving(site) as served:
            head, rest = await to_thread.run_sync(lambda: talk(served.base, *lines, body=body))
            return served.base, head, rest

    return anyio.run(main)


def test_queries_forms_and_cookies_arrive_and_the_base_is_filled_in():
    form = b"user=jo+l%C3%A9&x=&user=later"
    base, head, body = asking(
        Site(echo),
        "POST /do/it?page=2&page=3&q=a%20b HTTP/1.1",
        "Host: x",
        "Cookie: pass=abc; other=1",
        f"Content-Length: {len(form)}",
        body=form,
    )
    assert head.startswith("HTTP/1.1 200 OK")
    assert json.loads(body) == {
        "m": "POST",
        "p": "/do/it",
        "q": {"page": "2", "q": "a b"},
        "f": {"user": "jo l\u00e9", "x": ""},
        "c": {"pass": "abc", "other": "1"},
        "next": f"{base}/more",
    }


def test_redirects_cookies_and_statuses():
    base, head, _ = asking(Site(echo), "GET /away HTTP/1.1", "Host: x")
    assert head.startswith("HTTP/1.1 303 ")
    assert f"Location: {base}/there?x=1" in head
    assert "Set-Cookie: pass=abc; Path=/" in asking(Site(echo), "GET /in HTTP/1.1", "Host: x")[1]
    _, head, body = asking(Site(echo), "GET /none HTTP/1.1", "Host: x")
    assert head.startswith("HTTP/1.1 404 ")
    assert body == "nothing"
    assert asking(Site(echo), "HEAD / HTTP/1.1", "Host: x")[2] == ""


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("GET / HTTP/1.1 and more",), 400),
        (("nonsense",), 400),
        (("DELETE / HTTP/1.1",), 405),
        (("POST / HTTP/1.1", "Content-Length: many"), 411),
        (("POST / HTTP/1.1", f"Content-Length: {BODY_BYTES + 1}"), 413),
        (("GET http://[bad/ HTTP/1.1",), 400),
    ],
)
def test_what_is_not_a_request_is_refused(lines: tuple[str, ...], status: int):
    assert asking(Site(echo), *lines)[1].startswith(f"HTTP/1.1 {status} ")


def test_a_head_without_end_is_cut_off():
    async def main() -> None:
        async with serving(Site(echo)) as served:
            with pytest.raises((ConnectionError, AssertionError)):
                head, _ = await to_thread.run_sync(lambda: talk(served.base, "GET /" + "x" * 4 * HEAD_BYTES + " HTTP/1.1"))
                assert head

    anyio.run(main)


def test_many_at_once_and_ends_although_clients_hang():
    async def main() -> list[str]:
        held: list[socket.socket] = []
        found: list[str] = []

        async def one(number: int) -> None:
            found.append((await to_thread.run_sync(lambda: talk(served.base, f"GET /{number} HTTP/1.1", "Host: x")))[1])

        with anyio.fail_after(20):
            async with serving(Site(echo)) as served:
                address = ("127.0.0.1", int(served.host.rsplit(":", 1)[1]))
                held = [socket.create_connection(address) for _ in range(8)]
                held[0].sendall(b"GET / HT")
                async with anyio.create_task_group() as group:
                    for number in range(20):
                        group.start_soon(one, number)
        with pytest.raises(OSError):
            socket.create_connection(address, timeout=1).close()
        for client in held:
            client.close()
        return found

    found = anyio.run(main)
    assert sorted(json.loads(body)["p"] for body in found) == sorted(f"/{n}" for n in range(20))


def test_a_site_that_fails_is_our_error_not_the_models():
    def broken(asked: Asked) -> Any:
        return {}[asked.path]

    async def main() -> None:
        async with serving(Site(broken)) as served:
            head, _ = await to_thread.run_sync(lambda: talk(served.base, "GET / HTTP/1.1", "Host: x"))
            assert head.startswith("HTTP/1.1 500 ")

    with pytest.raises(InternalError, match="KeyError"):
        anyio.run(main)


def test_what_was_asked_is_noted_in_order_with_the_status():
    async def main() -> list[tuple[str, str, int]]:
        async with serving(Site(echo)) as served:
            for path in ("/one?page=2", "/away", "/none"):
                await to_thread.run_sync(lambda path=path: talk(served.base, f"GET {path} HTTP/1.1", "Host: x"))
            return [(v.asked.path, v.asked.query.get("page", ""), v.status) for v in served.visits]

    assert anyio.run(main) == [("/one", "2", 200), ("/away", "", 303), ("/none", "", 404)]
