"""Becomes the browser, inside its walls: `python -I -S launcher.py CONTROL COMMANDS ANSWERS ARGV...` (three descriptors).

Imports nothing of skvm. It opens a listening socket in the network namespace of the browser and hands it out through CONTROL:
whoever holds the other end then is the only network there is. `@PROXY@` in ARGV becomes the address of that socket. The browser
reads commands from descriptor 3 and writes answers to 4.
"""
# ruff: noqa: S606

from __future__ import annotations

import fcntl
import os
import resource
import socket
import sys

LIMITS = ((resource.RLIMIT_DATA, 4 * 1024**3), (resource.RLIMIT_FSIZE, 256 * 1024**2), (resource.RLIMIT_CORE, 0))
"""Bytes a process may have of its own (what it only reserves does not count), of a file, of a core dump."""

LAST = 1024
"""Descriptors that may be open, closed here so that the browser inherits the two it needs."""


def main() -> None:
    """Listen, hand over, become."""
    control, commands, answers = (int(word) for word in sys.argv[1:4])
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]
    with socket.socket(fileno=control) as out:
        socket.send_fds(out, [b"%d" % port], [listener.fileno()])
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, LAST // 2) for fd in (commands, answers)]
    for fd, place in zip(high, (3, 4), strict=True):
        os.dup2(fd, place)
    os.closerange(5, LAST)
    for which, most in LIMITS:
        resource.setrlimit(which, (most, most))
    argv = [word.replace("@PROXY@", f"127.0.0.1:{port}") for word in sys.argv[4:]]
    os.execv(argv[0], argv)


main()
