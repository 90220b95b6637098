"""Codes, their pages and their forms."""

import re

import pytest

from skvm.diag import CODES, explanation
from skvm.diag.codes import DOCS


@pytest.mark.parametrize("number", sorted(CODES))
def test_every_code_has_a_page(number):
    text = explanation(number)
    assert text.startswith(f"# {number}")
    assert (DOCS / f"{number}.md").is_file()


def test_no_page_without_a_code():
    assert {p.stem for p in DOCS.glob("*.md")} <= set(CODES)


def test_numbers_are_well_formed_and_slugs_unique():
    assert all(re.fullmatch(r"SKV\d{3}", n) for n in CODES)
    assert len({c.slug for c in CODES.values()}) == len(CODES)
