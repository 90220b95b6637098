"""The filter program, run by an interpreter of classic BPF written from its definition."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.adapters.confine import seccomp
from skvm.adapters.confine.seccomp import FilterPolicy, build_filter, filter_digest

ALLOW, EPERM, ENOSYS, PRETEND, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x00050000, 0x80000000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
POLICIES = [FilterPolicy(True), FilterPolicy(False), FilterPolicy(False, True)]


def verdict(program, arch, number, *arguments, audit=None):
    data = struct.pack("=IIQ6Q", number, audit or AUDIT[arch], 0, *(list(arguments) + [0] * 6)[:6])
    rows = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    at = accumulator = 0
    for _ in range(len(rows)):
        code, yes, no, value = rows[at]
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return value
        else:
            held = {0x15: accumulator == value, 0x35: accumulator >= value, 0x25: accumulator > value}[code]
            at += yes if held else no
    raise AssertionError("the program does not end")


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
@pytest.mark.parametrize("policy", POLICIES)
def test_every_denied_call_is_denied_and_ordinary_ones_are_not(arch, policy):
    program, column = build_filter(policy, arch), list(AUDIT).index(arch)
    for table, expected in ((seccomp._DENIED, EPERM), (seccomp._ABSENT, ENOSYS)):
        for name, numbers in table.items():
            if numbers[column] is not None:
                assert verdict(program, arch, numbers[column]) == expected, name
    ordinary = {
        "read": (0, 63),
        "write": (1, 64),
        "openat": (257, 56),
        "execve": (59, 221),
        "futex": (202, 98),
        "exit": (60, 93),
    }
    for name, numbers in ordinary.items():
        assert verdict(program, arch, numbers[column]) == ALLOW, name
    for numbers in seccomp._METADATA.values():
        if numbers[column] is not None:
            assert verdict(program, arch, numbers[column]) == (ALLOW if policy.namespaced else PRETEND)
    for numbers in seccomp._SIGNALS.values():
        assert verdict(program, arch, numbers[column]) == (EPERM if policy.signals else ALLOW)


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_arguments_decide(arch):
    column = list(AUDIT).index(arch)
    outer, inner = build_filter(FilterPolicy(False), arch), build_filter(FilterPolicy(True), arch)
    clone, pair, ioctl = seccomp._CLONE[column], seccomp._SOCKETPAIR[column], seccomp._IOCTL[column]
    assert verdict(inner, arch, clone, 0x01200011) == ALLOW  # fork
    assert verdict(inner, arch, clone, 0x003D0F00) == ALLOW  # thread
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict(inner, arch, clone, flag | 17) == EPERM
    assert verdict(inner, arch, pair, 1, 1 | 0o2000000) == ALLOW  # stream, close on exec
    assert verdict(inner, arch, pair, 1, 2) == EPERM  # datagram
    assert verdict(inner, arch, pair, 1, 5) == EPERM
    assert verdict(inner, arch, pair, 2, 1) == EPERM
    assert verdict(inner, arch, ioctl, 0, 0x5401) == ALLOW
    assert verdict(inner, arch, ioctl, 0, 0x5412) == EPERM
    assert verdict(inner, arch, ioctl, 0, 0xFFFFFFFF00005412) == EPERM  # the kernel looks at 32 bits
    prlimit = seccomp._ON_PROCESS["prlimit64"][column]
    assert verdict(outer, arch, prlimit, 0) == ALLOW
    assert verdict(outer, arch, prlimit, 4242) == EPERM
    assert verdict(inner, arch, prlimit, 4242) == ALLOW


@given(st.integers(0, 2**32 - 1), st.sampled_from(["x86_64", "aarch64"]), st.sampled_from(POLICIES))
def test_total_and_closed_towards_the_unknown(number, arch, policy):
    program = build_filter(policy, arch)
    got = verdict(program, arch, number)
    if arch == "x86_64" and number >= 0x40000000:
        assert got == KILL
    elif number > seccomp.NEWEST:
        assert got == ENOSYS
    else:
        assert got in (ALLOW, EPERM, ENOSYS, PRETEND)
    assert verdict(program, arch, number, audit=0x40000003) == KILL


def test_identity():
    digests = {filter_digest(build_filter(p, a)) for p in POLICIES for a in AUDIT}
    assert len(digests) == 6
    with pytest.raises(KeyError):
        build_filter(POLICIES[0], "vax")


def test_tables_agree_with_the_kernel_headers():
    from pathlib import Path

    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.is_file():
        pytest.skip("no kernel headers here")
    numbers = {w[1].removeprefix("__NR_"): int(w[2]) for line in header.read_text().splitlines() if len(w := line.split()) == 3}
    tables = (seccomp._DENIED, seccomp._ABSENT, seccomp._METADATA, seccomp._SIGNALS, seccomp._ON_PROCESS)
    for table in tables:
        for name, row in table.items():
            if name in numbers:
                assert row[0] == numbers[name], name
