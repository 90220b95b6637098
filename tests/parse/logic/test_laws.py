"""Laws of the logical half over generated skills and, where they are there, over real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skvm.ir import Program
from skvm.ir.verify import verify
from skvm.parse import parse_skill
from skvm.source import SkillSource, skill_from_bytes

CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "corpus"
LINES = st.sampled_from(
    [
        "# Title",
        "## Workflow",
        "### Step 1: Read `a.txt`",
        "1. Read `in.csv` and write `out/report.md`.",
        "2. If it is empty, stop.",
        "   - For each row, ask the user.",
        "3. Otherwise, run `jq '.x' a.json > b.json`.",
        "4. Go back to Step 2 up to 3 times.",
        "- **Option A**: use the `x-y` skill",
        "```bash",
        "python scripts/run.py <in.csv> --out {name}.json | tee log.txt",
        "```",
        "export API_KEY=abc",
        "| `A_KEY` | ü |",
        "|---|---|",
        "",
        "> Wait for approval.",
        "Run these in parallel:",
        "<b>\x00</b>",
        "[x](../y.md) [[other-skill]] `references/z.md`",
    ]
)


def check(program: Program, source: SkillSource) -> None:
    """Grounding: spans inside their steps, and every named thing literally in its span."""
    assert [d.message for d in verify(program, source)] == []
    main = source.main
    for act in program.acts:
        shown = main.slice(act.span)
        assert program.step_by_id[act.step].span.contains(act.span)
        assert act.command is None or act.command in shown
        assert act.object in shown
        for place in (*act.reads, *act.writes):
            plain = place.removeprefix("skill:").rstrip("/")
            assert plain in ("", ".", "**") or plain in shown, (place, shown)
    for control in program.controls:
        shown = main.slice(control.span)
        for words in (control.condition, control.domain, control.until):
            assert words is None or words in shown
    for slot in program.slots:
        assert slot.direction in ("in", "out")


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_generated_skills(lines: list[str]) -> None:
    source = skill_from_bytes("\n".join(lines).encode())
    check(parse_skill(source).program, source)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes(raw: bytes) -> None:
    source = skill_from_bytes(raw)
    check(parse_skill(source).program, source)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=20), st.sampled_from(["\r\n", "\r", "\n"]), st.booleans())
def test_line_ends_and_byte_order_marks(lines: list[str], end: str, mark: bool) -> None:
    raw = end.join(lines).encode()
    source = skill_from_bytes(b"\xef\xbb\xbf" + raw if mark else raw)
    check(parse_skill(source).program, source)


SHOWN = [
    b"# Workflow\n",
    b"1. Read",
    b" `in.csv",
    b"` and run `jq . b.json",
    b"`\n",
    b"```bash\n",
    b"  cat x.txt > y.txt",
    b"\n```\n",
    b"\n",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*SHOWN, b"\x80", b"\xff", b"\xe2\x82", b"\xef\xbf\xbd", b"\x01", b"\x00", b"\xef\xbb\xbf"]),
        max_size=24,
    )
)
@example([b"# Workflow\n0. Read", b"\x80", b"\x01"])
@example([b"# Workflow\n", b"```bash\n", b"  cat x.txt > y.txt", b"\xe2\x82"])
def test_undecodable_bytes_inside_what_is_read(parts: list[bytes]) -> None:
    source = skill_from_bytes(b"".join(parts))
    check(parse_skill(source).program, source)


@pytest.mark.corpus
def test_real_skills() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the texts beside the checkout are not there")
    for path in sorted(CORPUS.glob("*/**/*.md"))[::40]:
        source = skill_from_bytes(path.read_bytes(), path.stem)
        check(parse_skill(source).program, source)
