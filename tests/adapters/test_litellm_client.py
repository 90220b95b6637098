"""The real litellm against a real server on 127.0.0.1; nothing leaves the machine."""

import os
import subprocess
import sys

import anyio
import pytest

from skvm.adapters.litellm_client import LitellmClient
from skvm.adapters.prices import Prices
from skvm.diag import TargetError, UsageError
from skvm.ports import Message, ModelRequest
from skvm.testing import Fault, LoopbackServer, Say
from skvm.testing.conformance import ModelSuite

pytestmark = pytest.mark.net


@pytest.fixture(autouse=True)
def no_way_outside(monkeypatch):
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_BASE"):
        monkeypatch.delenv(name, raising=False)


class TestOpenAi(ModelSuite):
    model = "openai/loopback"

    def make(self, server):
        return LitellmClient(api_base=server if isinstance(server, str) else server.base_url)


class TestAnthropic(ModelSuite):
    model = "anthropic/claude-loopback"

    def make(self, server):
        return LitellmClient(api_base=server.removesuffix("/v1") if isinstance(server, str) else server.anthropic_url)


def ask(server, model="openai/loopback", **options):
    client = LitellmClient(api_base=server.base_url, **options)

    async def main():
        try:
            request = ModelRequest(model=model, messages=(Message(role="user", content="hello"),), timeout=60)
            return await client.complete(request)
        finally:
            await client.close()

    return anyio.run(main)


def test_cost_comes_from_the_price_list_and_is_unknown_otherwise():
    prices = Prices({"openai/loopback": {"input": 2, "output": 10, "cached": 0.5}})
    with LoopbackServer(Say("x", usage=(1_000_000, 100_000, 400_000))) as server:
        assert ask(server, prices=prices).cost == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 10)
        assert ask(server, prices=Prices({})).cost is None


def test_usage_is_estimated_and_said_so_when_the_server_gives_none(monkeypatch):
    import skvm.testing.loopback as loopback

    def without_usage(body, say, split):
        return loopback.openai_events({**body, "stream_options": None}, say, split)

    monkeypatch.setattr(loopback, "_OPENAI", loopback._Wire(without_usage, loopback.openai_body, loopback._openai_error))
    with LoopbackServer(Say("one two three")) as server:
        usage = ask(server).usage
    assert usage.estimated
    assert usage.completion == 3
    assert usage.prompt > 0


def test_key_is_sent_and_never_told():
    with LoopbackServer(Fault(status=401, message="wrong key my-own-secret-key-1")) as server:
        with pytest.raises(TargetError) as caught:
            ask(server, api_key="my-own-secret-key-1")
        assert server.requests[0].headers["authorization"] == "Bearer my-own-secret-key-1"
    assert "my-own-secret-key-1" not in caught.value.line() + repr(caught.value)


def test_key_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    with LoopbackServer() as server:
        ask(server)
        assert server.requests[0].headers["authorization"] == "Bearer from-the-environment"


def test_unknown_model_says_how_to_write_one():
    with LoopbackServer() as server:
        with pytest.raises(UsageError, match=r"nosuchmodel.*openai/NAME.*--api-base") as caught:
            try:
                ask(server, model="nosuchmodel")
            except UsageError as error:
                raise UsageError(error.line()) from None
        assert caught.value.exit_code == 2
        assert not server.requests


def test_one_client_serves_many_at_once_and_from_loop_to_loop():
    def script(asked):
        return Say(f"re: {asked.messages[-1]['content']}")

    with LoopbackServer(script) as server:
        client = LitellmClient(api_base=server.base_url)
        found = {}

        async def one(word):
            request = ModelRequest(model="openai/loopback", messages=(Message(role="user", content=word),), timeout=60)
            found[word] = (await client.complete(request)).text

        async def main(words):
            async with anyio.create_task_group() as group:
                for word in words:
                    group.start_soon(one, word)

        anyio.run(main, ["a", "b", "c", "d", "e", "f"])
        anyio.run(main, ["g"])
        anyio.run(client.close)
    assert found == {w: f"re: {w}" for w in "abcdefg"}


COLD = """
import sys, anyio
from skvm.adapters.litellm_client import LitellmClient
from skvm.diag import TargetError
from skvm.ports import Message, ModelRequest
assert "litellm" not in sys.modules
async def main():
    client = LitellmClient(api_base=sys.argv[1])
    try:
        asked = (Message(role="user", content="x"),)
        await client.complete(ModelRequest(model="openai/x", messages=asked, timeout=float(sys.argv[2])))
    except TargetError as error:
        print(error.kind)
anyio.run(main)
"""


@pytest.mark.parametrize("timeout", ["0.3", "2"])
def test_deadline_during_the_import_ends_the_process_quietly(timeout):
    with LoopbackServer(Fault("hang")) as server:
        done = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", COLD, server.base_url, timeout],
            capture_output=True,
            text=True,
            timeout=60,
            env=dict(os.environ),
        )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "timeout", "")


def test_an_unreadable_answer_is_told_without_the_chain_of_the_vendor_and_its_status():
    with LoopbackServer(Fault(kind="garbage")) as server, pytest.raises(TargetError) as caught:
        ask(server)
    text = caught.value.line()
    assert text.startswith("the model's server gave an unreadable answer: ")
    assert "Original exception" not in text and "litellm" not in text and "Exception" not in text


def test_a_missing_key_is_one_sentence():
    request = ModelRequest(model="openai/gpt-4o", messages=(Message(role="user", content="hello"),), timeout=60)
    with pytest.raises(TargetError) as caught:
        anyio.run(LitellmClient().complete, request)
    assert ".;" not in caught.value.line() and "set the key of this provider" in caught.value.line()
