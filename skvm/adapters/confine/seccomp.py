"""seccomp filters as classic BPF, built here so that no package is needed.

What is denied and why (numbers from the kernel's own tables: `asm/unistd_64.h` for x86-64, `asm-generic/unistd.h` for
aarch64): sockets of every family (but TCP over IPv4 where an outlet is the only place it leads to), reading or steering
other processes, mounts and namespaces, kernel interfaces with a record of escapes (bpf, io_uring, userfaultfd, perf,
keyrings), clock and machine control, System V and POSIX message objects (global names). Calls newer than the table are
unknown: ENOSYS. A foreign architecture or the x32 table kills the process.
"""

from __future__ import annotations

import hashlib
import platform
import struct
from dataclasses import dataclass

EPERM, ENOSYS = 1, 38
NEWEST = 469  # file_setattr, Linux 6.17: the last call of the tables above

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LD, _JEQ, _JGE, _JGT, _AND, _RET = 0x20, 0x15, 0x35, 0x25, 0x54, 0x06
_NR, _ARCH, _ARGS = 0, 4, 16
_NAMESPACES = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_AF_UNIX, _AF_INET, _SOCK_STREAM = 1, 2, 1

# name: (x86-64, aarch64); None where the architecture has no such call.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429), "open_tree": (428, 428), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467), "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "sethostname": (170, 161),
    "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "syslog": (103, 116),
    "lookup_dcookie": (212, 18), "nfsservctl": (180, 42), "vhangup": (153, 58), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "move_pages": (279, 239),
    "migrate_pages": (256, 238), "modify_ldt": (154, None), "uselib": (134, None), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192), "mq_open": (240, 180),
    "mq_unlink": (241, 181), "personality": (135, 92),
}  # fmt: skip

# Answered "no such call" so that callers take their older path: clone3 hides its flags behind a pointer.
_ABSENT: dict[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "memfd_secret": (447, 447),
}  # fmt: skip

# Owner, mode, time and attributes of a file. Landlock does not govern them, so without a mount namespace they are answered
# with success and do nothing: refusing would break every `cp -p`, `tar x` and `shutil.copy`.
_METADATA: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "setxattrat": (463, 463), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
}  # fmt: skip

_SOCKETS = frozenset({"socket", "connect", "bind", "listen", "accept", "accept4"})

_SIGNALS: dict[str, tuple[int | None, int | None]] = {
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424),
}  # fmt: skip

# Calls that act on a process named by this argument: only 0, the caller itself, is allowed without a process namespace.
_ON_PROCESS: dict[str, tuple[int, int, int]] = {
    "prlimit64": (302, 261, 0), "sched_setaffinity": (203, 122, 0), "sched_setscheduler": (144, 119, 0),
    "sched_setparam": (142, 118, 0), "sched_setattr": (314, 274, 0), "setpriority": (141, 140, 1), "ioprio_set": (251, 30, 1),
}  # fmt: skip

_ARCHES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_CLONE, _SOCKET, _SOCKETPAIR, _IOCTL = (56, 220), (41, 198), (53, 199), (16, 29)


@dataclass(frozen=True, slots=True)
class FilterPolicy:
    """Which groups are filtered besides those that always are.

    `namespaced`: the program lives in its own mount and process namespaces, so file metadata and process arguments need no
    filter. `signals`: deny signals to others, where the kernel's Landlock cannot scope them (ABI below 6). `sockets`: leave
    sockets alone, for a program that is nothing without them and whose network namespace holds nothing but itself. `outlet`:
    TCP over IPv4 only, for a program whose network namespace holds nothing but itself and a proxy.
    """

    namespaced: bool
    signals: bool = False
    sockets: bool = False
    outlet: bool = False


def machine() -> str:
    """This machine's architecture as the tables name it; raises LookupError when there is no table for it."""
    name = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if name not in _ARCHES:
        raise LookupError(f"no system call table for {name}")
    return name


def build_filter(policy: FilterPolicy, arch: str | None = None) -> bytes:
    """The filter program as an array of `struct sock_filter`; raises LookupError for an architecture without a table."""
    audit, column = _ARCHES[arch or machine()]
    code = _Program()
    code.load(_ARCH)
    code.skip_unless(_JEQ, audit, _KILL)
    code.load(_NR)
    if column == 0:
        code.when(_JGE, 0x40000000, _KILL)
    code.when(_JGT, NEWEST, _ERRNO | ENOSYS)
    code.calls(_ABSENT, column, _ERRNO | ENOSYS)
    speaks = policy.sockets or policy.outlet
    code.calls({n: v for n, v in _DENIED.items() if not (speaks and n in _SOCKETS)}, column, _ERRNO | EPERM)
    if not policy.namespaced:
        code.calls(_METADATA, column, _ERRNO | 0)
        for row in _ON_PROCESS.values():
            code.argument(row[column], row[2], None, 0, allow_equal=True)
    if policy.signals:
        code.calls(_SIGNALS, column, _ERRNO | EPERM)
    if policy.outlet:
        code.argument(_SOCKET[column], 0, None, _AF_INET, allow_equal=True)
        code.argument(_SOCKET[column], 1, 0xF, _SOCK_STREAM, allow_equal=True)
    if not policy.sockets:
        # A connected stream pair reaches nobody else; a datagram socket could still name another address.
        code.argument(_SOCKETPAIR[column], 0, None, _AF_UNIX, allow_equal=True)
        code.argument(_SOCKETPAIR[column], 1, 0xF, _SOCK_STREAM, allow_equal=True)
    code.argument(_CLONE[column], 0, _NAMESPACES, 0, allow_equal=True)
    code.argument(_IOCTL[column], 1, None, _TIOCSTI, allow_equal=False)
    code.argument(_IOCTL[column], 1, None, _TIOCLINUX, allow_equal=False)
    code.give(_ALLOW)
    return code.bytes()


def filter_digest(program: bytes) -> str:
    """Short identity of a filter, part of a sandbox version."""
    return hashlib.sha256(program).hexdigest()[:12]


class _Program:
    """Emits instructions; the accumulator holds the call number between groups."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int]] = []

    def load(self, offset: int) -> None:
        self._rows.append((_LD, 0, 0, offset))

    def give(self, value: int) -> None:
        self._rows.append((_RET, 0, 0, value))

    def when(self, test: int, value: int, verdict: int) -> None:
        self._rows.append((test, 0, 1, value))
        self.give(verdict)

    def skip_unless(self, test: int, value: int, verdict: int) -> None:
        self._rows.append((test, 1, 0, value))
        self.give(verdict)

    def calls(self, table: dict[str, tuple[int | None, int | None]], column: int, verdict: int) -> None:
        for numbers in table.values():
            number = numbers[column]
            if number is not None:
                self.when(_JEQ, number, verdict)

    def argument(self, number: int, index: int, mask: int | None, value: int, *, allow_equal: bool) -> None:
        """Look at the low half of one argument of one call (these are all 32-bit in the kernel)."""
        body: list[tuple[int, int, int, int]] = [(_LD, 0, 0, _ARGS + 8 * index)]
        if mask is not None:
            body.append((_AND, 0, 0, mask))
        body.append((_JEQ, 1, 0, value) if allow_equal else (_JEQ, 0, 1, value))
        body.append((_RET, 0, 0, _ERRNO | EPERM))
        body.append((_LD, 0, 0, _NR))
        self._rows.append((_JEQ, 0, len(body), number))
        self._rows.extend(body)

    def bytes(self) -> bytes:
        return b"".join(struct.pack("=HBBI", *row) for row in self._rows)
