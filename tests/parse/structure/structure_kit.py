"""Small helpers for tests of the structural half."""

from pathlib import Path

from skvm.ir.verify import verify
from skvm.parse import certify, parse_skill
from skvm.source import skill_from_bytes

SHARED = Path(__file__).resolve().parents[4] / "shared"
CORPUS = SHARED / "data" / "corpus"

FRONT = "---\nname: a-skill\ndescription: Does a thing. Use when the thing is needed.\n---\n\n"


def read(text: str | bytes, front: bool = True):
    """Parse a body (or, with `front` False, a whole file) and check the laws that hold for every program."""
    raw = text if isinstance(text, bytes) else ((FRONT if front else "") + text).encode()
    source = skill_from_bytes(raw)
    result = parse_skill(source)
    program = result.program
    assert verify(program, source) == ()
    assert certify(program, raw)["byte_exact"]
    return result


def lines_of(text: str | bytes, node) -> str:
    """What a node's span shows."""
    raw = text if isinstance(text, bytes) else (FRONT + text).encode()
    return raw[node.span.start : node.span.end].decode()


def steps(text: str):
    """First lines of the steps of a body, in order."""
    return [s.text.splitlines()[0] for s in read(text).program.steps]
