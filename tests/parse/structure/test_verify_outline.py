"""The verifier finds what is broken; the outline says what was understood."""

import pytest
from structure_kit import FRONT, read

from skvm.app.outline import outline, outline_text
from skvm.ir.verify import verify
from skvm.parse import parse_skill
from skvm.source import Span, skill_from_bytes

BODY = (
    "# T\n\n## Workflow\n\n1. Read `in.csv`.\n2. Write `out.csv`.\n3. Check `out.csv`.\n\n"
    "## Rules\n\n- Never change `in.csv`.\n"
)
SOURCE = skill_from_bytes((FRONT + BODY).encode())


def change(program, name, index, **update):
    nodes = list(getattr(program, name))
    nodes[index] = nodes[index].model_copy(update=update)
    return program.model_copy(update={name: tuple(nodes)})


@pytest.mark.parametrize(
    ("name", "index", "update", "words"),
    [
        ("steps", 1, {"id": "S1.s1"}, "used twice"),
        ("steps", 0, {"scene": "S9"}, "does not exist"),
        ("steps", 0, {"span": Span("SKILL.md", 0, 3)}, "outside its scene"),
        ("steps", 0, {"span": Span("SKILL.md", 0, 99_999)}, "behind the end"),
        ("steps", 0, {"span": Span("other.md", 0, 3)}, "not a file of the skill"),
        ("steps", 0, {"text": "something else"}, "not what its span shows"),
        ("constraints", 0, {"owner": "S1.s9"}, "does not exist"),
        ("leaves", 2, {"span": Span("SKILL.md", 5, 6)}, "do not meet"),
    ],
)
def test_a_broken_program_is_found(name, index, update, words):
    program = change(parse_skill(SOURCE).program, name, index, **update)
    assert any(words in d.message for d in verify(program, SOURCE))


def test_equal_keys_are_found():
    program = parse_skill(SOURCE).program
    assert any("same key" in d.message for d in verify(change(program, "steps", 1, key=program.steps[0].key), SOURCE))


def test_outline_has_the_fields_of_the_guide():
    program = read(BODY).program
    data = outline(program, SOURCE)
    assert data["has_procedure"] and data["kind"] == "procedural"
    assert [s["lines"] for s in data["steps"]] == [[10, 10], [11, 11], [12, 12]]
    assert data["scenes"][0]["lines"] == [8, 12]
    assert data["steps"][1]["after"] == ["S1.s1"]
    assert data["constraints"] == [{"lines": [16, 16], "force": "must_not"}]
    keys = ["tools", "requirements", "effects", "parallel", "sequential_only", "inputs", "outputs", "triggers", "note"]
    assert set(keys) <= set(data)


def test_outline_as_text_shows_lines_and_what_was_not_understood():
    text = outline_text(read(BODY).program, SOURCE, None, lambda piece, role: f"<{role}>{piece}" if role == "scene" else piece)
    assert "S1.s2" in text and "Write" in text and "<scene>" in text
