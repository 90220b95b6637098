"""Who sits at the terminal is asked one thing at a time, decides about gates, and answers models in words."""

from __future__ import annotations

import io

import anyio
import pytest

from skvm.app.running import TerminalGate


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_questions_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, found = Terminal(), []
    monkeypatch.setattr("sys.stdin", Terminal("the blue one\nY\n\n"))
    monkeypatch.setattr("sys.stderr", drawn)

    async def main() -> None:
        gate = TerminalGate()

        async def answer(node: str) -> None:
            found.append(await gate.answer(node, "Which?"))

        async def ask(node: str) -> None:
            found.append(await gate.ask(node, "Go on?"))

        async with anyio.create_task_group() as group:
            for work, node in ((answer, "a"), (ask, "b"), (answer, "c")):
                group.start_soon(work, node)

    anyio.run(main)
    assert found == [("the blue one", "terminal"), (True, "terminal"), (None, "terminal")]
    assert drawn.getvalue() == "a asks: Which?\n> b: Go on?\ncontinue? [y/N] c asks: Which?\n> "


def test_without_a_terminal_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert anyio.run(TerminalGate().answer, "a", "Which?") == (None, "nobody")
    assert anyio.run(TerminalGate().ask, "a", "Go on?") == (None, "nobody")
