"""Law 1: any bytes give a program; every byte of the file belongs to exactly one leaf."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structure_kit import FRONT, read

from skvm.parse import rebuild
from skvm.parse.structure import blocks as blocks_module

PIECES = st.sampled_from(
    [
        "# Title\n", "## Workflow\n", "### Step 1: Read it\n", "### 2. Write it\n", "Run `x --y` now.\n", "Do this:\n",
        "1. Read the file\n", "2. Write the file\n", "- never do it\n", "- [ ] check it\n", "  - nested\n", "\n",
        "```bash\nls -l\n```\n", "```\n", "~~~\n", "> quote\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "**Step 2: go**\n",
        "**Checks**\n", "<plan>\n", "</plan>\n", "<br>\n", "---\n", "name: x\n", "\t", "    indented\n", "\r\n", "\r",
        "é 漢字 🎉\n", "[link](a/b.md) ![i](x.png)\n", "***bold*\n", "* * *\n", "\\*\\*x\\*\\* &amp;\n", "Title\n===\n",
        "1) a\n", "If it fails, stop.\n", "Always ask the user before deleting.\n", "<!-- c -->\n", "a | b\n",
        "\x00", "\ufeff", "\u200b",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=40).map("".join)
BYTES = st.one_of(
    st.binary(max_size=400),
    TEXTS.map(lambda t: t.encode()),
    TEXTS.map(lambda t: (FRONT + t).encode()),
    st.tuples(TEXTS, st.binary(max_size=20), TEXTS).map(lambda t: t[0].encode() + t[1] + t[2].encode()),
)
RELAXED = settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))


@RELAXED
@given(BYTES)
def test_any_bytes_give_a_sound_program_that_rebuilds_the_file(raw):
    read(raw)


@RELAXED
@given(TEXTS, st.integers(0, 400))
def test_a_cut_text_is_still_a_skill(text, at):
    read((FRONT + text).encode()[:at])


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(TEXTS)
def test_the_same_bytes_give_the_same_program(text):
    raw = (FRONT + text).encode()
    assert read(raw).program.digest == read(raw).program.digest


CASES = {
    "empty": b"",
    "blank": b" \n\t\n",
    "bom": b"\xef\xbb\xbf# T\n\n1. Read it\n",
    "bom before front matter": b"\xef\xbb\xbf" + FRONT.encode() + b"# T\n",
    "crlf": (FRONT + "# T\n\n## Workflow\n\n1. Read `a`\n2. Write `b`\n").replace("\n", "\r\n").encode(),
    "cr": (FRONT + "# T\n\n## Workflow\n\n1. Read `a`\n2. Write `b`\n").replace("\n", "\r").encode(),
    "mixed ends": b"---\r\nname: a\n---\r# T\r\n\n- x\r- y",
    "nul": b"# T\x00\n\n- a\x00b\n",
    "bad utf-8": FRONT.encode() + b"# T\xff\xfe\n\n1. Read \xe9 it\n",
    "utf-16": "# Title\n\n- a\n".encode("utf-16"),
    "surrogate bytes": b"# \xed\xa0\x80 x\n",
    "no final newline": FRONT.encode() + b"1. Read it",
    "bullets on one line": b"- " * 3000 + b"x\n",
    "quotes nested": b">" * 1000 + b" x\n",
    "lists nested": b"".join(b"  " * i + b"- a\n" for i in range(400)),
    "a long line": b"always do this. " * 20_000,
    "many headings": b"## Step 1: Run\n\nRun it.\n\n" * 400,
    "many tags": b"<a-b>\n\ntext\n\n" * 300 + b"</a-b>\n\n" * 300,
    "brackets": b"[" * 20_000,
    "backticks": b"`" * 20_000,
    "stars": b"*a **b " * 5_000,
    "wide table": b"|a" * 500 + b"|\n" + b"|-" * 500 + b"|\n" + b"|x" * 500 + b"|\n",
    "front matter deep": b"---\n" + b"- " * 5_000 + b"\n---\nx",
    "front matter flow": b"---\na: " + b"[{" * 5_000 + b"\n---\nx",
    "front matter anchors": b"---\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n---\nx",
    "front matter huge": b"---\n" + b"key: value\n" * 10_000 + b"---\n# T\n",
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_odd_files(name):
    read(CASES[name])


def test_a_panic_of_the_markdown_reader_is_contained(monkeypatch):
    class Panic(BaseException):
        pass

    class Broken:
        def events_with_range(self, *_args, **_options):
            raise Panic

    monkeypatch.setattr(blocks_module, "READER", Broken())
    result = read("# T\n\n1. Read it\n2. Write it\n")
    assert "SKV207" in {d.code for d in result.diagnostics}
    assert {leaf.kind.value for leaf in result.program.leaves} >= {"opaque", "front_matter"}


def test_rebuild_needs_nothing_but_the_leaves():
    raw = (FRONT + "# T\n\ntext\n").encode()
    program = read(raw).program
    assert rebuild(program, raw) == raw
    assert rebuild(program.model_copy(update={"leaves": program.leaves[1:]}), raw) != raw
