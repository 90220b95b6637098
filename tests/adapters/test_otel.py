"""Runs as spans: shape, times, errors, nothing of their content; and over the wire to a collector on 127.0.0.1."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from skvm.plan import Event, EventKind

pytest.importorskip("opentelemetry.sdk", reason="needs the extra otel")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra otel")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from skvm.adapters.otel import SpanSink, names, open_sink

K = EventKind
SECRET = "s3cret-text-of-a-step"
STORY: list[tuple[float, EventKind, str, dict[str, Any]]] = [
    (0.0, K.RUN_START, "", {"skill": "greet", "model": "m", "plan": "sha256:1", "mode": "plan", "simulated": True}),
    (0.1, K.NODE_START, "S1.s1", {"executor": "model", "attempt": 0, "title": "Greet", "effect": "pure"}),
    (0.2, K.MODEL_CALL, "S1.s1", {"model": "m", "question": "step"}),
    (0.3, K.RETRY, "S1.s1", {"kind": "rate", "wait": 0.5}),
    (
        0.9,
        K.MODEL_REPLY,
        "S1.s1",
        {"usage": {"prompt": 7, "completion": 3, "cached": 2}, "finish": "tool_calls", "text": SECRET, "cost": 0.5},
    ),
    (
        1.0,
        K.TOOL_INTENT,
        "S1.s1",
        {"call": "c1", "tool": "execute_command", "args": {"command": SECRET}, "effect": "effectful"},
    ),
    (1.5, K.TOOL_RESULT, "S1.s1", {"call": "c1", "ok": False, "result": SECRET}),
    (1.6, K.NODE_END, "S1.s1", {"result": {"status": "failed", "executor": "model", "summary": SECRET}}),
    (1.7, K.NODE_SKIP, "S1.s2", {"reason": SECRET}),
    (1.8, K.RUN_END, "", {"status": "failed", "exit_code": 4, "reason": SECRET}),
]


def events(story: list[tuple[float, EventKind, str, dict[str, Any]]] = STORY) -> Iterator[Event]:
    for seq, (time, kind, node, data) in enumerate(story, 1):
        yield Event(run="r1", seq=seq, time=time, kind=kind, node=node, data=data)


def spans(story: list[tuple[float, EventKind, str, dict[str, Any]]] = STORY) -> dict[str, Any]:
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    sink = SpanSink(provider.get_tracer("test"), clock=lambda: 10**18)
    for event in events(story):
        sink.emit(event)
    return {span.name: span for span in memory.get_finished_spans()}


def test_a_run_holds_steps_which_hold_calls() -> None:
    found = spans()
    run, step = found["invoke_agent greet"], found["step S1.s1"]
    assert set(found) == {"invoke_agent greet", "step S1.s1", "chat m", "execute_tool execute_command"}
    assert run.parent is None
    assert step.parent.span_id == run.context.span_id
    for name in ("chat m", "execute_tool execute_command"):
        assert found[name].parent.span_id == step.context.span_id
    assert len({span.context.trace_id for span in found.values()}) == 1


def test_times_are_those_of_the_events() -> None:
    found = spans()
    assert (found["chat m"].start_time, found["chat m"].end_time) == (10**18 + 200_000_000, 10**18 + 900_000_000)
    assert found["invoke_agent greet"].end_time == 10**18 + 1_800_000_000


def test_usage_errors_and_moments() -> None:
    found = spans()
    chat = found["chat m"].attributes
    assert (chat[names.INPUT_TOKENS], chat[names.OUTPUT_TOKENS], chat[names.CACHED_TOKENS], chat[names.COST]) == (7, 3, 2, 0.5)
    assert found["execute_tool execute_command"].attributes[names.ERROR_TYPE] == "failed"
    assert found["invoke_agent greet"].attributes[names.STATUS] == "failed"
    assert [e.name for e in found["step S1.s1"].events] == ["retry"]
    assert [e.name for e in found["invoke_agent greet"].events] == ["node.skip"]


def test_nothing_of_the_content_is_sent() -> None:
    for span in spans().values():
        assert SECRET not in span.to_json()


def test_what_is_open_when_a_run_is_cut_ends_with_it() -> None:
    cut = [row for row in STORY if row[1] not in (K.MODEL_REPLY, K.TOOL_RESULT, K.NODE_END)]
    assert {span.end_time for span in spans(cut).values()} == {10**18 + 1_800_000_000}


class Collector(ThreadingHTTPServer):
    """Keeps what is posted to it."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.posted: list[tuple[str, bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.posted.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        return None


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.net
def test_a_real_run_reaches_a_collector(
    collector: Collector, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from skvm.app.carrying import run_blocking
    from skvm.app.running import RunOptions
    from skvm.app.settings import Settings

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    skill = tmp_path / "greet"
    skill.mkdir()
    (skill / "SKILL.md").write_text("---\nname: greet\ndescription: Use when greeting.\n---\n# Steps\n\n1. Write a poem.\n")
    monkeypatch.setattr("skvm.app.carrying.SPANS_SECONDS", 30.0)
    outcome = run_blocking(
        skill,
        RunOptions(model="sim/strong", task=SECRET, otel=True, solid=False),
        Settings(tmp_path / "home", tmp_path / "cache"),
    )
    found = [ExportTraceServiceRequest.FromString(body) for path, body in collector.posted if path == "/v1/traces"]
    sent = [span for request in found for r in request.resource_spans for scope in r.scope_spans for span in scope.spans]
    named = {span.name.split()[0] for span in sent}
    assert named >= {"invoke_agent", "step", "chat"}
    services = {
        a.value.string_value for f in found for r in f.resource_spans for a in r.resource.attributes if a.key == "service.name"
    }
    assert services == {"mine"}
    assert SECRET.encode() not in b"".join(body for _, body in collector.posted)
    run = next(span for span in sent if span.name.startswith("invoke_agent"))
    assert {a.key: a.value.string_value for a in run.attributes}["gen_ai.conversation.id"] == outcome.run
    assert capsys.readouterr().err == ""


@pytest.mark.net
def test_a_collector_that_is_away_is_told_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    from skvm.testing import closed_port

    with closed_port() as address:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        sink = open_sink()
        for event in events():
            sink.emit(event)
        assert sink.close(10.0) is False


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from skvm.app import carrying
    from skvm.diag import UsageError

    monkeypatch.setattr(carrying, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        carrying._spans()
    assert "skvm[otel]" in caught.value.line() and "\n" not in caught.value.line()


def test_attributes_are_plain_values() -> None:
    for span in spans().values():
        json.loads(span.to_json())
        assert all(isinstance(v, (str, int, float, bool, tuple)) for v in span.attributes.values())
