"""What every model client must do, shown against the loopback server."""
# ruff: noqa: D102, ASYNC110 - test names say what they show; a server in a thread sets no event

from __future__ import annotations

from abc import ABC, abstractmethod

import anyio

from skvm.diag import TargetError
from skvm.ports import Message, ModelClient, ModelReply, ModelRequest, RequestTag, ToolSpec
from skvm.testing.answers import Asked, Fault, Say
from skvm.testing.loopback import LoopbackServer, closed_port

READ = ToolSpec(
    name="read_file",
    description="Read a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
FINISH = ToolSpec(
    name="finish", description="End.", parameters={"type": "object", "properties": {"summary": {"type": "string"}}}
)


class ModelSuite(ABC):
    """The contract of `skvm.ports.ModelClient` as tests.

    A subclass says `make`, and `model`: the id that makes its client talk to the loopback server.
    """

    model: str

    @abstractmethod
    def make(self, server: LoopbackServer | str) -> ModelClient:
        """A client of this server, or of this dead address."""

    def ask(self, server: LoopbackServer | str, *messages: Message, **fields: object) -> ModelReply:
        """One request; `tools`, `timeout` and other fields of the request may be given."""
        return anyio.run(self._ask, server, messages, fields)

    async def _ask(self, server: LoopbackServer | str, messages: tuple[Message, ...], fields: dict[str, object]) -> ModelReply:
        client = self.make(server)
        asked = messages or (Message(role="user", content="hello"),)
        try:
            return await client.complete(
                ModelRequest.model_validate({"timeout": 60, **fields, "model": self.model, "messages": asked})
            )
        finally:
            await client.close()

    def fails(self, fault: Fault | str, kind: str, *, timeout: float = 60, transient: bool | None = None) -> TargetError:
        """The error for a fault, which must be of this kind and cost one request."""
        if isinstance(fault, str):
            return self._failure(fault, kind, timeout, transient)
        with LoopbackServer(fault) as server:
            error = self._failure(server, kind, timeout, transient)
            assert len(server.requests) == 1, "a client must not repeat a request by itself"
        return error

    def _failure(self, server: LoopbackServer | str, kind: str, timeout: float, transient: bool | None) -> TargetError:
        try:
            reply = self.ask(server, timeout=timeout)
        except TargetError as error:
            assert error.kind == kind, error.line()
            assert transient is None or error.transient is transient, error.line()
            return error
        raise AssertionError(f"no error but {reply}")

    def test_text_is_streamed(self) -> None:
        heard: list[str] = []

        async def main(server: LoopbackServer) -> ModelReply:
            client = self.make(server)
            request = ModelRequest(model=self.model, messages=(Message(role="user", content="hello"),), timeout=60)
            try:
                return await client.complete(request, heard.append)
            finally:
                await client.close()

        with LoopbackServer(Say("grüße aus 漢字", usage=(100, 7, 40))) as server:
            reply = anyio.run(main, server)
        assert reply.text == "grüße aus 漢字" == "".join(heard)
        assert len(heard) > 1
        assert reply.finish == "stop"
        assert (reply.usage.prompt, reply.usage.completion, reply.usage.cached) == (100, 7, 40)
        assert not reply.usage.estimated

    def test_request_arrives_whole_and_without_its_tag(self) -> None:
        system, user = Message(role="system", content="Be brief: §"), Message(role="user", content="Wie geht's?")
        with LoopbackServer() as server:
            tag = RequestTag(run="run-secret", step="S1.s1", key="key-secret", workdir="/secret/place")
            self.ask(server, system, user, tools=(READ,), tag=tag, max_tokens=77)
            asked = server.requests[0]
        text = repr(asked.body)
        assert "Be brief: §" in text
        assert "Wie geht" in text
        assert "77" in text
        assert asked.tools == ["read_file"]
        assert asked.body["stream"] is True
        assert "secret" not in text

    def test_calls_put_together_from_pieces(self) -> None:
        calls = [("read_file", {"path": "a ü.csv"}), ("read_file", {"path": "b.csv"})]
        with LoopbackServer(Say("looking", calls)) as server:
            reply = self.ask(server, tools=(READ,))
        assert reply.text == "looking"
        assert [(c.name, c.arguments) for c in reply.calls] == [
            ("read_file", '{"path": "a \\u00fc.csv"}'),
            ("read_file", '{"path": "b.csv"}'),
        ]
        assert len({c.id for c in reply.calls}) == 2
        assert reply.finish == "tool_calls"

    def test_broken_arguments_are_passed_on_as_they_are(self) -> None:
        with LoopbackServer(Say("", [("read_file", '{"path": "a.cs')])) as server:
            reply = self.ask(server, tools=(READ,))
        assert reply.calls[0].arguments == '{"path": "a.cs'

    def test_several_turns(self) -> None:
        def script(asked: Asked) -> Say:
            return [
                Say("", [("read_file", {"path": "a"}), ("read_file", {"path": "b"})]),
                Say("", []),
                Say("", [("finish", {"summary": "/".join(asked.results)})]),
            ][len(asked.results)]

        with LoopbackServer(script) as server:
            opening = Message(role="user", content="read both")
            first = self.ask(server, opening, tools=(READ, FINISH))
            results = [Message(role="tool", content=f"content {c.arguments}", call_id=c.id) for c in first.calls]
            said = Message(role="assistant", content=first.text, calls=first.calls)
            second = self.ask(server, opening, said, *results, tools=(READ, FINISH))
        assert second.calls[0].name == "finish"
        assert "content" in second.calls[0].arguments
        assert second.calls[0].arguments.count("path") == 2

    def test_cut_off_by_length(self) -> None:
        with LoopbackServer(Say("and then", finish="length")) as server:
            assert self.ask(server).finish == "length"

    def test_refused_key(self) -> None:
        error = self.fails(
            Fault(status=401, message="Incorrect API key provided: sk-abcdefgh12345678"), "auth", transient=False
        )
        assert "sk-abcdefgh12345678" not in error.line()
        self.fails(Fault(status=403, message="no access"), "auth", transient=False)

    def test_no_credit(self) -> None:
        self.fails(Fault(status=402, message="payment required"), "auth", transient=False)
        self.fails(
            Fault(status=429, message="You exceeded your current quota", code="insufficient_quota"), "auth", transient=False
        )

    def test_limited_rate_says_how_long(self) -> None:
        assert self.fails(Fault(status=429, message="slow down", retry_after=7), "rate", transient=True).retry_after == 7
        assert self.fails(Fault(status=429, message="slow down"), "rate", transient=True).retry_after is None

    def test_server_fails(self) -> None:
        for status in (500, 502, 503, 529):
            self.fails(Fault(status=status), "outage", transient=True)

    def test_server_is_late(self) -> None:
        for status in (408, 504):
            self.fails(Fault(status=status), "timeout", transient=True)

    def test_request_is_refused(self) -> None:
        self.fails(Fault(status=400, message="bad parameter"), "unsupported", transient=False)
        self.fails(Fault(status=404, message="no such model"), "unsupported", transient=False)

    def test_request_is_too_long(self) -> None:
        message = "This model's maximum context length is 8192 tokens"
        self.fails(Fault(status=400, message=message, code="context_length_exceeded"), "context", transient=False)
        self.fails(Fault(status=413, message="too large"), "context", transient=False)

    def test_nobody_listens(self) -> None:
        with closed_port() as address:
            self.fails(address, "outage", transient=True)

    def test_silence_ends_at_the_timeout(self) -> None:
        self.fails(Fault("hang"), "timeout", timeout=2, transient=True)

    def test_stalled_answer_ends_at_the_timeout(self) -> None:
        self.fails(Fault("stall"), "timeout", timeout=2, transient=True)

    def test_timeout_is_the_total_and_not_per_piece(self) -> None:
        self.fails(Fault("trickle"), "timeout", timeout=2, transient=True)

    def test_broken_answers(self) -> None:
        for kind in ("cut", "end", "garbage"):
            self.fails(Fault(kind), "protocol")

    def test_cancellation_does_not_wait_for_the_server(self) -> None:
        patient: dict[str, object] = {"timeout": 600}

        async def main(server: LoopbackServer | str) -> int:
            assert isinstance(server, LoopbackServer)
            async with anyio.create_task_group() as group:
                group.start_soon(self._ask, server, (), patient)
                while not server.requests:
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
            return server.waiting

        with LoopbackServer(Fault("hang")) as server:
            assert anyio.run(main, server) == 1, "the call came back only when the server gave up"
