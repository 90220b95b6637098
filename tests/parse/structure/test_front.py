"""Front matter as it is found in the wild."""

import pytest
from structure_kit import FRONT, read

from skvm.parse.structure.front import read_front_matter
from skvm.parse.structure.report import Reporter
from skvm.source import skill_from_bytes


def front(text):
    source = skill_from_bytes(text.encode()).main
    report = Reporter()
    found = read_front_matter(source, report)
    return {f.key: f.value for f in found.fields}, [d.code for d in report.items], source, found


def test_fields_have_spans_of_their_values():
    values, codes, source, found = front(
        "---\nname: é-skill\ndescription: 'Häuser zählen.'\nmetadata:\n  version: 1.10\ntags: [a, b]\n---\nx"
    )
    assert codes == []
    assert values["metadata.version"] == "1.10"
    shown = {f.key: source.raw[f.start : f.end].decode() for f in found.fields}
    assert shown["name"] == "é-skill" and shown["description"] == "'Häuser zählen.'"
    assert [f.value for f in found.fields if f.key == "tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("# T\n\ntext\n", "SKV110"),
        ("---\nname: a\ndescription: b\n\n# T\n", "SKV111"),
        ("---\nname: a\n<<<<<<< x\nb\n=======\n: - ]\n---\n# T\n", "SKV112"),
        ("---\nname: a\ndescription: Usage: run it\n---\n# T\n", "SKV113"),
        ("---\nname: a\ndescription: @mention first\n---\n# T\n", "SKV113"),
        ("\n\n---\nname: a\ndescription: b\n---\n# T\n", "SKV113"),
        ("<!-- note -->\n---\nname: a\ndescription: b\n---\n# T\n", "SKV113"),
        ("---\nname: a\ndescription: |\n  text\n  ---\n\n# T\n", "SKV113"),
        ("Words first.\n\n```yaml\nname: a\ndescription: b\n```\n# T\n", "SKV113"),
        ("---\nname: a\nname: b\ndescription: c\n---\n", "SKV118"),
    ],
)
def test_every_repair_is_reported(text, code):
    values, codes, _, _ = front(text)
    assert code in codes
    if code != "SKV110":
        assert values["name"] == "a"


def test_the_quoting_fix_makes_valid_yaml():
    raw = "---\nname: a\ndescription: Use it: it's good\n---\n"
    source = skill_from_bytes(raw.encode()).main
    report = Reporter()
    read_front_matter(source, report)
    edit = report.items[0].fix.edits[0]
    data = source.raw[: edit.span.start] + edit.text.encode() + source.raw[edit.span.end :]
    again = Reporter()
    found = read_front_matter(skill_from_bytes(data).main, again)
    assert again.items == []
    assert {f.key: f.value for f in found.fields}["description"] == "Use it: it's good"


def test_a_rule_in_the_body_is_no_front_matter():
    assert front("# T\n\n---\n\ntext\n\n---\n")[1] == ["SKV110"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "SKV101"),
        (b"\xff\xfe\x00\x01" * 20, "SKV106"),
        (FRONT.encode() + b"caf\xe9 and more text here\n", "SKV102"),
        ("---\ndescription: b\n---\nx", "SKV114"),
        ("---\nname: a\n---\nx", "SKV115"),
        ("---\nname: A Skill\ndescription: b\n---\nx", "SKV116"),
        ("---\nname: a\ndescription: " + "b" * 1100 + "\n---\nx", "SKV117"),
        (FRONT + "```bash\nls\n", "SKV203"),
        (FRONT + "# T\n\nJust words.\n", "SKV201"),
    ],
)
def test_findings_about_the_file(raw, code):
    result = read(raw if isinstance(raw, bytes) else raw.encode())
    assert code in {d.code for d in result.diagnostics}
