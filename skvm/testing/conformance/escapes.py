"""Ways out of a sandbox, each tried for real from inside, with what the host can see of it afterwards.

An attempt is the body of a function that returns something true when it got through; it runs in a process of its own, so one
that is killed does not hide the next. `P` holds what was planted: paths, process numbers, ports.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

# name: body. What is planted stands in P; `libc` is ctypes' C library with errno.
ATTEMPTS: dict[str, str] = {
    "write-outside": "put(P['outside'] + '/made')",
    "write-through-parent": "put(P['work'] + '/../outside/made-up')",
    "write-through-link": "os.symlink(P['outside'], 'way'); put('way/made-link')",
    "write-home": "put(P['home'] + '/.skvm-escape')",
    "write-system": "put('/usr/skvm-escape')",
    "write-interpreter": "put(P['prefix'] + '/skvm-escape')",
    "write-skill": "put(P['skill'] + '/made')",
    "append-outside": "open(P['victim'], 'a').write('x')",
    "truncate-outside": "os.truncate(P['victim'], 0)",
    "truncate-by-open": "os.close(os.open(P['victim'], os.O_RDONLY | os.O_TRUNC))",
    "rename-to-outside": "put('own'); os.rename('own', P['outside'] + '/moved')",
    "make-folder-outside": "os.mkdir(P['outside'] + '/folder')",
    "mode-outside": "os.chmod(P['victim'], 0o777); return os.stat(P['victim']).st_mode & 0o777 == 0o777",
    "times-outside": "os.utime(P['victim'], (1, 1)); return os.stat(P['victim']).st_mtime == 1",
    "attribute-outside": "os.setxattr(P['victim'], 'user.x', b'1'); return os.getxattr(P['victim'], 'user.x') == b'1'",
    "hard-link-in": "os.link(P['secret'], 'linked'); return got('linked')",
    "rename-outside": "os.rename(P['victim'], P['work'] + '/taken')",
    "delete-outside": "os.unlink(P['victim'])",
    "read-secret": "return got(P['secret'])",
    "read-secret-through-link": "os.symlink(P['secret'], 'sl'); return got('sl')",
    "read-through-own-root": "return got('/proc/self/root' + P['secret'])",
    "read-through-other-root": "return any(tried(lambda: got('/proc/%d/root%s' % (p, P['secret']))) for p in P['pids'])",
    "read-through-other-folder": "return any(tried(lambda: got('/proc/%d/cwd/secret' % p)) for p in P['pids'])",
    "read-environment-of-others": "return any(tried(lambda: got('/proc/%s/environ' % p)) for p in os.listdir('/proc'))",
    "read-memory-of-others": "return any(tried(lambda: open('/proc/%d/mem' % p, 'rb').seek(0) or True) for p in P['pids'])",
    "read-arguments-of-others": "return any(tried(lambda: got('/proc/%d/cmdline' % p)) for p in P['pids'])",
    "read-shadow": "return open('/etc/shadow').read()",
    "list-secret-folder": "return os.listdir(P['outside'])",
    "list-home": "return set(os.listdir(P['home'])) & set(P['home-names'])",
    "inherit-environment": "return set(os.environ) - {'PATH', 'PROBE', 'TMPDIR', 'PWD', 'LC_CTYPE'}",
    "inherit-descriptors": "return [f for f in range(3, 1024) if tried(lambda: os.fstat(f))]",
    "tcp": "talk(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', P['tcp']))",
    "tcp6": "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
    "udp": "talk(socket.AF_INET, socket.SOCK_DGRAM, ('127.0.0.1', P['udp']))",
    "listen": "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()",
    "unix-stream": "talk(socket.AF_UNIX, socket.SOCK_STREAM, P['unix'])",
    "unix-datagram": "talk(socket.AF_UNIX, socket.SOCK_DGRAM, P['datagram'])",
    "unix-abstract": "talk(socket.AF_UNIX, socket.SOCK_STREAM, '\\0' + P['canary'])",
    "datagram-pair": "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.sendto(b'x', P['datagram'])",
    "netlink": "socket.socket(16, socket.SOCK_RAW, 0)",
    "packet": "socket.socket(17, socket.SOCK_RAW, 0)",
    "vsock": "socket.socket(40, socket.SOCK_STREAM)",
    "crypto-socket": "socket.socket(38, socket.SOCK_SEQPACKET)",
    "signal-outside": "[os.kill(p, 15) for p in P['pids'][:1] if p not in (1, os.getpid(), os.getppid())]; return False",
    "signal-everyone": "libc.kill(-1, 0); return False",
    "limit-others": "return any(libc.prlimit(p, 7, b'\\0' * 16, None) == 0 for p in P['pids'] if p > 40)",
    "ptrace": "return libc.ptrace(16, P['pids'][0], 0, 0) == 0 or libc.ptrace(0, 0, 0, 0) == 0",
    "read-other-process": "return call('readv', P['pids'][0], bytes(16), 1, bytes(16), 1, 0)",
    "new-user-namespace": "return libc.unshare(0x10000000) == 0",
    "new-mount-namespace": "return libc.unshare(0x00020000) == 0",
    "clone-namespace": "return call('clone', 0x10000000 | 17, 0, 0, 0, 0)",
    "clone3-namespace": "a = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17); return call('clone3', a, 88)",
    "join-namespace": "return libc.setns(os.open('/proc/self/ns/user', 0), 0) == 0",
    "mount": "return libc.mount(b'none', P['work'].encode(), b'tmpfs', 0, None) == 0",
    "chroot": "os.chroot(P['work'])",
    "pivot-root": "return libc.syscall(155 if X86 else 41, b'.', b'.') == 0",
    "device": "os.mknod('disk', 0o60600, os.makedev(8, 0)); os.open('disk', os.O_RDONLY)",
    "bpf": "return call('bpf', 0, 0, 0)",
    "io-uring": "return call('io_uring_setup', 4, ctypes.create_string_buffer(256))",
    "userfaultfd": "return call('userfaultfd', 1)",
    "perf": "a = ctypes.create_string_buffer(b'\\x01\\0\\0\\0\\x80', 128); return call('perf', a, 0, -1, -1, 0)",
    "keyring": "return call('keyctl', 0, -3, 1)",
    "open-by-handle": "return call('handle', -100, ctypes.create_string_buffer(256), 0)",
    "shared-memory": "return libc.shmget(1234, 4096, 0o1600) >= 0",
    "message-queue": "return libc.msgget(1234, 0o1600) >= 0",
    "posix-queue": "return call('mq', b'skvm', 0o100 | 2, 0o600, 0)",
    "old-table-socket": "return X86 and machine('b867010000bb02000000b90100000031d2cd80c3')",
    "x32-socket": "return X86 and libc.syscall(0x40000000 | 41, 2, 1, 0) >= 0",
    "become-root": "os.setuid(0); return os.getuid() == 0 and tried(lambda: open('/etc/shadow').read())",
    "raise-limits": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
    "kernel-setting": "open('/proc/sys/kernel/core_pattern', 'a')",
    "magic-key": "open('/proc/sysrq-trigger', 'w').write('h')",
    "system-tree": "open('/sys/kernel/mm/transparent_hugepage/enabled', 'a')",
    "kernel-memory": "return open('/proc/kcore', 'rb').read(1)",
    "kernel-log": "return os.read(os.open('/proc/kmsg', os.O_RDONLY | os.O_NONBLOCK), 1)",
    "kernel-keys": "return open('/proc/keys').read()",
    "kernel-allocations": "return open('/proc/vmallocinfo').read()",
    "type-into-terminal": "import fcntl; fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), 0x5412, b'x')",
    "host-name": "socket.sethostname('skvm-escape')",
    "set-clock": "import time; time.clock_settime(0, time.time())",
}  # fmt: skip

# Must work, or the denials above prove nothing.
PERMITTED: dict[str, str] = {
    "write-work": "put('fine'); return os.path.getsize('fine') == 1",
    "read-skill": "return open(P['skill'] + '/SKILL.md').read()",
    "temporary-file": "import tempfile; tempfile.NamedTemporaryFile().write(b'x')",
    "subprocess": "import subprocess; return subprocess.check_output(['sh', '-c', 'echo x | cat'])",
    "thread": "import threading; t = threading.Thread(target=int); t.start(); t.join()",
    "event-loop": "import asyncio; asyncio.run(asyncio.sleep(0))",
    "copy-with-mode": "import shutil; put('from'); shutil.copy2('from', 'to'); return open('to').read() == 'x'",
    "random": "return len(open('/dev/urandom', 'rb').read(8)) == 8",
}

_PRELUDE = r"""
import ctypes, json, os, socket, sys
P = json.loads(sys.stdin.read())
libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
N = {"clone": (56, 220), "clone3": (435, 435), "bpf": (321, 280), "io_uring_setup": (425, 425), "userfaultfd": (323, 282),
     "perf": (298, 241), "keyctl": (250, 219), "handle": (304, 265), "mq": (240, 180), "readv": (310, 270)}
