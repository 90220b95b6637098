"""The judge of schedules: quiet about the compiler as it is, loud about every way of breaking it."""

from __future__ import annotations

import pytest

from bench.soundness.broken import WAYS
from bench.soundness.command import caught, judged
from bench.soundness.programs import program


def test_programs_are_their_seed_and_hold_what_schedules_are_about() -> None:
    texts = [program(seed).text()[0] for seed in range(150)]
    assert texts == [program(seed).text()[0] for seed in range(150)] and len(set(texts)) > 140
    for words in (b"For each", b"in parallel", b"Otherwise", b"go back to step", b"approv", b"curl", b"cd out", b"findings"):
        assert any(words in text for text in texts), words


def test_nothing_overlaps_that_must_not_and_every_interleaving_ends_alike() -> None:
    rows = [judged(seed) for seed in range(150)]
    assert sum(row["free"] for row in rows) > 60, "the programs leave too little to overlap to show anything"
    assert not [row for row in rows if row["violations"] or row["other"]]


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_compiler_broken_in_one_way_is_noticed(way: str) -> None:
    assert caught(way, 0, 300)["after"] is not None
