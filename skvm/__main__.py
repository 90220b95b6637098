"""Entry point of the `skvm` command and of `python -m skvm`."""

from __future__ import annotations

import time

STARTED = time.monotonic()
"""Deadlines count from process start, so the clock is read before anything heavy is imported."""


def main() -> None:
    """Run the command line; never lets a traceback reach the user (see `skvm.cli.entry`)."""
    from skvm.cli import entry

    entry(started=STARTED)


if __name__ == "__main__":
    main()
