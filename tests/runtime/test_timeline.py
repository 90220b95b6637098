from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from runtime_kit import Gate, ScriptedModel, artifact, call, chain, code, finish, reply, run, step

from skvm.ir import Effects
from skvm.plan import Event, EventKind
from skvm.runtime.timeline import events_lines, live_line, timeline_json, timeline_text, trace, trace_html


def event(seq: int, time: float, kind: EventKind, node: str = "", scope: str = "", **data: Any) -> Event:
    return Event(run="r", seq=seq, time=time, kind=kind, node=node, scope=scope, data=data)


def span(seq: int, node: str, start: float, end: float, scope: str = "") -> list[Event]:
    done = {"status": "done", "executor": "code", "seconds": end - start}
    return [
        event(seq, start, EventKind.NODE_START, node, scope, executor="code"),
        event(seq + 1, end, EventKind.NODE_END, node, scope, result=done),
    ]


def test_lanes_and_the_path_that_was_waited_for() -> None:
    events = [*span(1, "a", 0.0, 1.0), *span(3, "b", 0.0, 3.0), *span(5, "c", 3.0, 4.0), *span(7, "d", 1.0, 1.5)]
    seen = trace(sorted(events, key=lambda e: e.time))
    rows = {r.node: r for r in seen.rows}
    assert {n for n, r in rows.items() if r.critical} == {"b", "c"}
    assert rows["a"].lane == rows["d"].lane != rows["b"].lane
    assert (rows["c"].start, rows["c"].end, seen.seconds) == (3.0, 4.0, 4.0)


def test_a_real_run(tmp_path: Path) -> None:
    model = ScriptedModel({"b": [reply(call("write_file", path="f", content="<script>alert(1)</script>")), finish()]})
    art = artifact([code("a", "echo '<b>x</b>'"), step("b", effects=Effects(writes=("f",))), step("c")], chain("a", "b"))
    one = run(art, tmp_path, model)
    seen = trace(one.events, art)
    assert [(r.node, r.model_calls, r.tool_calls) for r in seen.rows] == [("a", 0, 1), ("c", 1, 0), ("b", 2, 1)]
    assert seen.status == "done" and seen.rows[0].title == "Step a"
    text = timeline_text(one.events, art)
    assert "█" in text or "▏" in text
    assert re.search(r"^\* b", text, re.MULTILINE) and "3 model calls, 45 tokens" in text
    body = timeline_json(one.events)
    assert len(body["events"]) == len(one.events) and body["rows"][0]["tool_calls"] == 1
    lines = [live_line(e) for e in one.events]
    assert any("write_file f" in line for line in lines) and lines[-1].endswith("run done")
    page = trace_html(one.events, art)
    assert "<script" not in page and "&lt;script&gt;" in page and "&lt;b&gt;x&lt;/b&gt;" in page
    assert not re.search(r"(?:src|href)=|url\(|@import|https?://", page)
    _balanced(page)


def test_hostile_names_are_escaped() -> None:
    nasty = '"><img src=x onerror=alert(1)>'
    events = [
        event(1, 0.0, EventKind.NODE_START, nasty, nasty, executor=nasty),
        event(2, 0.1, EventKind.DIAG, nasty, nasty, message=nasty + "\x1b[31m"),
        event(3, 0.2, EventKind.NODE_END, nasty, nasty, result={"status": nasty, "reason": nasty}),
        event(4, 0.3, EventKind.RUN_END, status=nasty, reason=nasty),
    ]
    assert "<img" not in trace_html(events)
    assert "\x1b" not in timeline_text(events) and "\x1b" not in "".join(map(live_line, events))


def test_unfinished_and_empty_runs() -> None:
    begun = [
        event(1, 0.0, EventKind.RUN_START, model="m", simulated=True),
        event(2, 0.0, EventKind.NODE_START, "a", executor="model"),
        event(3, 0.1, EventKind.TOOL_INTENT, "a", call="a:0.1", tool="write_file", args={"path": "x"}),
    ]
    seen = trace(begun)
    assert seen.status == "running" and seen.simulated and seen.rows[0].calls[0].ok is False
    assert "SIMULATED" in timeline_text(begun) and "SIMULATED" in trace_html(begun)
    assert trace([]).rows == () and timeline_text([]) and trace_html([])


def test_gates_and_skips(tmp_path: Path) -> None:
    from test_controls import BRANCHED, gate

    art = artifact([gate("G"), *BRANCHED], chain("G", "a", "B", "z"))
    one = run(art, tmp_path, ScriptedModel({"a": [finish(n=9)]}), gate=Gate({"G": True}))
    seen = {r.node: r for r in trace(one.events, art).rows}
    assert seen["G"].executor == "person" and seen["G"].status == "done" and "approved by test" in seen["G"].notes
    assert seen["y"].status == "skipped" and not seen["y"].critical and "chose many by expression" in seen["B"].notes


def _balanced(page: str) -> None:
    stack: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in ("meta", "br"):
                stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert stack.pop() == tag

    Parser().feed(page)
    assert not stack


def test_events_as_lines() -> None:
    odd = Event(run="r", seq=1, time=0.0, kind=EventKind.DIAG, node="a", data={"message": "two\nlines \ud800 \u2028"})
    text = events_lines([odd, odd.model_copy(update={"seq": 2})])
    assert text.isascii() and text.endswith("\n")
    assert [Event.model_validate(json.loads(line)) for line in text.splitlines()] == [odd, odd.model_copy(update={"seq": 2})]
    assert events_lines([]) == ""
