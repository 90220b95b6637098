"""Real skills: every expressible one is valid under our own strict validator and is read back as it was."""

from pathlib import Path

import pytest

from skvm.ir.diff import diff
from skvm.ir.ssl import NotExpressible, export_ssl, import_ssl, validate_ssl
from skvm.ir.verify import verify
from skvm.parse import parse_skill
from skvm.source import find_skills, load_skill

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "corpus"
EVERY = 29

pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the checkout")]


def test_every_expressible_skill_is_valid_and_comes_back():
    folders = sorted(p for p in CORPUS.iterdir() if p.is_dir())
    paths = [path for folder in folders for path in find_skills(folder)][::EVERY]
    expressible = 0
    for path in paths:
        program = parse_skill(load_skill(path)).program
        assert diff(program, program) == ()
        try:
            record = export_ssl(program).record
        except NotExpressible:
            continue
        expressible += 1
        assert validate_ssl(record) == [], path
        back = import_ssl(record)
        assert back.lost == () and verify(back.program, back.source) == (), path
    assert expressible > len(paths) // 4
