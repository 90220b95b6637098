from __future__ import annotations

import base64
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from runtime_kit import ScriptedModel, artifact, call, code, finish, reply, run, step

from skvm.plan import Grant, Permissions
from skvm.runtime.state.redact import Redactor
from skvm.store import open_store

KEY = "s3cr3t/with+odd=chars"


def test_a_secret_reaches_only_the_command(tmp_path: Path) -> None:
    node = step("a", env=("API_KEY",))
    rows = [
        reply(call("execute_command", command="echo $API_KEY; echo $API_KEY | base64; env")),
        reply(call("execute_command", command="echo $API_KEY > leaked.txt; printenv OTHER || true")),
        reply(call("read_file", path="leaked.txt")),
        finish(note="none"),
    ]
    model = ScriptedModel({"a": rows})
    store = open_store(tmp_path / "home")
    one = run(
        artifact([node, step("b")]), tmp_path / "home", model, store=store, env={"API_KEY": KEY, "OTHER": "another-secret"}
    )
    assert one.outcome is not None and one.outcome.status == "done"
    assert one.sandbox.requests[0].env["API_KEY"] == KEY
    assert "OTHER" not in one.sandbox.requests[0].env, "only what the step cites"
    told = "".join(m.content for r in model.requests for m in r.messages)
    assert "[secret:API_KEY]" in told and KEY not in told and base64.b64encode(KEY.encode()).decode()[:-4] not in told
    stored = json.dumps([e.model_dump(mode="json") for e in store.journal.read(one.outcome.run)])
    assert KEY not in stored and KEY not in json.dumps(one.outcome.to_json())


def test_a_secret_in_a_bound_command_is_not_journalled(tmp_path: Path) -> None:
    node = code("a", "echo <key>", {"<key>": "$env.API_KEY"}, env=("API_KEY",))
    one = run(artifact([node]), tmp_path, env={"API_KEY": KEY})
    assert one.outcome is not None and one.outcome.values["a"]["stdout"] == "[secret:API_KEY]"
    assert KEY not in json.dumps([e.model_dump(mode="json") for e in one.events])
    assert any(KEY in word for word in one.sandbox.requests[0].argv)


def test_a_variable_is_left_to_the_shell(tmp_path: Path) -> None:
    node = code("a", "printenv $WHICH", {"$WHICH": "$env.WHICH"}, env=("WHICH",))
    one = run(artifact([node]), tmp_path, env={"WHICH": "PATH"})
    assert one.outcome is not None and one.outcome.status == "done"
    assert one.sandbox.requests[0].argv == ("bash", "-c", "printenv $WHICH")


def test_a_model_that_takes_over_sees_no_secret(tmp_path: Path) -> None:
    node = code("a", "ls <key>", {"<key>": "$env.API_KEY"}, env=("API_KEY",))
    model = ScriptedModel()
    one = run(artifact([node]), tmp_path, model, env={"API_KEY": KEY})
    assert one.outcome is not None and one.outcome.steps[0].executor == "model"
    told = json.dumps([r.model_dump(mode="json") for r in model.requests])
    assert KEY not in told and "ls [secret:API_KEY]" in told


def test_grants_of_the_manifest(tmp_path: Path) -> None:
    grants = (
        Grant(kind="env", name="ALL"),
        Grant(kind="env", name="ONE", steps=("a",)),
        Grant(kind="env", name="OTHER", steps=("b",)),
    )
    given = {"ALL": "all-value", "ONE": "one-value", "OTHER": "other-value", "NONE": "none-value"}
    one = run(artifact([code("a", "true")], permissions=Permissions(grants=grants)), tmp_path, env=given)
    seen = one.sandbox.requests[0].env
    assert {n: seen.get(n) for n in given} == {"ALL": "all-value", "ONE": "one-value", "OTHER": None, "NONE": None}


def test_a_secret_cut_in_the_middle_of_an_output() -> None:
    redactor = Redactor({"K": "abcdefghij"})
    cut = redactor.cut("x abcdef\n[... 12 bytes left out ...]\nefghij y abcdefghij")
    assert cut == "x [secret:K]\n[... 12 bytes left out ...]\n[secret:K] y [secret:K]"
    assert redactor.cut("no secret\n[... 1 bytes left out ...]\nhere") == "no secret\n[... 1 bytes left out ...]\nhere"


def test_spilled_output_is_redacted(tmp_path: Path) -> None:
    node = code("a", "python -c \"import os; print((os.environ['API_KEY'] + ' ') * 20000)\"", env=("API_KEY",))
    one = run(artifact([node]), tmp_path, env={"API_KEY": KEY})
    assert one.outcome is not None
    (spill,) = (one.outcome.work.parent / "spill").glob("*.txt")
    text = spill.read_text()
    assert KEY not in text and text.count("[secret:API_KEY]") == 20000
    assert KEY[:6] not in json.dumps([e.model_dump(mode="json") for e in one.events])


def test_short_values_are_no_secrets() -> None:
    assert Redactor({"A": "1", "B": "yes"}).text("1 yes") == "1 yes"
    assert not Redactor({}).active


secrets = st.text(st.characters(blacklist_categories=("Cs",)), min_size=4, max_size=20)


@given(secret=secrets, before=st.text(max_size=20), after=st.text(max_size=20))
def test_whatever_stands_around_it(secret: str, before: str, after: str) -> None:
    redactor = Redactor({"K": secret})
    assert redactor.value({"a": [before + secret + after]})["a"][0].count("[secret:K]") >= 1


@given(secret=st.text("abcdefgh0123", min_size=8, max_size=20), cut=st.integers(4, 7))
def test_a_cut_secret_is_hidden_too(secret: str, cut: int) -> None:
    assert not Redactor({"K": secret}).cut("output " + secret[:cut]).endswith(secret[:cut])


@given(secret=st.text("abcdef0123", min_size=4, max_size=12), chunks=st.lists(st.integers(1, 9), max_size=30))
def test_streams_hide_it_across_pieces(secret: str, chunks: list[int]) -> None:
    redactor = Redactor({"K": secret})
    data = (f"x{secret}y" * 5).encode()
    pieces, at = [], 0
    for size in [*chunks, len(data)]:
        pieces.append(data[at : at + size])
        at += size
    pieces = [p for p in pieces if p]
    out: list[bytes] = []
    redactor._stream(lambda _: pieces.pop(0) if pieces else b"", out.append)
    assert secret.encode() not in b"".join(out)
