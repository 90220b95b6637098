import anyio
import pytest

from skvm.diag import TargetError
from skvm.ports import Message, ModelClient, ModelReply, ModelRequest
from skvm.testing import ScriptedModel


def asked(*contents, turns=0):
    said = tuple(Message(role="assistant", content="x") for _ in range(turns))
    return ModelRequest(model="m", messages=(*(Message(role="user", content=c) for c in contents), *said))


def ask(client, request):
    return anyio.run(client.complete, request)


def test_is_a_model_client_and_says_it_is_none():
    assert isinstance(ScriptedModel([]), ModelClient)
    assert ScriptedModel([]).simulated
    assert ask(ScriptedModel(["hi"]), asked("x")).simulated


def test_list_answers_by_turn_and_not_by_count():
    model = ScriptedModel(["first", ("tool", {"a": "ü"}), [("t", {}), ("u", {"n": 1})]])
    assert [ask(model, asked("x")).text for _ in range(3)] == ["first"] * 3
    second = ask(model, asked("x", turns=1))
    assert [(c.name, c.arguments) for c in second.calls] == [("tool", '{"a": "ü"}')]
    assert second.finish == "tool_calls"
    assert [c.name for c in ask(model, asked("x", turns=2)).calls] == ["t", "u"]
    assert len({c.id for c in ask(model, asked("x", turns=2)).calls}) == 2
    with pytest.raises(TargetError) as caught:
        ask(model, asked("x", turns=3))
    assert caught.value.kind == "protocol"


def test_mapping_takes_the_longest_text_that_occurs():
    model = ScriptedModel({"step": ["short"], "step two": ["long"]})
    assert ask(model, asked("do step one")).text == "short"
    assert ask(model, asked("do step two")).text == "long"
    with pytest.raises(TargetError):
        ask(model, asked("something else"))


def test_errors_and_whole_replies():
    whole = ModelReply(text="whole", finish="length")
    assert ask(ScriptedModel(lambda r: whole), asked("x")) is whole
    with pytest.raises(TargetError):
        ask(ScriptedModel([TargetError("no", kind="rate")]), asked("x"))
