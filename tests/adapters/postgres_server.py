"""A PostgreSQL server of this machine's own package, for tests: on 127.0.0.1, as a user that is not root, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "postgres"


def programs() -> Path | None:
    """Folder of the newest server installed, None without one that could be started here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3]))
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        return None
    return found[-1].parent if found else None


@contextmanager
def server(bin: Path) -> Iterator[str]:
    """URL of a running server, without a database at its end."""
    root = os.getuid() == 0
    drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="skvm-postgres-"))
    if root:
        shutil.chown(folder, USER, USER)
    port = _free_port()
    settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "logging_collector=off"]
    try:
        made = [*drop, bin / "initdb", "-D", folder / "data", "-U", USER, "--auth=trust", "--no-sync", "--no-instructions"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder)
        words = [part for setting in settings for part in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*drop, bin / "postgres", "-D", folder / "data", *words], stderr=log, stdout=log, cwd=folder
            )
        try:
            _wait(bin, port, process, folder / "log")
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nobody needs the data any more
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(bin: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if subprocess.run([bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], timeout=10).returncode == 0:
            return
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-500:]}")
