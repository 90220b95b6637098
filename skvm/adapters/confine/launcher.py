"""Starts one program under Landlock and seccomp, outlives it, and leaves no descendant of it alive.

Run as a script by a bare interpreter (`python -I -S -B launcher.py CONFIG CONTROL STATUS`, three descriptors), so it imports
nothing of skvm, and as little as it can of the library: every import is paid at every start (hence `marshal`, read by the same
interpreter that wrote it, and the C module under `signal`). It adopts orphans (`PR_SET_CHILD_SUBREAPER`): a process that leaves
its session and its parent still ends up here and is killed when the program ends or when CONTROL is closed. STATUS gets one
line: `exit N` (128 + n for signal n), `missing WHY` (the program cannot be executed) or `error WHY`.
"""
# ruff: noqa: PTH115, PTH116, PTH123, PTH208
# pathlib would add to every start of a program.

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found, unused-ignore]
import ctypes
import marshal
import os
import resource
import select
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 8, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
NEW_USER, NEW_NET = 0x10000000, 0x40000000
CONNECT_TCP = 2
SIOCSIFFLAGS, UP = 0x8914, 0x41  # up and running
CAPSET = {"x86_64": 126, "aarch64": 91}
CAP_DAC_OVERRIDE = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Missing(Exception):
    """The program cannot be executed."""


def check(value: int, what: str) -> int:
    """`value`, or an OSError that names the step."""
    if value < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return value


def prctl(option: int, *values: int) -> None:
    """prctl(2) with up to four numbers."""
    padded = [ctypes.c_ulong(v) for v in (*values, 0, 0, 0, 0)[:4]]
    check(LIBC.prctl(option, *padded), f"prctl {option}")


def ruleset(config: dict[str, Any]) -> int:
    """A Landlock ruleset with every rule of the configuration; returns its descriptor."""
    attr = struct.pack("=QQQ", config["handled_fs"], config["handled_net"], config["scoped"])[: config["attr_size"]]
    fd = check(LIBC.syscall(CREATE_RULESET, attr, ctypes.c_size_t(len(attr)), ctypes.c_uint32(0)), "landlock ruleset")
    for path, rights, within in [*config["rules"], ["/proc/self", config["proc_rights"], None]]:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if within is not None:
            # The opened object itself is looked at: a link swapped in between would be seen here.
            real = os.readlink(f"/proc/self/fd/{place}")
            if real != within and not real.startswith(within.rstrip("/") + "/"):
                raise OSError(1, f"{path} leads out of {within}")
        rule = struct.pack("=Qi", rights, place)
        check(LIBC.syscall(ADD_RULE, ctypes.c_int(fd), 1, rule, ctypes.c_uint32(0)), f"landlock rule for {path}")
        os.close(place)
    if config["handled_net"] and "port" in config:
        rule = struct.pack("=QQ", CONNECT_TCP, config["port"])
        check(LIBC.syscall(ADD_RULE, ctypes.c_int(fd), 2, rule, ctypes.c_uint32(0)), "landlock rule for the outlet")
    return fd


