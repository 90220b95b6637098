"""What a hole lets in: the kind of thing that was seen, never the ways out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.jit.generalise.patterns import covering, looks_like_data, negates, one_of


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=4))
def test_covers_what_was_seen(values: list[str]) -> None:
    assert all(re.fullmatch(covering(values), v, re.DOTALL) for v in values)
    assert all(re.fullmatch(one_of(values), v, re.DOTALL) for v in values)


@pytest.mark.parametrize(
    ("seen", "inside", "outside"),
    [
        (
            ["sales.csv", "orders.csv"],
            ["x.csv"],
            ["-a.csv", "../a.csv", "a b.csv", "a.csv;x", "A.csv", "a.csv\n", "a", "a.json"],
        ),
        (["a.csv", "b.json"], ["x.yml"], ["a", ".csv", "a.b.c", "a."]),
        (["a.csv", "q1_a.csv"], ["a_b_c.csv", "q2.csv"], ["..", "a..csv", "/a.csv", ".a", "-x.csv", "a/b.csv", "a_b", "é.csv"]),
        (["5", "12"], ["7", "99999"], ["0", "00", "-5", "1.5", "1e9", "", "five", "1 or 2"]),
        (["0", "12"], ["0", "99999"], ["-5", "1.5"]),
        (["ann@x.de", "bob@y.org"], ["c@z.com"], ["c@z.com,d@z.com", "<c@z.com>", "c d@z.com", "C@z.com"]),
        (["München", "Berlin"], ["Köln"], ["Köln; x", "a b", ""]),
        (["2024-01-05", "2023-12-31"], ["1999-09-09"], ["2024-01", "2024/01/05", "2024-01-05 or later"]),
        (["-x", "-y"], ["-z"], ["--z", "z"]),
    ],
)
def test_kinds(seen: list[str], inside: list[str], outside: list[str]) -> None:
    pattern = covering(seen)
    assert [v for v in inside if not re.fullmatch(pattern, v, re.DOTALL)] == []
    assert [v for v in outside if re.fullmatch(pattern, v, re.DOTALL)] == []


def test_length_is_bounded() -> None:
    assert re.fullmatch(covering(["ab", "cd"]), "x" * 32)
    assert not re.fullmatch(covering(["ab", "cd"]), "x" * 33)


def test_a_long_hostile_value_is_judged_quickly() -> None:
    pattern = covering(["a_b.csv", "c.csv"])
    for hostile in ("a." * 50_000, "a" * 100_000 + "!", "_" * 100_000):
        assert not re.fullmatch(pattern, hostile, re.DOTALL)


@pytest.mark.parametrize("value", ["a.csv", "12", "a_b", "x@y", "#W12", "Q3", "in/out", "iPhone", "two words"])
def test_data(value: str) -> None:
    assert looks_like_data(value)


@pytest.mark.parametrize("value", ["region", "Delete", "not", "überall"])
def test_plain_words(value: str) -> None:
    assert not looks_like_data(value)


@pytest.mark.parametrize("value", ["not", "Without", "don't", "don’t", "ohne", "不要"])
def test_negation(value: str) -> None:
    assert negates(value, ["region"])
    assert not negates(value, [value])


def test_names_keep_their_capital() -> None:
    fits = re.compile(covering(["Bari", "Split", "Odense"])).fullmatch
    assert fits("Graz") and not fits("it") and not fits("SPLIT") and not fits("gRAZ")
    assert re.fullmatch(covering(["Bari", "split"]), "it"), "where case wobbled it is free"
    assert re.fullmatch(covering(["New York", "Los Angeles"]), "San Jose")
    assert not re.fullmatch(covering(["New York", "Los Angeles"]), "San jose")
