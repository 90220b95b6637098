"""Laws of reading front matter, over blocks put together from what is found in the wild."""

from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.ir.verify import verify
from skvm.parse import certify, parse_skill
from skvm.source import skill_from_bytes

LINES = st.sampled_from(
    [
        "name: a",
        "name: A b",
        "## name: b",
        "# description: c",
        "description: d: e",
        "description: |",
        "  more",
        "---",
        "  ---",
        'metadata: \'{"requires":{"bins":["jq"]}}\'',
        r'metadata: "{\"env\": [\"A_KEY\"], \"x\": \"\u00e9\"}"',
        "metadata: '{a: {b: c}, a: d}'",
        "<<<<<<< HEAD",
        "=======",
        "tags: [x, y",
        "- z",
        "",
        "version: 1.0",
        "deep: [[[[",
        "é: ü",
        "\t",
        "requires: {bins: [git]}",
        "@x",
        "# T",
    ]
)


@given(st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "---", "\n---", "\ufeff---"]))
@settings(max_examples=300, deadline=None)
def test_any_block_is_read_and_every_field_is_shown(lines, end, head):
    raw = end.join([head, *lines, "---", "# Body", "", "Text."]).encode()
    source = skill_from_bytes(raw)
    result = parse_skill(source)
    assert verify(result.program, source) == ()
    assert certify(result.program, raw)["byte_exact"]
    for found in result.diagnostics:
        assert found.span.end <= len(raw)


@given(st.lists(LINES, max_size=12))
@settings(max_examples=200, deadline=None)
def test_applying_the_safe_fixes_ends(lines):
    raw = "\n".join(["---", *lines, "---", "# Body", ""]).encode()
    for _ in range(24):
        fixes = [d.fix for d in parse_skill(skill_from_bytes(raw)).diagnostics if d.fix and d.fix.applicability.value == "safe"]
        edit = next((f.edits[0] for f in fixes if f.edits), None)
        if edit is None:
            return
        raw = raw[: edit.span.start] + edit.text.encode() + raw[edit.span.end :]
    raise AssertionError(raw)
