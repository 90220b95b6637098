"""What every harness must do, shown against the loopback server: the model is scripted, the harness is the real one."""
# ruff: noqa: D102 - test names say what they show

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import anyio
import pytest

from skvm.diag import TargetError
from skvm.ports import Harness, HarnessCall, HarnessRun, HarnessTask, ToolSpec
from skvm.testing.answers import Asked, Fault, Say, Script
from skvm.testing.loopback import LoopbackServer, closed_port

ORDER = ToolSpec(
    name="place_order",
    description="Place an order.",
    parameters={"type": "object", "properties": {"item": {"type": "string"}, "lines": {"type": "array"}}, "required": ["item"]},
)


class HarnessSuite(ABC):
    """The contract of `skvm.ports.Harness` as tests.

    A subclass says `make`, how its tools are called (`read`, `write`, `run`: name and arguments), and what it cannot do by
    setting the test to None.
    """

    retries: ClassVar[int] = 1
    """Requests that one refused key may cost."""

    @abstractmethod
    def make(self, base_url: str, scratch: Path) -> Harness:
        """A harness whose model is served at this OpenAI address; what it leaves behind goes to `scratch`."""

    def read(self, path: str) -> tuple[str, dict[str, Any]]:
        """The call that reads a file."""
        return "read_file", {"path": path}

    def write(self, path: str, content: str) -> tuple[str, dict[str, Any]]:
        """The call that writes a file."""
        return "write_file", {"path": path, "content": content}

    def command(self, command: str) -> tuple[str, dict[str, Any]]:
        """The call that runs a command."""
        return "execute_command", {"command": command}

    def do(self, script: Script | Say | Fault, folder: Path, **fields: Any) -> tuple[HarnessRun, list[Asked]]:
        """One task in `folder/work` (made where it is missing); the run and what the server was asked."""
        with LoopbackServer(script) as server:
            return anyio.run(self._do, server.base_url, folder, fields), list(server.requests)

    async def _do(self, base_url: str, folder: Path, fields: dict[str, Any]) -> HarnessRun:
        work, scratch = folder / "work", folder / "scratch"
        work.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        harness = self.make(base_url, scratch)
        try:
            return await harness.run(HarnessTask.model_validate({"prompt": "Do it.", "work": work, "seconds": 60, **fields}))
        finally:
            await harness.close()

    def calls(self, run: HarnessRun) -> list[HarnessCall]:
        """All calls of a run in order."""
        return [call for turn in run.turns for call in turn.calls]

    def test_it_is_a_harness(self, tmp_path: Path) -> None:
        harness = self.make("http://127.0.0.1:9/v1", tmp_path)
        assert isinstance(harness, Harness)
        assert harness.name and harness.version and harness.tools

    def test_a_text_answer(self, tmp_path: Path) -> None:
        run, asked = self.do(Say("It is 4.", usage=(30, 7, 0)), tmp_path, prompt="What is 2 + 2?")
        assert (run.text, run.ended, len(run.turns)) == ("It is 4.", "finished", 1)
        assert (run.model_calls, run.prompt_tokens, run.completion_tokens) == (1, 30, 7)
        assert not run.simulated
        assert any("What is 2 + 2?" in str(message.get("content")) for message in asked[0].messages)

    def test_no_tool_is_on_offer_when_none_is_named(self, tmp_path: Path) -> None:
        _, asked = self.do(Say("ok"), tmp_path)
        assert asked[0].tools == []

    def test_only_the_named_tools_are_on_offer(self, tmp_path: Path) -> None:
        name = self.read("a")[0]
        _, asked = self.do(Say("ok"), tmp_path, tools=(name,))
        assert asked[0].tools == [name]

    def test_a_tool_acts_in_the_work_folder_and_the_turns_show_it(self, tmp_path: Path) -> None:
        (tmp_path / "work").mkdir()
        (tmp_path / "work" / "in.txt").write_text("seven\n")

        def script(asked: Asked) -> Say:
            turns = (Say("Looking.", calls=[self.read("in.txt")]), Say(calls=[self.write("out.txt", "7\n")]), Say("Done."))
            return turns[len(asked.results)]

        run, asked = self.do(script, tmp_path, tools=(self.read("")[0], self.write("", "")[0]))
        assert (tmp_path / "work" / "out.txt").read_text() == "7\n"
        assert [turn.text for turn in run.turns] == ["Looking.", "", "Done."]
        first, second = self.calls(run)
        assert first.ok and "seven" in first.result and first.args == self.read("in.txt")[1]
        assert second.ok and run.model_calls == 3
        assert "seven" in asked[1].results[0]

    def test_calls_of_one_turn_stay_together(self, tmp_path: Path) -> None:
        (tmp_path / "work").mkdir()
        for name in "abc":
            (tmp_path / "work" / name).write_text(f"file {name}\n")

        def script(asked: Asked) -> Say:
            return Say("Done.") if asked.results else Say(calls=[self.read(name) for name in "abc"])

        run, _ = self.do(script, tmp_path, tools=(self.read("")[0],))
        assert [len(turn.calls) for turn in run.turns] == [3, 0]
        assert ["file " + name in call.result for name, call in zip("abc", run.turns[0].calls, strict=True)] == [True] * 3

    def test_functions_of_the_task_are_recorded_and_accepted(self, tmp_path: Path) -> None:
        args = {"item": 'a "quoted" \\ one\n', "lines": [{"n": 1}]}

        def script(asked: Asked) -> Say:
            return Say("Done.") if asked.results else Say(calls=[("place_order", args)])

        run, asked = self.do(script, tmp_path, functions=(ORDER,))
        (call,) = self.calls(run)
        assert (call.tool, call.args, call.ok, call.result) == ("place_order", args, True, "accepted")
        assert asked[0].tools == ["place_order"] and asked[1].results == ["accepted"]

    def test_arguments_that_are_no_object_are_kept_as_they_came(self, tmp_path: Path) -> None:
        def script(asked: Asked) -> Say:
            return Say("Done.") if asked.results else Say(calls=[("place_order", '{"item": "a')])

        run, asked = self.do(script, tmp_path, functions=(ORDER,))
        (call,) = self.calls(run)
        assert (call.arguments, call.args, call.ok) == ('{"item": "a', None, False)
        assert "accepted" not in asked[1].results

    def test_a_tool_that_is_not_on_offer_is_refused(self, tmp_path: Path) -> None:
        def script(asked: Asked) -> Say:
            return Say("Done.") if asked.results else Say(calls=[self.write("out.txt", "x")])

        run, _ = self.do(script, tmp_path, tools=(self.read("")[0],))
        (call,) = self.calls(run)
        assert not call.ok
        assert not (tmp_path / "work" / "out.txt").exists()

    def test_a_command_tells_its_exit_code(self, tmp_path: Path) -> None:
        def script(asked: Asked) -> Say:
            return Say("Done.") if asked.results else Say(calls=[self.command("echo made > made.txt; exit 3")])

        run, _ = self.do(script, tmp_path, tools=(self.command("")[0],))
        (call,) = self.calls(run)
        assert (call.exit_code, call.ok) == (3, False)
        assert (tmp_path / "work" / "made.txt").read_text() == "made\n"

    def test_turns_are_bounded(self, tmp_path: Path) -> None:
        def script(asked: Asked) -> Say:
            return Say(calls=[self.write(f"{len(asked.results)}.txt", "x")])

        run, asked = self.do(script, tmp_path, tools=(self.write("", "")[0],), turns=4)
        assert (run.ended, run.text, run.model_calls, len(asked)) == ("stopped", "", 4, 4)

    @pytest.mark.parametrize(("status", "kind"), [(401, "auth"), (403, "auth"), (404, "unsupported"), (400, "unsupported")])
    def test_a_refusal_is_the_targets_failure(self, tmp_path: Path, status: int, kind: str) -> None:
        with LoopbackServer(Fault("status", status)) as server:
            with pytest.raises(TargetError) as caught:
                anyio.run(self._do, server.base_url, tmp_path, {})
            assert caught.value.kind == kind
            assert len(server.requests) <= self.retries

    @pytest.mark.parametrize("fault", ["hang", "stall", "trickle"])
    def test_a_server_that_does_not_end_its_answer_is_left_in_time(self, tmp_path: Path, fault: str) -> None:
        with LoopbackServer(Fault(fault)) as server:
            began = time.monotonic()
            with pytest.raises(TargetError) as caught:
                anyio.run(self._do, server.base_url, tmp_path, {"seconds": 4})
            assert caught.value.kind == "timeout"
            assert time.monotonic() - began < 30, "bounded; how tightly is a matter of a benchmark"

    def test_a_dead_server_is_the_targets_failure(self, tmp_path: Path) -> None:
        with closed_port() as url, pytest.raises(TargetError):
            anyio.run(self._do, url, tmp_path, {"seconds": 8})

    def test_a_cancellation_is_prompt(self, tmp_path: Path) -> None:
        async def cut(url: str) -> bool:
            with anyio.move_on_after(3) as scope:
                await self._do(url, tmp_path, {})
            return scope.cancelled_caught

        with LoopbackServer(Fault("hang")) as server:
            began = time.monotonic()
            assert anyio.run(cut, server.base_url)
            assert time.monotonic() - began < 30
