"""The map between decoded text and original bytes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from skvm.source import SourceText

raw_bytes = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [b"\xef\xbb\xbf", b"a", b"\r\n", b"\r", b"\n", b"\xff", "é".encode(), "漢".encode(), b"\xe6\xbc", b"\0"]
        )
    ).map(b"".join),
)


@given(raw_bytes)
def test_decoding_is_total_and_every_character_has_its_origin(raw):
    text = SourceText.decode("SKILL.md", raw)
    at = 0
    previous = text.origin(0)
    assert previous == (3 if raw.startswith(b"\xef\xbb\xbf") else 0)
    for character in text.text:
        size = len(character.encode())
        start, end = text.origin(at), text.origin(at + size)
        assert start == previous
        piece = raw[start:end]
        assert piece == character.encode() or (len(piece) == 1 and start in text.bad_bytes)
        previous, at = end, at + size
    assert text.origin(len(text.encoded)) == len(raw)


@given(raw_bytes)
def test_lines_partition_the_file(raw):
    lines = SourceText.decode("SKILL.md", raw).lines
    spans = [lines.line_span(n) for n in range(1, len(lines.starts) + 1)]
    assert b"".join(raw[a:b] for a, b in spans) == raw
    for offset in range(len(raw)):
        line = lines.line(offset)
        assert spans[line - 1][0] <= offset < spans[line - 1][1]


def test_columns_count_code_points_and_line_ends_are_lf_crlf_and_cr():
    lines = SourceText.decode("SKILL.md", "é漢x\r\nb\rc".encode()).lines
    assert lines.position(len("é漢".encode())) == (1, 3)
    assert lines.line(len("é漢x\r\n".encode())) == 2
    assert lines.line(len("é漢x\r\nb\r".encode())) == 3


@settings(deadline=None)
@given(st.text(max_size=4000) | st.text("aé€😀", min_size=900, max_size=3000), st.integers(0, 5000))
def test_code_points_and_bytes_of_a_text_are_found_from_each_other(text, at):
    source = SourceText.decode("SKILL.md", text.encode("utf-8", "replace"))
    points, encoded = source.points, source.encoded
    assert points.byte(at) == len(source.text[:at].encode())
    assert points.point(at) == len(encoded[:at].decode("utf-8", "replace"))
    assert points.point(points.byte(at)) == min(at, len(source.text))


@given(st.one_of(raw_bytes, st.text().map(str.encode)))
def test_positions_never_go_back(raw):
    lines = SourceText.decode("SKILL.md", raw).lines
    positions = [lines.position(offset) for offset in range(len(raw) + 1)]
    assert positions == sorted(positions)
