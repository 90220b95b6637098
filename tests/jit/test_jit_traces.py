"""Recorded runs of four programs: the same record whatever the format, a broken line costs only itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.app.foreseeing import learned
from skvm.diag import UsageError
from skvm.jit.traces import FORMATS, Call, Run, read_traces

WORDS = "Which lamps are in lamps.csv?"
STEPS: list[tuple[str, list[tuple[str, dict[str, Any], str, bool]]]] = [
    ("I look.", [("list_files", {"path": "."}, "lamps.csv\n", True)]),
    ("", [("read_file", {"path": "lamps.csv"}, "desk,2\n", True), ("read_file", {"path": "none"}, "no such file", False)]),
    ("Two desk lamps.", []),
]
"""What a model said, and its calls with results."""

EXPECTED = [
    (WORDS, 0, ["list_files"]),
    (None, 1, ["read_file", "read_file"]),
    (None, 3, []),
]


def chat_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": WORDS}]
    for at, (text, calls) in enumerate(STEPS):
        made = [
            {"id": f"c{at}.{n}", "function": {"name": t, "arguments": json.dumps(a)}} for n, (t, a, _, _) in enumerate(calls)
        ]
        rows.append({"role": "assistant", "content": text or None, **({"tool_calls": made} if made else {})})
        rows += [
            {"role": "tool", "tool_call_id": f"c{at}.{n}", "content": out if ok else f"Error: {out}"}
            for n, (_, _, out, ok) in enumerate(calls)
        ]
    return rows


def claude_rows() -> list[dict[str, Any]]:
    """Every block a row; the result of the first call stands before the second call of the same answer."""
    rows: list[dict[str, Any]] = [{"type": "queue-operation", "operation": "enqueue", "content": WORDS}]

    def put(role: str, content: Any, **more: Any) -> None:
        message = {"role": role, "content": content, **({"id": more.pop("id")} if "id" in more else {})}
        rows.append({"type": role, "isSidechain": False, "message": message, **more})

    put("user", "Caveat: from the program.", isMeta=True)
    put("user", WORDS)
    put("user", "words for a sub-agent")
    rows[-1]["isSidechain"] = True
    for at, (text, calls) in enumerate(STEPS):
        if text:
            put("assistant", [{"type": "text", "text": text}], id=f"m{at}")
        for n, (tool, args, out, ok) in enumerate(calls):
            put("assistant", [{"type": "tool_use", "id": f"t{at}.{n}", "name": tool, "input": args}], id=f"m{at}")
            result = {
                "type": "tool_result",
                "tool_use_id": f"t{at}.{n}",
                "content": out if n else [{"type": "text", "text": out}],
            }
            put("user", [{**result, **({} if ok else {"is_error": True})}])
        rows.append({"type": "attachment", "attachment": {"type": "date"}})
    return [{**row, "sessionId": "s1", "uuid": str(at)} for at, row in enumerate(rows)]


def codex_rows() -> list[dict[str, Any]]:
    """Items of an answer after each other, then their results with what the program puts above them."""
    rows: list[tuple[str, dict[str, Any]]] = [("session_meta", {"id": "s1", "cwd": "/w"})]

    def item(kind: str, **more: Any) -> None:
        rows.append(("response_item", {"type": kind, **more}))

    def said(role: str, text: str, origin: str = "") -> None:
        more = {"content_item_metadata": [{"provenance": {"type": origin}}]} if origin else {}
        item("message", role=role, content=[{"type": "text", "text": text}], internal_chat_message_metadata_passthrough=more)

    said("developer", "Rules of the program.")
    said("user", "<environment_context>\n<cwd>/w</cwd>\n</environment_context>")
    said("user", "You are in /w.", "harness")
    said("user", WORDS, "user")
    for at, (text, calls) in enumerate(STEPS):
        if text:
            said("assistant", text)
        for n, (tool, args, _, _) in enumerate(calls):
            item("reasoning", summary=[])
            item("function_call", name=tool, arguments=json.dumps(args), call_id=f"c{at}.{n}")
        rows.append(("event_msg", {"type": "token_count"}))
        for n, (_, _, out, ok) in enumerate(calls):
            head = f"Chunk ID: a{n}\nWall time: 0.1 seconds\nProcess exited with code {int(not ok)}\nOutput:\n"
            item("function_call_output", call_id=f"c{at}.{n}", output=head + out)
    return [{"timestamp": "2026-01-01T00:00:00Z", "ordinal": at, "type": k, "payload": p} for at, (k, p) in enumerate(rows)]


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


FILES = {
    "messages": lambda: lines(chat_rows()),
    "conversation": lambda: lines([{"id": "s1", "task": WORDS, "messages": chat_rows()}]),
    "claude": lambda: lines(claude_rows()),
    "codex": lambda: lines(codex_rows()),
}


def only(folder: Path, name: str, tell: Any = None) -> Run:
    file = folder / f"{name}.jsonl"
    file.write_text(FILES[name](), encoding="utf-8")
    (run,) = read_traces(file, tell)
    return run


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_record(name: str, tmp_path: Path) -> None:
    run = only(tmp_path, name)
    assert run.task == WORDS
    assert [(t.said, len(t.done), [c.tool for c in t.made]) for t in run.turns] == EXPECTED
    done = run.turns[-1].done
    assert [(c.tool, c.args, c.ok) for c in done] == [(t, a, ok) for _, calls in STEPS for t, a, _, ok in calls]
    assert [c.result for c in done if c.ok] == ["lamps.csv\n", "desk,2\n"]


def test_results_stand_in_the_order_of_the_calls(tmp_path: Path) -> None:
    rows = chat_rows()
    results = [at for at, row in enumerate(rows) if str(row.get("tool_call_id", "")).startswith("c1.")]
    rows[results[0]], rows[results[1]] = rows[results[1]], rows[results[0]]
    (tmp_path / "s.jsonl").write_text(lines(rows))
    (run,) = read_traces(tmp_path)
    assert run.turns == only(tmp_path, "messages").turns


@pytest.mark.parametrize("name", ["messages", "claude", "codex"])
def test_a_broken_line_is_told_and_the_rest_is_read(name: str, tmp_path: Path) -> None:
    whole = FILES[name]().splitlines()
    file = tmp_path / "s.jsonl"
    told: list[UsageError] = []
    for cut in range(len(whole) + 1):
        file.write_text("\n".join([*whole[:cut], '{"type": "user", "mess', *whole[cut:]]))
        told.clear()
        (run,) = read_traces(file, told.append)
        assert [t.made for t in run.turns] == [t.made for t in only(tmp_path, name).turns]
        assert [f"s.jsonl:{cut + 1}" in e.line() and "\n" not in e.line() for e in told] == [True]
    with pytest.raises(UsageError):
        list(read_traces(file))


@pytest.mark.parametrize("name", ["messages", "claude", "codex"])
def test_half_a_file_gives_the_half_that_is_there(name: str, tmp_path: Path) -> None:
    text = FILES[name]()
    full = only(tmp_path, name)
    file = tmp_path / "half.jsonl"
    for cut in range(0, len(text), 7):
        file.write_text(text[:cut])
        told: list[UsageError] = []
        found = list(read_traces(file, told.append))
        assert len(found) <= 1 and len(told) <= 2
        for run in found:
            assert len(run.turns) <= len(full.turns)
            for turn, whole in zip(run.turns, full.turns, strict=False):
                assert turn.done == whole.done and turn.made == whole.made[: len(turn.made)]


def test_a_row_of_another_shape_is_told_with_its_line(tmp_path: Path) -> None:
    rows = {
        "claude": {"sessionId": "s1", "type": "assistant", "message": {"role": "assistant", "content": [{"type": "tool_use"}]}},
        "codex": {"type": "response_item", "payload": {"type": "function_call", "name": "f", "arguments": "{", "call_id": "1"}},
        "messages": {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    }
    for name, odd in rows.items():
        file = tmp_path / f"{name}.jsonl"
        file.write_text(FILES[name]() + json.dumps(odd) + "\n")
        told: list[UsageError] = []
        (run,) = read_traces(file, told.append)
        assert len(run.turns) == 3
        place = f"{name}.jsonl:{len(FILES[name]().splitlines()) + 1}"
        assert [place in e.line() for e in told] == [True]


def test_a_file_of_no_format_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"theme": "dark"}')
    (tmp_path / "list.jsonl").write_text('{"display": "hi"}\n' * 50)
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00\n")
    (tmp_path / "empty.jsonl").write_text("")
    told: list[UsageError] = []
    assert list(read_traces(tmp_path, told.append)) == []
    assert sorted(e.where.rpartition("/")[2] for e in told) == ["bytes.jsonl:1", "list.jsonl:1", "settings.json:1"]


def test_what_is_learned_says_what_it_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(FILES["claude"]() + "{broken\n")
    made = learned([tmp_path], [])
    assert made["runs"] == 1 and len(made["problems"]) == 1 and "a.jsonl:" in made["problems"][0]
    (tmp_path / "a.jsonl").write_text("{broken\n")
    with pytest.raises(UsageError) as caught:
        learned([tmp_path], [])
    assert "a.jsonl:1" in caught.value.line()


def test_old_and_other_results_of_codex_stay_whole() -> None:
    codex: Any = FORMATS["Codex session"]
    assert codex._output("Output: 3") == ("Output: 3", False)
    assert codex._output([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]) == ("ab", False)
    assert codex._output("Exit\nProcess exited with code 2\nOutput:\nx\nOutput:\ny") == ("x\nOutput:\ny", True)


KEYS = st.sampled_from(
    ["type", "role", "content", "message", "messages", "payload", "sessionId", "id", "name", "tool_calls", "schema"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
SEED = st.sampled_from(["messages", "claude", "codex", "conversation"])


@settings(max_examples=60)
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5), max_size=5), SEED, st.integers(0, 30))
def test_any_rows_give_runs_and_lines_never_an_exception(rows: list[dict[str, Any]], name: str, at: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        whole = FILES[name]().splitlines()
        file = Path(folder) / "x.jsonl"
        file.write_text("\n".join([*whole[:at], *(json.dumps(row) for row in rows), *whole[at:]]))
        told: list[UsageError] = []
        for run in read_traces(file, told.append):
            assert all(isinstance(call, Call) for turn in run.turns for call in turn.made)
        assert all("x.jsonl:" in e.line() for e in told)
