"""The browser as a step agent uses it, against a real one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from runtime_kit import ScriptedModel, artifact, call, chain, finish, reply, run, step

from skvm.adapters.chromium import find_chromium
from skvm.plan import EventKind
from skvm.runtime.timeline import trace

browsers = find_chromium()
pytestmark = [pytest.mark.net, pytest.mark.skipif(browsers is None, reason="no Chromium or no bubblewrap on this machine")]


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<p id=x></p><button onclick=\"x.textContent='now ' + 6 * 7\">Show</button>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_step_with_a_host_is_offered_a_browser_and_a_step_without_is_not(tmp_path: Path, host: str) -> None:
    rows = [
        reply(call("browser", action="click", target="Show")),
        reply(call("browser", action="open", url=f"http://{host}/")),
        reply(call("browser", action="click", target="Show")),
        reply(call("browser", action="open", url="http://127.0.0.1:1/")),
        finish(),
    ]
    model = ScriptedModel({"a": rows, "b": [reply(call("browser", action="open", url=f"http://{host}/")), finish()]})
    before = children()
    one = run(artifact([step("a", hosts=(host,)), step("b")], chain("a", "b")), tmp_path, model, browsers=browsers)
    said = [e.data["result"] for e in one.events if e.kind is EventKind.TOOL_RESULT]
    assert "open" in said[0]
    assert "now 42" not in said[1]
    assert "now 42" in said[2]
    assert "not permitted" in said[3]
    assert "no browser" in said[4]
    offered = {r.tag.step: {t.name for t in r.tools} for r in model.requests}
    assert "browser" in offered["a"]
    assert "browser" not in offered["b"]
    assert children() == before
    reached = [(e.node, e.data["host"], e.data["ok"]) for e in one.events if e.kind is EventKind.NET_REACH]
    assert ("a", "127.0.0.1", True) in reached and ("a", "127.0.0.1", False) in reached
    assert not [e for e in one.events if e.kind is EventKind.DENIED], "its maker's hosts are no denials of the step"
    assert one.events[-1].kind is EventKind.RUN_END
    assert any(f"reached {host}" in note for row in trace(one.events).rows for note in row.notes)


def test_a_deadline_ends_a_browser_too(tmp_path: Path, host: str) -> None:
    rows = [reply(call("browser", action="open", url=f"http://{host}/")), reply(call("browser", action="wait", text="never"))]
    before = children()
    art = artifact([step("a", hosts=(host,))])
    one = run(art, tmp_path, ScriptedModel({"a": [*rows, finish()]}), browsers=browsers, deadline=6.0)
    assert one.outcome is not None
    assert one.outcome.status == "limit"
    assert children() == before
