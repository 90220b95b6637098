"""The loopback server as seen by a plain client."""

import http.client
import json
import re

import pytest

from skvm.testing import Fault, LoopbackServer, Say, closed_port

pytestmark = pytest.mark.net


def post(server, path, body):
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        link.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = link.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        link.close()


def events(raw):
    return [line.removeprefix("data: ") for line in raw.decode().splitlines() if line.startswith("data: ")]


def test_openai_without_streaming():
    with LoopbackServer(Say("hi", [("t", {"a": 1})])) as server:
        status, raw, _ = post(server, "/v1/chat/completions", {"model": "m", "messages": []})
    message = json.loads(raw)["choices"][0]["message"]
    assert (status, message["content"]) == (200, "hi")
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"a": 1}


def test_openai_streaming_splits_arguments_and_ends_with_usage():
    body = {"model": "m", "messages": [], "stream": True, "stream_options": {"include_usage": True}}
    with LoopbackServer(Say("", [("t", {"a": "ü"})], usage=(9, 4, 2))) as server:
        _, raw, _ = post(server, "/v1/chat/completions", body)
    rows = events(raw)
    assert rows[-1] == "[DONE]"
    usage = json.loads(rows[-2])["usage"]
    assert (usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"]) == (9, 2)
    deltas = [d for r in rows[:-2] for c in json.loads(r)["choices"] for d in c["delta"].get("tool_calls", [])]
    assert len(deltas) == 3
    assert json.loads("".join(d["function"]["arguments"] for d in deltas)) == {"a": "ü"}


def test_usage_only_when_asked_for():
    with LoopbackServer() as server:
        _, raw, _ = post(server, "/v1/chat/completions", {"messages": [], "stream": True})
    assert b"usage" not in raw


def test_anthropic_both_ways():
    with LoopbackServer(Say("hi", [("t", {"a": 1})], usage=(9, 4, 2))) as server:
        _, raw, _ = post(server, "/v1/messages?beta=true", {"messages": [], "stream": True})
        kinds = [json.loads(r)["type"] for r in events(raw)]
        _, whole, _ = post(server, "/v1/messages", {"messages": []})
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    body = json.loads(whole)
    assert body["stop_reason"] == "tool_use"
    assert body["usage"] == {"input_tokens": 7, "cache_read_input_tokens": 2, "output_tokens": 4}


def test_requests_are_kept_and_tool_results_counted():
    openai = [{"role": "tool", "content": "one"}, {"role": "tool", "content": [{"type": "text", "text": "two"}]}]
    anthropic = [{"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "three"}]}]}]
    with LoopbackServer(lambda asked: Say(str(len(asked.results)))) as server:
        post(server, "/v1/chat/completions", {"messages": openai, "tools": [{"function": {"name": "f"}}]})
        post(server, "/v1/messages", {"messages": anthropic, "tools": [{"name": "g"}]})
        post(server, "/v1/responses", {"input": [{"type": "function_call_output", "output": "four"}], "tools": [{"name": "h"}]})
    assert [a.results for a in server.requests] == [["one", "two"], ["three"], ["four"]]
    assert [a.tools for a in server.requests] == [["f"], ["g"], ["h"]]


def test_responses_in_pieces_and_whole_say_the_same():
    say = Say("Grüße", calls=[("look", {"path": "a.txt"}), ("look", {"path": "b.txt"})], usage=(7, 4, 2))
    with LoopbackServer(say) as server:
        _, raw, _ = post(server, "/v1/responses", {"input": "hi", "stream": True})
        _, whole, _ = post(server, "/v1/responses", {"input": "hi"})
    rows = [json.loads(part.partition("data: ")[2]) for part in raw.decode().split("\n\n") if part]
    body = json.loads(whole)
    assert rows[0]["type"] == "response.created" and rows[-1]["type"] == "response.completed"
    assert rows[-1]["response"] == body and [e["sequence_number"] for e in rows] == list(range(len(rows)))
    assert "".join(e["delta"] for e in rows if e["type"] == "response.output_text.delta") == "Grüße"
    made = "".join(e["delta"] for e in rows if e["type"] == "response.function_call_arguments.delta")
    assert made == "".join(item["arguments"] for item in body["output"][1:]) == '{"path": "a.txt"}{"path": "b.txt"}'
    assert body["usage"]["input_tokens"] == 7 and body["usage"]["input_tokens_details"] == {"cached_tokens": 2}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
def test_ids_of_calls_differ_from_turn_to_turn(path):
    with LoopbackServer(Say(calls=[("look", {}), ("look", {})])) as server:
        turns = [[{"role": "user", "content": "hi"}] * n for n in (1, 2)]
        rows = [post(server, path, {"input" if path.endswith("responses") else "messages": rows})[1].decode() for rows in turns]
    found = [re.findall(r'"((?:call|toolu)_[0-9_]+)"', row) for row in rows]
    assert len({*found[0], *found[1]}) == 4 and len(found[0]) == len(found[1]) == 2


def test_status_with_retry_after():
    with LoopbackServer(Fault(status=429, retry_after=3)) as server:
        status, _, headers = post(server, "/v1/chat/completions", {"messages": []})
    assert (status, headers["Retry-After"]) == (429, "3")


def test_script_that_raises_is_told_and_kept():
    with LoopbackServer(lambda asked: 1 / 0) as server:
        status, raw, _ = post(server, "/v1/chat/completions", {"messages": []})
        assert isinstance(server.failures[0], ZeroDivisionError)
    assert status == 500
    assert b"ZeroDivisionError" in raw


def test_body_that_is_no_json():
    with LoopbackServer() as server:
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        link.request("POST", "/v1/chat/completions", b"{")
        assert link.getresponse().status == 400
        link.close()
    assert not server.requests


def test_others_and_models_are_answered():
    with LoopbackServer() as server:
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for method, path in (("GET", "/v1/models"), ("HEAD", "/")):
            link.request(method, path)
            answer = link.getresponse()
            assert (answer.status, bool(answer.read())) == (200, method == "GET")
        link.close()


def test_closed_port_refuses():
    with closed_port() as address, pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(address.removeprefix("http://").removesuffix("/v1"), timeout=10).request("GET", "/")
