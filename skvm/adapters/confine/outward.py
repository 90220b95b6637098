"""Opens the way out and becomes the program: `python -I -S -B -c THIS OUTLET LC_CTYPE PROGRAM ARGV...` in the sandbox.

Imports nothing of skvm. A listening socket in the program's own network namespace goes out through the descriptor OUTLET, and
the program is told of it by the variables that programs look for a proxy in. LC_CTYPE is what that variable shall be (empty:
none), since the interpreter puts its own there.
"""
# ruff: noqa: S606

from __future__ import annotations

import _socket
import os
import sys
from signal import SIG_DFL, SIGINT, SIGPIPE, SIGXFSZ, signal
from struct import pack


def main() -> None:
    """Listen, hand out, tell, become."""
    out = int(sys.argv[1])
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    way = _socket.socket(fileno=out)
    way.sendmsg([b"x"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, pack("i", listener.fileno()))])
    way.close()
    listener.close()
    told = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), address)
    environment = {**os.environ, **told}
    if sys.argv[2]:
        environment["LC_CTYPE"] = sys.argv[2]
    else:
        environment.pop("LC_CTYPE", None)
    for number in (SIGINT, SIGPIPE, SIGXFSZ):
        signal(number, SIG_DFL)
    try:
        os.execve(sys.argv[3], sys.argv[4:], environment)
    except OSError as error:
        os.write(2, f"{sys.argv[3]}: {error.strerror}\n".encode())
        os._exit(127)


main()