def call(name, *arguments):
    got = libc.syscall(ctypes.c_long(N[name][0 if X86 else 1]), *arguments)
    if name.startswith("clone") and got == 0:
        os._exit(7)
    return got >= 0
def machine(code):
    import mmap
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(bytes.fromhex(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))() >= 0
def put(path):
    with open(path, "w") as stream:
        stream.write("x")
def got(path):
    with open(path, "rb") as stream:
        return P["canary"].encode() in stream.read(1 << 20)
def tried(act):
    try:
        return act()
    except OSError:
        return False
def talk(family, kind, address):
    with socket.socket(family, kind) as link:
        link.settimeout(1)
        link.connect(address)
        link.send(b"x")
seen = {}
for name, body in P["attempts"].items():
    code = "def act():\n " + body.replace("\n", "\n ") + "\n" + ("" if "return" in body else " return True\n")
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        through = False
        try:
            space = dict(globals())
            exec(code, space)
            through = bool(space["act"]())
        except BaseException as error:
            print(name, type(error).__name__, error, file=sys.stderr)
        os._exit(0 if through else 9)
    seen[name] = os.waitpid(pid, 0)[1] == 0
print(json.dumps(seen))
"""


class Scene:
    """What is planted on the host: a canary in a file and in a process, victims, servers. A context manager."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.canary = secrets.token_hex(16)
        self.work, self.outside, self.skill = (self.root / n for n in ("work", "outside", "skill"))
        self._stack = ExitStack()

    def __enter__(self) -> Scene:
        for folder in (self.work, self.outside, self.skill):
            folder.mkdir(parents=True)
        (self.outside / "secret").write_text(self.canary)
        self.victim = self.outside / "victim"
        self.victim.write_text("precious")
        self.victim.chmod(0o600)
        (self.skill / "SKILL.md").write_text("# skill\n")
        self._bearer = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()", self.canary],
            stdin=subprocess.PIPE,
            env={"CANARY": self.canary},
            cwd=self.outside,
        )
        self._stack.callback(self._dismiss)
        self._servers = {
            "tcp": self._serve(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": self._serve(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix-stream": self._serve(socket.AF_UNIX, socket.SOCK_STREAM, self._short("s")),
            "unix-datagram": self._serve(socket.AF_UNIX, socket.SOCK_DGRAM, self._short("d")),
            "unix-abstract": self._serve(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.canary),
        }
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def code(self) -> str:
        """The probe, to be run by a Python inside; it reads `told()` from its standard input."""
        return _PRELUDE

    def told(self, attempts: dict[str, str], prefix: Path) -> bytes:
        """What the probe is told. `prefix` is a folder of the interpreter."""
        plan = {
            "attempts": attempts,
            "canary": self.canary,
            "work": str(self.work),
            "outside": str(self.outside),
            "secret": str(self.outside / "secret"),
            "victim": str(self.victim),
            "skill": str(self.skill),
            "home": os.path.expanduser("~"),  # noqa: PTH111 - a user without a home must not raise
            "home-names": _home_names(self.root),
            "prefix": str(prefix),
            "pids": [self._bearer.pid, os.getpid()],
            "tcp": self._servers["tcp"].getsockname()[1],
            "udp": self._servers["udp"].getsockname()[1],
            "unix": self._short("s"),
            "datagram": self._short("d"),
        }
        return json.dumps(plan).encode()

    def traces(self) -> set[str]:
        """What the host can see of things that must not have happened."""
        seen = {name for name, server in self._servers.items() if _touched(server)}
        if sorted(p.name for p in self.outside.iterdir()) != ["secret", "victim"]:
            seen.add("outside changed")
        if not self.victim.exists() or self.victim.read_text() != "precious" or self.victim.stat().st_mode & 0o777 != 0o600:
            seen.add("victim changed")
        if sorted(p.name for p in self.skill.iterdir()) != ["SKILL.md"]:
            seen.add("skill changed")
        if self._bearer.poll() is not None:
            seen.add("process killed")
        return seen

    def _short(self, name: str) -> str:
        """A socket path inside the work folder, where the program could reach it."""
        return str(self.work / name)

    def _serve(self, family: int, kind: int, address: tuple[str, int] | str) -> socket.socket:
        server = self._stack.enter_context(socket.socket(family, kind))
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen(4)
        server.setblocking(False)
        return server

    def _dismiss(self) -> None:
        if self._bearer.stdin:
            self._bearer.stdin.close()
        self._bearer.wait(timeout=10)


def _home_names(root: Path) -> list[str]:
    """Names in the user's home, without those on the way to the work folder or an interpreter that lives there."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - as above
    try:
        names = {p.name for p in home.iterdir()}
    except OSError:
        return []
    prefixes = [root, *(Path(p).resolve() for p in (sys.prefix, sys.base_prefix))]
    return sorted(names - {p.relative_to(home).parts[0] for p in prefixes if p != home and p.is_relative_to(home)})


def _touched(server: socket.socket) -> bool:
    with suppress(BlockingIOError):
        if server.type == socket.SOCK_STREAM:
            server.accept()[0].close()
        else:
            server.recv(1)
        return True
    return False
