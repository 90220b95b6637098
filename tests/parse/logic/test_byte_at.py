"""Where code points of a block lie in the file."""

from hypothesis import given
from hypothesis import strategies as st

from skvm.parse.draft import Block, BlockKind, Run, RunKind
from skvm.parse.structure.blocks import BlockReader
from skvm.source import SourceText


@given(st.lists(st.text(alphabet="aé漢😀", max_size=8), max_size=6), st.lists(st.integers(0, 60), max_size=12))
def test_the_bytes_of_a_code_point_do_not_depend_on_what_was_asked_before(texts: list[str], asked: list[int]) -> None:
    runs, at, byte = [], 0, 3
    for text in texts:
        size = len(text.encode())
        runs.append(Run(RunKind.TEXT, byte, byte + size, at, text))
        at, byte = at + len(text), byte + size
    block = Block(0, BlockKind.PARAGRAPH, 3, byte, 1, 1, None, 0, runs=runs)
    whole = "".join(texts)
    for point in asked:
        assert block.byte_at(point) == 3 + len(whole[:point].encode())
        assert block.byte_behind(point) == 3 + len(whole[:point].encode())


@given(st.lists(st.sampled_from([b"a", b"\x80", b"\xff", "é".encode(), "\ufffd".encode(), b"\x01"]), max_size=20), st.data())
def test_an_undecodable_byte_counts_as_one(parts: list[bytes], data: st.DataObject) -> None:
    source = SourceText.decode("f", b"x" + b"".join(parts) + b"y")
    block = BlockReader(source, 0).read()[0]
    for _ in range(4):
        point = data.draw(st.integers(0, len(parts) + 2))
        expected = len(b"".join([b"x", *parts, b"y"][:point]))
        assert block.byte_behind(point) == expected
        assert block.byte_at(point) == expected
