"""A policy never widens, whatever it says: laws over generated grants, policies and hosts."""

from __future__ import annotations

import anyio
from hypothesis import given
from hypothesis import strategies as st

from skvm.plan import Grant, Permissions
from skvm.plan.policy import Policy, PolicyLimits, meet_folders, meet_hosts
from skvm.runtime.tools.files import ToolFailure
from skvm.runtime.tools.hosts import Outward, require

NAMES = ("a.invalid", "b.a.invalid", "c.b.a.invalid", "invalid", "localhost", "127.0.0.1", "10.0.0.7", "::1", "xa.invalid")
PATTERNS = ("*", "*.a.invalid", "*.invalid", "*.b.a.invalid", "*a.invalid", "[ab].invalid", "?.a.invalid", "*.*.invalid", "*.1")
ports = st.sampled_from(("", "", ":443", ":80"))
names = st.sampled_from(NAMES)


def spelled(name: str, port: str) -> str:
    return f"[{name}]{port}" if name == "::1" and port else name + port


granted = st.lists(st.builds(spelled, st.sampled_from(NAMES + PATTERNS), ports), max_size=4)
permitted = st.lists(st.builds(spelled, st.sampled_from((*NAMES, "*", "*.a.invalid", "*.invalid")), ports), max_size=4)
folders = st.lists(st.sampled_from(("./", "out/", "out/deep/", "in/", "output/")), max_size=3)
places = st.lists(st.sampled_from(("./", "out/", "out/a.txt", "out/deep/b", "in/x", "a.txt", "output/y")), max_size=4)


def allowed(host: str, port: int, grants: tuple[str, ...]) -> bool:
    try:
        require(host, port, grants)
    except ToolFailure:
        return False
    return True


def private(host: str, port: int, grants: tuple[str, ...]) -> bool:
    """May a private network be reached under this name?"""

    outward = Outward(grants)

    async def ask() -> bool:
        try:
            await outward.reach(host, port)
        except Exception:
            return False
        return True

    return anyio.run(ask)


@given(granted, permitted, names, st.sampled_from((443, 80, 22)))
def test_a_host_that_is_left_was_granted_and_is_permitted(grants: list[str], policy: list[str], host: str, port: int) -> None:
    left = meet_hosts(tuple(grants), tuple(policy))
    if allowed(host, port, left):
        assert allowed(host, port, tuple(grants))
        assert allowed(host, port, tuple(policy))


@given(granted, permitted, st.sampled_from(("localhost", "127.0.0.1", "::1")))
def test_a_policy_opens_no_private_network(grants: list[str], policy: list[str], host: str) -> None:
    if private(host, 443, meet_hosts(tuple(grants), tuple(policy))):
        assert private(host, 443, tuple(grants))


@given(granted)
def test_a_policy_of_everything_takes_nothing(grants: list[str]) -> None:
    left = meet_hosts(tuple(grants), ("*",))
    for host in (*NAMES, "x.invalid", "a.b"):
        assert allowed(host, 443, left) == allowed(host, 443, tuple(grants))


@given(granted, st.sampled_from(("localhost", "127.0.0.1", "::1")))
def test_a_policy_of_everything_takes_no_private_network(grants: list[str], host: str) -> None:
    assert private(host, 443, meet_hosts(tuple(grants), ("*",))) == private(host, 443, tuple(grants))


@given(places, folders)
def test_a_place_that_is_left_lies_in_both(grants: list[str], policy: list[str]) -> None:
    def lies(place: str, within: list[str]) -> bool:
        return any(w == "./" or place == w or (w.endswith("/") and place.startswith(w)) for w in within)

    for place in meet_folders(tuple(grants), tuple(policy)):
        assert lies(place, grants) and lies(place, policy)


bounds = st.one_of(st.none(), st.integers(1, 9))
limits = st.builds(PolicyLimits, deadline=bounds, tokens=bounds, cost=bounds, command_seconds=bounds, memory_mb=bounds)
some = st.one_of(st.none(), st.lists(st.sampled_from(("A", "B", "C")), max_size=3).map(tuple))
policies = st.builds(
    Policy,
    hosts=st.one_of(st.none(), permitted.map(tuple)),
    executables=some,
    env=some,
    write=st.one_of(st.none(), folders.map(tuple)),
    limits=limits,
)
grants_of = st.lists(
    st.one_of(
        st.builds(Grant, kind=st.sampled_from(("env", "exec")), name=st.sampled_from(("A", "B", "D"))),
        st.builds(lambda n: Grant(kind="host", name=n), st.sampled_from(NAMES + PATTERNS)),
        st.builds(lambda n: Grant(kind="write", name=n), st.sampled_from(("./", "out/", "out/a.txt", "in/x"))),
        st.builds(Grant, kind=st.just("read"), name=st.just("./")),
    ),
    max_size=6,
)


@given(policies, grants_of)
def test_a_narrowed_manifest_is_part_of_the_manifest(policy: Policy, grants: list[Grant]) -> None:
    before = Permissions(grants=tuple(grants), forbidden=("never",))
    after = policy.narrowed(before)
    assert after.forbidden == before.forbidden
    assert policy.narrowed(after).grants == after.grants, "narrowing again takes nothing more"
    for grant in after.grants:
        if grant.kind in ("env", "exec", "read"):
            assert grant in before.grants
        elif grant.kind == "host":
            assert any(meet_hosts((grant.name,), (g.name,)) for g in grants if g.kind == "host")
    assert Policy().narrowed(before) == before


@given(policies, policies, grants_of)
def test_two_policies_permit_no_more_than_each(one: Policy, two: Policy, grants: list[Grant]) -> None:
    before = Permissions(grants=tuple(grants))
    both = one.both(two)
    left = {(g.kind, g.name) for g in both.narrowed(before).grants}
    for policy in (one, two):
        alone = policy.narrowed(before)
        for kind, name in left:
            if kind == "host":
                mine = tuple(g.name for g in alone.grants if g.kind == "host")
                for host in NAMES:
                    assert not allowed(host, 443, (name,)) or allowed(host, 443, mine)
            elif kind in ("env", "exec", "read"):
                assert (kind, name) in {(g.kind, g.name) for g in alone.grants}
        for name, bound in policy.limits.model_dump().items():
            if bound is not None:
                assert getattr(both.limits, name) <= bound
