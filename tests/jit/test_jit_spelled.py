"""Days, numbers as words and grouped digits are read as the plain values that programs write, and never in two ways."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jit_kit import call

from skvm.jit.generalise.origins import World, apply
from skvm.jit.generalise.provenance import Sources
from skvm.jit.generalise.spelled import SPELLINGS
from skvm.plan import Unfilled

PLAIN = st.one_of(
    st.dates(date(1000, 1, 1)).map(date.isoformat),
    st.integers(-(10**14), 10**14).map(str),
    st.decimals(-(10**9), 10**9, places=2).filter(lambda d: d != 0 or not d.is_signed()).map(lambda d: str(Decimal(d))),
)


@given(PLAIN)
def test_what_is_spelled_is_read_back(plain: str) -> None:
    for name, spelling in SPELLINGS.items():
        told = spelling.spell(plain)
        assert told is None or apply((name,), told) == plain


@given(st.text(max_size=20) | PLAIN)
def test_a_text_is_read_as_a_value_that_is_spelled_so_or_not_at_all(text: str) -> None:
    for name, spelling in SPELLINGS.items():
        try:
            plain = apply((name,), text)
        except Unfilled:
            continue
        assert spelling.spell(plain) == text or plain == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("day_month_year", "31 February 2024"),
        ("day_month_year", "3 march 2024"),
        ("day_month_year", "03/04/2024"),
        ("month_day_year", "March 0, 2024"),
        ("worded", "thirteen"),
        ("worded", "Seven"),
        ("grouped", "1,23"),
        ("grouped", "1.234,50"),
        ("grouped", "1234,567"),
        ("grouped", "0,123"),
        ("grouped", "١,٢٣٤"),
    ],
)
def test_what_is_open_is_not_read(name: str, text: str) -> None:
    with pytest.raises(Unfilled):
        apply((name,), text)


@pytest.mark.parametrize(
    ("sentence", "spelt", "plain", "name"),
    [
        ("It begins on {}.", ["12 March 2024", "3 June 2021"], ["2024-03-12", "2021-06-03"], "day_month_year"),
        ("It begins on {}.", ["March 12, 2024", "June 3, 2021"], ["2024-03-12", "2021-06-03"], "month_day_year"),
        ("It ends with {} months' notice", ["two", "six"], [2, 6], "worded"),
        ("The fee is EUR {} a year.", ["1,250.00", "900.00"], ["1250.00", "900.00"], "grouped"),
    ],
)
def test_a_value_is_found_where_it_is_spelled(sentence: str, spelt: list[str], plain: list[object], name: str) -> None:
    told = [call("read_file", {}, f"AGREEMENT\n{sentence.format(text)}\nThe end\n") for text in spelt]
    sources = Sources([World({}, (one,)) for one in told], {}, frozenset({0}))
    first = sources.contexts(tuple(plain))[0]
    assert first.via[0][0] == "between" and first.via[1] == (name,)
    assert sources.contexts((*plain[:-1], "2000-01-01")) == ()
