import json

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skvm.diag import TargetError, UsageError
from skvm.ports import Message, ModelClient, ModelReply, ModelRequest, RequestTag, ToolCall, ToolSpec, Usage
from skvm.testing import Cassette, RecordingModel, ReplayModel, ScriptedModel


def asked(text="hello", **fields):
    return ModelRequest(**{"model": "openai/x", "messages": (Message(role="user", content=text),), **fields})


def ask(client, request):
    return anyio.run(client.complete, request)


REPLY = ModelReply(
    text="ü", calls=(ToolCall(id="1", name="t", arguments="{bad"),), usage=Usage(prompt=5, completion=2, cached=1), cost=0.5
)


def test_what_was_recorded_is_replayed(tmp_path):
    ask(RecordingModel(ScriptedModel(lambda r: REPLY), tmp_path), asked())
    replay = ReplayModel(tmp_path)
    assert isinstance(replay, ModelClient)
    assert ask(replay, asked()) == REPLY
    assert ask(replay, asked(model="replay:x", timeout=3.0, max_tokens=9, tag=RequestTag(run="other", seed=4))) == REPLY


def test_other_questions_are_not_answered(tmp_path):
    ask(RecordingModel(ScriptedModel(lambda r: REPLY), tmp_path), asked())
    tool = ToolSpec(name="t", description="", parameters={})
    for other in (asked("hello!"), asked(tools=(tool,)), asked(temperature=0.5), asked(seed=1)):
        with pytest.raises(TargetError) as caught:
            ask(ReplayModel(tmp_path), other)
        assert caught.value.kind == "protocol"


def test_repeated_question_gets_its_answers_in_order(tmp_path):
    answers = iter(["one", "two"])
    recorder = RecordingModel(ScriptedModel(lambda r: next(answers)), tmp_path)
    for _ in range(2):
        ask(recorder, asked())
    replay = ReplayModel(tmp_path)
    assert [ask(replay, asked()).text for _ in range(3)] == ["one", "two", "two"]


def test_failures_are_not_recorded(tmp_path):
    recorder = RecordingModel(ScriptedModel(lambda r: TargetError("no", kind="auth")), tmp_path)
    with pytest.raises(TargetError):
        ask(recorder, asked())
    assert not list(tmp_path.iterdir())


def test_secrets_are_blotted_out_and_replay_still_finds(tmp_path):
    text = "use sk-abcdefghijklmnop1234 and Bearer abcdefghijklmnopqrst and hunter22 please"
    recorder = RecordingModel(ScriptedModel(lambda r: "key was sk-abcdefghijklmnop1234"), tmp_path, secrets=["hunter22"])
    ask(recorder, asked(text))
    [file] = tmp_path.iterdir()
    written = file.read_text()
    assert not any(word in written for word in ("sk-abcdef", "abcdefghijklmnopqrst", "hunter22"))
    assert json.loads(written)["format"] == "skvm/cassette"
    assert ask(ReplayModel(tmp_path, secrets=["hunter22"]), asked(text)).text == "key was [secret]"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_key_depends_on_the_text_and_on_nothing_that_says_who_asks(tmp_path, a, b):
    cassette = Cassette(tmp_path)
    tag = RequestTag(run=b, step=a, attempt=3)
    assert cassette.key(asked(a)) == cassette.key(asked(a, tag=tag, model=b, timeout=1.0))
    assert (cassette.key(asked(a)) == cassette.key(asked(b))) == (a == b)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "other"}', '{"format": "skvm/cassette", "schema": 9, "replies": []}'])
def test_file_that_is_no_cassette(tmp_path, text):
    cassette = Cassette(tmp_path)
    (tmp_path / f"{cassette.key(asked())[:32]}.json").write_text(text)
    with pytest.raises(UsageError, match="not a cassette"):
        ask(ReplayModel(tmp_path), asked())


def test_text_is_streamed_on_replay(tmp_path):
    ask(RecordingModel(ScriptedModel(lambda r: "said"), tmp_path), asked())
    heard = []
    anyio.run(ReplayModel(tmp_path).complete, asked(), heard.append)
    assert "".join(heard) == "said"
