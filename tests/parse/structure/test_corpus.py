"""Real skills beside the checkout: no exception, byte for byte, sound."""

import hashlib

import pytest
from structure_kit import CORPUS, read

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this checkout")]


def sample(count):
    texts = sorted(CORPUS.rglob("*.md"), key=lambda p: hashlib.sha256(str(p.relative_to(CORPUS)).encode()).hexdigest())
    return texts[:count]


def test_real_skills_are_read_without_loss():
    for path in sample(120):
        read(path.read_bytes())


def test_cut_and_shuffled_skills_are_read_without_loss():
    for number, path in enumerate(sample(40)):
        raw = path.read_bytes()
        read(raw[: len(raw) * (number % 7 + 1) // 9])
        lines = raw.split(b"\n")
        read(b"\n".join(sorted(lines, key=lambda line: hashlib.sha256(line).digest())))
