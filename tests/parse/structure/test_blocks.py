"""Blocks: exact bytes, numbering, tags, and the document grammar over them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.parse.draft import BlockKind, RunKind
from skvm.parse.structure.blocks import BlockReader, section_tags
from skvm.parse.structure.sections import read_sections, to_sections
from skvm.parse.structure.tokens import Node, number_of, read_tree
from skvm.source import SourceText


def blocks_of(text):
    source = SourceText.decode("SKILL.md", text if isinstance(text, bytes) else text.encode())
    return source, BlockReader(source, 0).read()


def shown(source, start, end):
    return source.raw[start:end].decode()


def test_runs_show_what_they_say():
    source, blocks = blocks_of(
        "# Häuser `a b` [x](y.md)\n\n1. **Read** the `file.csv`\n2. plain ``co`de``\n\n| a | `b` |\n|---|---|\n| ü | d |\n"
    )
    for block in blocks:
        for run in block.runs:
            if run.kind in (RunKind.TEXT, RunKind.CODE) and run.text.strip() and run.end > run.start:
                assert shown(source, run.start, run.end) == run.text
            at = run.at
            if run.text and run.kind is RunKind.TEXT and run.end > run.start:
                assert block.byte_at(at) == run.start


MARKUP = st.lists(
    st.sampled_from(
        ["`a`", "[x](y.md)", "![i](p.png)", "**b**", "word", "\n", "\n\n", "- ", "1. ", "# ", "| a | `b` |\n|---|---|\n"]
    ),
    max_size=20,
)


@settings(max_examples=200, deadline=None)
@given(MARKUP)
def test_a_block_knows_whether_it_holds_code_or_links(pieces):
    _, blocks = blocks_of("".join(pieces))
    for block in blocks:
        assert block.coded == any(run.kind is RunKind.CODE for run in block.runs)
        assert block.linked == any(run.kind is RunKind.LINK for run in block.runs)
        if block.runs:
            assert block.text == "".join(run.text for run in block.runs)
            assert all(run.at == sum(len(r.text) for r in block.runs[:n]) for n, run in enumerate(block.runs))


def test_items_have_their_own_text_without_nested_blocks():
    source, blocks = blocks_of("1. Read it\n\n   more\n\n   - inner\n2. Write it\n")
    items = [b for b in blocks if b.kind is BlockKind.ITEM]
    assert [b.text for b in items] == ["Read it", "inner", "Write it"]
    assert [b.number for b in items] == ["1", None, "2"]
    assert [b.level for b in items] == [0, 1, 0]
    assert shown(source, items[0].start, items[0].own_end) == "1. Read it"


def test_fences_know_body_and_whether_they_close():
    source, blocks = blocks_of("- x\n\n  ```bash\n  ls\n  ```\n\n~~~\nopen\n")
    first, second = (b for b in blocks if b.kind is BlockKind.FENCE)
    assert first.language == "bash" and first.closed and shown(source, *first.body).strip() == "ls"
    assert not second.closed


def test_table_cells():
    _, blocks = blocks_of("| a | b |\n|---|---|\n| 1 | `c` d |\n")
    rows = [b for b in blocks if b.kind is BlockKind.ROW]
    assert [r.header for r in rows] == [True, False]
    assert [c.text for c in rows[1].cells] == ["1", "c d"]
    assert rows[1].text == "1 | c d"


def test_tags_pair_outside_fences_and_never_html():
    body = b"<plan>\n\n```\n<step>\n</step>\n```\n\n<div>\n</div>\n\n</plan>\n</left>\n<open>\n"
    assert [(t.name, t.closes) for t in section_tags(body)] == [("plan", False), ("plan", True)]


def test_numbers_of_headings():
    cases = {
        "Step 1: Read": ("step", "1"), "Phase 2 - Go": ("step", "2"), "STEP 1.5 Check": ("step", "1.5"),
        "Phase 6a: x": ("step", "6a"), "1. Read": ("number", "1"), "2) Read": ("number", "2"), "3.1 - Read": ("number", "3.1"),
        "1️⃣ Read": ("number", "1"), "第一步 读取": ("step", "一"), "2024 changes": ("", None), "Steps": ("", None),
        "Stage fright": ("", None), "Phases": ("", None),
    }  # fmt: skip
    for text, (kind, number) in cases.items():
        assert number_of(text)[:2] == (kind, number), text


def kinds(node: Node) -> list[str]:
    return [part.kind for part in node.parts]


def test_sections_nest_by_level_and_content_goes_on_after_a_tag():
    _, blocks = blocks_of("intro\n\n# A\n\na\n\n### C\n\nc\n\n## B\n\n<x-y>\n\nin\n\n</x-y>\n\nb\n")
    tree = read_tree(blocks)
    assert kinds(tree) == ["content", "section", "content"]
    parts = read_sections(tree, blocks, 0, 1000)
    assert [(p.title, p.parent.title if p.parent else None) for p in parts[1:]] == [
        ("A", ""),
        ("C", "A"),
        ("B", "A"),
        ("x y", "B"),
    ]
    to_sections(parts, blocks)
    assert [b.text for b in blocks if b.section == 3 and b.kind is BlockKind.PARAGRAPH] == ["b"]


def test_an_introduction_takes_what_it_introduces():
    _, blocks = blocks_of("# A\n\nRun it:\n\n```sh\nx\n```\n\n**Checks**\n\n- a\n\nNot this:\n\ntext\n")
    content = read_tree(blocks).parts[1].parts[1]
    assert kinds(content) == ["introduction", "labelled", "paragraph", "paragraph"]


LEAVES = ["para", "**Step 1: x** y", "Do this:", "**Label**", "```\nx\n```", "| a |\n|---|\n| 1 |", "---", "<br>"]
MARKS = ["- ", "1. ", "- [ ] ", "> "]


@st.composite
def documents(draw, depth=3):
    out = []
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            out.append(
                "#" * draw(st.integers(1, 6)) + " " + draw(st.sampled_from(["Workflow", "Step 2: Go", "3. Go", "Rules"]))
            )
        elif kind == 1 and depth:
            mark = draw(st.sampled_from(MARKS))
            inner = draw(documents(depth=depth - 1)) or "x"
            pad = mark if mark == "> " else " " * len(mark)
            lines = inner.split("\n")
            out.append("\n".join([mark + lines[0]] + [(pad + line).rstrip() for line in lines[1:]]))
        else:
            out.append(draw(st.sampled_from(LEAVES)))
    return "\n\n".join(out)


@settings(deadline=None, max_examples=150)
@given(documents())
def test_every_rendered_document_is_read_and_no_block_is_lost(text):
    _, blocks = blocks_of(text)
    tree = read_tree(blocks)
    seen, stack = set(), [tree]
    while stack:
        node = stack.pop()
        if node.block >= 0:
            seen.add(node.block)
        stack.extend(node.parts)
    silent = {BlockKind.LIST, BlockKind.QUOTE, BlockKind.ROW}
    assert {b.index for b in blocks if b.kind not in silent} - seen == set()
