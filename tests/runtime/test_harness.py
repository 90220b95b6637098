"""The built-in harness keeps the contract of the port, and tells a slow server from a model that wastes its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import FakeSandbox, call, reply

from skvm.adapters.litellm_client import LitellmClient
from skvm.diag import EnvironmentFailure, TargetError, UsageError
from skvm.ports import HarnessRun, HarnessTask, ModelReply, ModelRequest, RequestTag
from skvm.runtime.harness import BuiltinHarness
from skvm.testing.conformance import HarnessSuite


@pytest.mark.net
class TestBuiltin(HarnessSuite):
    @pytest.fixture(autouse=True)
    def _key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-not-a-secret-4711")

    def make(self, base_url: str, scratch: Path) -> BuiltinHarness:
        return BuiltinHarness("openai/m", LitellmClient(api_base=base_url), scratch, sandbox=FakeSandbox(), attempts=1)


class Scripted:
    """Answers by the number of tool results in the conversation."""

    simulated = False

    def __init__(self, *answers: Any) -> None:
        self.answers = answers
        self.requests: list[ModelRequest] = []

    async def complete(self, request: ModelRequest, on_text: Any = None) -> ModelReply:
        self.requests.append(request)
        await anyio.lowlevel.checkpoint()
        answer = self.answers[min(sum(m.role == "assistant" for m in request.messages), len(self.answers) - 1)]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return await answer()
        return answer

    async def close(self) -> None:
        return None


def do(client: Scripted, tmp_path: Path, **fields: Any) -> HarnessRun:
    harness = BuiltinHarness("m", client, tmp_path, sandbox=fields.pop("sandbox", FakeSandbox()), attempts=1)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    return anyio.run(harness.run, HarnessTask(prompt="Do it.", work=work, **fields))


def test_time_lost_in_a_tool_is_the_attempts_end(tmp_path: Path):
    client = Scripted(reply(call("execute_command", command="sleep 30")), reply(text="Done."))
    run = do(client, tmp_path, tools=("execute_command",), seconds=1.5)
    assert (run.ended, run.text) == ("stopped", "")


def test_time_lost_in_waiting_for_the_model_is_the_targets_failure(tmp_path: Path):
    async def never() -> ModelReply:
        await anyio.sleep_forever()
        raise AssertionError

    client = Scripted(reply(call("list_directory")), never)
    with pytest.raises(TargetError) as caught:
        do(client, tmp_path, tools=("list_directory",), seconds=1.0)
    assert caught.value.kind == "timeout"


def test_an_answer_that_the_server_filtered_is_no_answer(tmp_path: Path):
    client = Scripted(ModelReply(text="", finish="filter"))
    with pytest.raises(TargetError) as caught:
        do(client, tmp_path)
    assert caught.value.kind == "filter"


def test_a_client_that_breaks_is_the_targets_failure(tmp_path: Path):
    with pytest.raises(TargetError) as caught:
        do(Scripted(RuntimeError("broken pipe of the vendor")), tmp_path)
    assert caught.value.kind == "protocol"


def test_a_sandbox_that_breaks_is_no_sign_of_inability(tmp_path: Path):
    async def no_sandbox() -> Any:
        from skvm.diag import SandboxError

        raise SandboxError("no namespaces here")

    client = Scripted(reply(call("execute_command", command="true")), reply(text="Done."))
    with pytest.raises(EnvironmentFailure):
        do(client, tmp_path, tools=("execute_command",), sandbox=no_sandbox)


def test_the_tag_reaches_the_model_and_hosts_are_granted(tmp_path: Path):
    client = Scripted(reply(call("web_fetch", url="http://127.0.0.1:1/x")), reply(text="Done."))
    tag = RequestTag(question="probe", key="k")
    run = do(client, tmp_path, tools=("web_fetch",), hosts=("127.0.0.1:1",), tag=tag)
    assert [request.tag.key for request in client.requests] == ["k", "k"]
    assert "permitted" not in run.turns[0].calls[0].result
    refused = do(client, tmp_path, tools=("web_fetch",), tag=tag)
    assert "not permitted" in refused.turns[0].calls[0].result


def test_nothing_stays_behind_outside_of_the_work_folder(tmp_path: Path):
    do(Scripted(reply(text="Done.")), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["work"]


def test_a_tool_it_does_not_have_is_a_wrong_use(tmp_path: Path):
    with pytest.raises(UsageError):
        do(Scripted(reply(text="Done.")), tmp_path, tools=("browser",))
