"""Entry point of the `skvm` command and of `python -m skvm`."""

from __future__ import annotations

import sys
import time

STARTED = time.monotonic()
"""Deadlines count from process start, so the clock is read before anything heavy is imported."""


def main() -> None:
    """Run the command line; never lets a traceback reach the user (see `skvm.cli.entry`)."""
    try:
        from skvm.cli import entry
    except KeyboardInterrupt:
        sys.stderr.write("skvm: interrupted\n")
        raise SystemExit(130) from None
    entry(started=STARTED)


if __name__ == "__main__":
    main()
