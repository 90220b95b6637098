"""Where code points of a block lie in the file."""

from hypothesis import given
from hypothesis import strategies as st

from skvm.parse.draft import Block, BlockKind, Run, RunKind


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