def open_outlet(out: int) -> int:
    """Leave the machine's network for one that is empty, listen there, hand the socket out; returns the port.

    Root may do so at once; anybody else as the owner of a new user namespace, in which names of users stay what they are.
    """
    import _socket
    import fcntl

    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        check(LIBC.unshare(NEW_USER | NEW_NET), "no user namespace for a network of its own")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as stream:
                stream.write(text)
    else:
        check(LIBC.unshare(NEW_NET), "no network of its own")
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    fcntl.ioctl(listener.fileno(), SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", UP))
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    port: int = listener.getsockname()[1]
    way = _socket.socket(fileno=out)
    way.sendmsg([b"x"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", listener.fileno()))])
    way.close()
    listener.close()
    return port


def drop_user(uid: int) -> None:
    """From root to `uid`, keeping only the right to pass file modes: Landlock decides about files, not their owner."""
    capability = 0
    while LIBC.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) == 0:
        capability += 1 if capability + 1 != CAP_DAC_OVERRIDE else 2
    prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    header = struct.pack("=Ii", 0x20080522, 0)
    bit = 1 << CAP_DAC_OVERRIDE
    sets = struct.pack("=6I", bit, bit, bit, 0, 0, 0)
    check(LIBC.syscall(CAPSET[os.uname().machine], header, sets), "capset")
    prctl(PR_CAP_AMBIENT, 2, CAP_DAC_OVERRIDE)


def own_tasks() -> int:
    """Threads that count against this user's process limit."""
    uid, total = os.getuid(), 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    total += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue  # it ended meanwhile
    return total


def become(config: dict[str, Any]) -> None:
    """Turn this process into the program; returns only by exception."""
    os.setsid()
    if config["outlet"] is not None:
        config["port"] = open_outlet(config["outlet"])
        address = f"http://127.0.0.1:{config['port']}"
        config["env"].update(dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), address))
    if config["uid"] is not None:
        drop_user(config["uid"])
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    limits = [*config["limits"], [resource.RLIMIT_NPROC, *[own_tasks() + config["processes"]] * 2]]
    os.chdir(config["cwd"])
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    fd = ruleset(config)
    check(LIBC.syscall(RESTRICT_SELF, ctypes.c_int(fd), ctypes.c_uint32(0)), "landlock")
    os.close(fd)
    for which, soft, hard in limits:
        resource.setrlimit(which, (soft, hard))
    code = bytes.fromhex(config["filter"])
    text = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(text))
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    check(LIBC.prctl(PR_SET_SECCOMP, ctypes.c_ulong(2), program, 0, 0), "seccomp")
    try:
        os.execve(config["program"], config["argv"], config["env"])  # noqa: S606 - no shell is wanted
    except OSError as error:
        raise Missing(f"{config['program']}: {error.strerror}") from None


def start(config: dict[str, Any]) -> tuple[int, str]:
    """Fork and become the program; returns its process id and, if it could not start, why."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            become(config)
        except Missing as error:
            os.write(write, f"missing {error}".encode())
        except BaseException as error:
            os.write(write, f"error {error}".encode())
        finally:
            os._exit(125)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        return child, stream.read().decode()


def descendants() -> list[int]:
    """Living processes that descend from this one."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stream:
                    fields = stream.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if fields[0] not in (b"Z", b"X"):
                parents[int(name)] = int(fields[1])
    found, me = [], os.getpid()
    for pid in parents:
        at = pid
        while at in parents and at != me:
            at = parents[at]
        if at == me and pid != me:
            found.append(pid)
    return found


def send(pid: int, number: int) -> None:
    """A signal to a process that may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def kill_all() -> None:
    """End every descendant. All are stopped first: a stopped process cannot fork, so the set stops growing."""
    if not reap():
        return
    stopped: set[int] = set()
    while fresh := set(descendants()) - stopped:
        for pid in fresh:
            send(pid, signal.SIGSTOP)
        stopped |= fresh
    while left := descendants():
        for pid in left:
            send(pid, signal.SIGKILL)
        reap()
    reap()


ENDED: dict[int, int] = {}


def reap() -> bool:
    """Collect ended children; False when none is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        ENDED[pid] = status


def attend(child: int, control: int) -> str:
    """Wait for the program or for CONTROL to be closed, then end all that is left."""
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write)
    poll = select.poll()
    for fd in (wake_read, control):
        poll.register(fd, select.POLLIN)
    reap()
    while child not in ENDED:
        ready = dict(poll.poll())
        if control in ready:
            break
        os.read(wake_read, 4096)
        reap()
    kill_all()
    status = ENDED.get(child, signal.SIGKILL)
    code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
    return f"exit {code}"


def main() -> None:
    """Read the configuration, start, attend, report."""
    config_fd, control, status = (int(a) for a in sys.argv[1:4])
    for fd in (config_fd, control, status):
        os.set_inheritable(fd, False)
    try:
        with os.fdopen(config_fd, "rb") as stream:
            config = marshal.loads(stream.read())  # noqa: S302 - written by our own parent
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        child, failure = start(config)
        if config["outlet"] is not None:
            os.close(config["outlet"])
        quiet = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(quiet, fd)
        report = failure or attend(child, control)
    except OSError as error:
        report = f"error {error}"
    os.write(status, report.encode())


main()
