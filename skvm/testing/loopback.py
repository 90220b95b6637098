"""A model server on 127.0.0.1 that speaks OpenAI's chat and responses and Anthropic's messages protocol, with faults.

It really streams, really asks for tools with arguments split over pieces, and answers from what is asked (how many tool results
the request holds), never from a counter, so that a repeated or a side request cannot shift the script.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from skvm.testing.answers import Asked, Fault, Say, Script
from skvm.testing.responses import responses_body, responses_events
from skvm.testing.wires import anthropic_body, anthropic_events, openai_body, openai_events

LONGEST = 60.0  # seconds after which a hanging or trickling answer gives up by itself


class LoopbackServer:
    """Serves a script until `close`; use it as a context manager. `script` may also be one answer for every request."""

    def __init__(self, script: Script | Say | Fault | None = None) -> None:
        answer = Say("ok") if script is None else script
        self._script: Script = answer if callable(answer) else lambda _: answer
        self.requests: list[Asked] = []
        self.failures: list[Exception] = []
        self._lock = threading.Lock()
        self._waiting = 0
        self.closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def base_url(self) -> str:
        """Base address for OpenAI clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def anthropic_url(self) -> str:
        """Base address for Anthropic clients."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def waiting(self) -> int:
        """Answers under way: hanging, stalled or trickling ones until they end."""
        return self._waiting

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count one answer while it is given."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def answer(self, asked: Asked) -> Say | Fault:
        """Note the request and ask the script; a script that raises is told to the client and kept in `failures`."""
        with self._lock:
            self.requests.append(asked)
        try:
            return self._script(asked)
        except Exception as error:
            self.failures.append(error)
            return Fault(status=500, message=f"the script of the loopback server failed: {error!r}")

    def close(self) -> None:
        """Stop serving; answers that hang end now."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> LoopbackServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


@contextmanager
def closed_port() -> Iterator[str]:
    """Base address of a port that refuses connections and stays reserved meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}/v1"


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: LoopbackServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what many tests are about; nothing is printed."""


@dataclass(slots=True)
class _Wire:
    """One protocol: events of a stream, the body without streaming, one piece that leaves the answer open."""

    events: Callable[[dict[str, Any], Say, bool], list[str]]
    body: Callable[[dict[str, Any], Say], dict[str, Any]]
    error: Callable[[Fault], dict[str, Any]]


def _openai_error(fault: Fault) -> dict[str, Any]:
    return {"error": {"message": fault.message, "type": fault.code or None, "code": fault.code or None}}


def _anthropic_error(fault: Fault) -> dict[str, Any]:
    return {"type": "error", "error": {"type": fault.code or "api_error", "message": fault.message}}


_OPENAI = _Wire(openai_events, openai_body, _openai_error)
_ANTHROPIC = _Wire(anthropic_events, anthropic_body, _anthropic_error)
_RESPONSES = _Wire(responses_events, responses_body, _openai_error)
_WIRES = {"messages": _ANTHROPIC, "responses": _RESPONSES}
"""By the last part of the path; anything else is OpenAI's chat."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        """Clients look whether somebody is there."""
        self._json(200, {})

    def do_GET(self) -> None:
        """A list of models, for clients that ask first."""
        self._json(200, {"object": "list", "data": [{"id": "loopback", "object": "model"}]})

    def do_POST(self) -> None:
        """A model call."""
        raw = self._read()
        try:
            body = json.loads(raw)
        except ValueError:
            self._json(400, {"error": {"message": "the request is not JSON"}})
            return
        path = self.path.partition("?")[0]
        wire = _WIRES.get(path.rpartition("/")[2], _OPENAI)
        answer = self.server.owner.answer(Asked(path, {k.lower(): v for k, v in self.headers.items()}, body))
        with suppress(ConnectionError), self.server.owner.under_way():
            if isinstance(answer, Fault):
                self._fail(answer, wire, body)
            elif body.get("stream"):
                self._stream(wire.events(body, answer, True))
            else:
                self._json(200, wire.body(body, answer))

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _json(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _open_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _stream(self, events: list[str]) -> None:
        self._open_stream()
        for event in events:
            self._chunk(event)
        self.wfile.write(b"0\r\n\r\n")

    def _fail(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        getattr(self, f"_fail_{fault.kind}")(fault, wire, body)

    def _fail_status(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        self._json(fault.status, wire.error(fault), headers)

    def _fail_hang(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        self.server.owner.closing.wait(LONGEST)
        self.close_connection = True

    def _fail_stall(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        self._open_stream()
        for event in wire.events(body, Say("never finished"), True)[:2]:
            self._chunk(event)
        self.server.owner.closing.wait(LONGEST)

    def _fail_trickle(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        self._open_stream()
        opening, piece = _opening(wire, body)
        self._chunk(opening)
        for _ in range(int(LONGEST * 10)):
            self._chunk(piece)
            if self.server.owner.closing.wait(0.1):
                return

    def _fail_cut(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        self._open_stream()
        opening, piece = _opening(wire, body)
        self._chunk(opening)
        self.wfile.write(b"%x\r\n%s" % (len(piece) + 100, piece.encode()[:-5]))

    def _fail_end(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        opening, piece = _opening(wire, body)
        self._stream([opening, piece])

    def _fail_garbage(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        self._open_stream()
        self._chunk("data: <html>this is no answer</html>\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _fail_foreign(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        self._stream([*('data: {"result": {"words": ["yes"]}, "ok": true}\n\n',) * 2, "data: [DONE]\n\n"])

    def _fail_plain(self, fault: Fault, wire: _Wire, body: dict[str, Any]) -> None:
        self._json(200, {"detail": "this is no answer"})


def _opening(wire: _Wire, body: dict[str, Any]) -> tuple[str, str]:
    """What a stream begins with, and one piece of text that may be repeated."""
    events = wire.events(body, Say("word"), False)
    at = next(i for i, e in enumerate(events) if "word" in e)
    return "".join(events[:at]), events[at]
