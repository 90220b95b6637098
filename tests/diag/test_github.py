"""GitHub annotations read back by the rules of workflow commands: `%`, CR, LF escaped; in properties `:` and `,` too."""

from hypothesis import given
from hypothesis import strategies as st

from skvm.diag import CODES, Diagnostic, Severity, locate, render
from skvm.source import Span, skill_from_bytes

RAW = b"# A\n\nSome text.\n"
TRICKY = st.text(st.sampled_from("%:,\r\n;= \tab0DA25é𝒳\x85\u2028\0") | st.characters(codec="utf-8"), max_size=30)


def unescaped(text: str, field: bool = False) -> str:
    """The runner's way back: properties first, `%25` last."""
    pairs = [("%0D", "\r"), ("%0A", "\n"), *([("%3A", ":"), ("%2C", ",")] if field else []), ("%25", "%")]
    for code, char in pairs:
        text = text.replace(code, char)
    return text


def read_back(line: str) -> tuple[str, dict[str, str], str]:
    """Command, properties and message of one line, as the runner splits it."""
    assert line.startswith("::")
    head, message = line[2:].split("::", 1)
    command, _, rest = head.partition(" ")
    properties = dict(pair.split("=", 1) for pair in rest.split(","))
    return command, {key: unescaped(value, field=True) for key, value in properties.items()}, unescaped(message)


@given(TRICKY, TRICKY.filter(bool), st.sampled_from(list(Severity)), st.sampled_from(sorted(CODES)))
def test_any_text_comes_back(message, path, severity, code):
    source = skill_from_bytes(RAW)
    (item,) = locate([Diagnostic(code, severity, message, Span("SKILL.md", 5, 9))], source, path)
    line = render.github(item)
    assert "\r" not in line and "\n" not in line
    command, properties, text = read_back(line)
    assert command == {"error": "error", "warning": "warning", "info": "notice"}[severity]
    assert text == message
    assert properties.pop("file") == item.path
    assert properties.pop("title") == code
    assert {key: int(value) for key, value in properties.items()} == {
        "line": item.line, "endLine": item.end_line, "col": item.column, "endColumn": item.end_column
    }  # fmt: skip


@given(TRICKY.filter(bool), TRICKY)
def test_concise_and_full_keep_to_their_lines(path, message):
    source = skill_from_bytes(RAW)
    (item,) = locate([Diagnostic("SKV201", Severity.INFO, message, Span("SKILL.md", 5, 9))], source, path)
    assert len(render.concise(item).splitlines()) == 1
