"""Who answers gates: `--yes`, a person at a terminal, or nobody."""

from __future__ import annotations

import sys

import anyio.to_thread


class AutoGate:
    """Approves every gate, because the user said `--yes`."""

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        """Yes, by `--yes`."""
        return True, "--yes"


class TerminalGate:
    """Asks on the terminal; without one nobody can answer and the run parks."""

    async def ask(self, node: str, question: str) -> tuple[bool | None, str]:
        """The person's answer; None where standard input or error is no terminal."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None, "nobody"
        answer = await anyio.to_thread.run_sync(_prompt, node, question, abandon_on_cancel=True)
        return answer, "terminal"


def _prompt(node: str, question: str) -> bool:
    sys.stderr.write(f"{node}: {question}\ncontinue? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
