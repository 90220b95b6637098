"""Texts that stress a front end, of any size: `SHAPES[name].make(n)` has a size in proportion to n.

The standard library only, so that tests can use them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

FRONT = "---\nname: shape\ndescription: Use when a front end is stressed.\n---\n# Shape\n\n"


@dataclass(frozen=True)
class Shape:
    """A text by size: `size` is the n that is measured, with 2n beside it; `tiny` the one that tests read."""

    make: Callable[[int], bytes]
    size: int
    tiny: int


_PIECES = (
    "# ", "\n", "- ", "1. ", "`x`", "```\n", "**", "| ", "if ", "run ", "é", "> ", "[a](b)", "<a>", "\t", "\x00", "never ",
    ": ",
)  # fmt: skip


def _text(body: str) -> bytes:
    return (FRONT + body).encode()


def _nested(n: int) -> bytes:
    """Bullets below bullets. Bytes grow with the square of the depth, so the depth grows with the root of n."""
    depth = round((n * 1000) ** 0.5)
    return _text("## Steps\n\n" + "".join(f"{'  ' * i}- run it\n" for i in range(depth)))


def _random_bytes(n: int) -> bytes:
    return random.Random(7).randbytes(n)


def _random_text(n: int) -> bytes:
    draw = random.Random(8)
    return _text("".join(draw.choice(_PIECES) for _ in range(n)))


def _headings(n: int) -> bytes:
    return _text("".join(f"## Step {i}: Run it\n\nRun `tool{i}` on `f{i}.txt`.\n\n" for i in range(n)))


def _fences(n: int) -> bytes:
    return _text("## Steps\n\n" + "".join(f"```bash\ntool --in f{i}\n```\n\n" for i in range(n)))


def _python_fences(n: int) -> bytes:
    return _text("## Steps\n\n" + "".join(f"```python\nopen('f{i}').read()\n```\n\n" for i in range(n)))


def _wide_table(n: int) -> bytes:
    return _text(f"|{'a|' * n}\n|{'-|' * n}\n|{'run it|' * n}\n")


def _long_table(n: int) -> bytes:
    return _text("| Step | Do |\n|---|---|\n" + "".join(f"| {i} | Run `tool{i}` |\n" for i in range(n)))


def _links(n: int) -> bytes:
    return _text("".join(f"See [page {i}](references/p{i}.md). " for i in range(n)))


def _prose(n: int) -> bytes:
    line = "If the file `a.txt` is missing, ask the user, then retry up to 3 times. You must never delete it. "
    return _text(line * n)


def _paragraphs(n: int) -> bytes:
    line = "For each file in the folder, run `tool file` and write the result to `out.txt`. Otherwise go back to step 2.\n\n"
    return _text("## Workflow\n\n" + line * n)


def _yaml_map(depth: int) -> str:
    return "".join(f"{' ' * i}k:\n" for i in range(depth))


SHAPES: dict[str, Shape] = {
    "random bytes": Shape(_random_bytes, 200_000, 3000),
    "random Markdown": Shape(_random_text, 40_000, 1000),
    "one word of a megabyte": Shape(lambda n: _text("a" * n), 1_000_000, 5000),
    "line of a megabyte of prose": Shape(_prose, 10_000, 30),
    "line of links": Shape(_links, 10_000, 50),
    "10,000 bullets on one line": Shape(lambda n: _text("- " * n + "x\n"), 10_000, 400),
    "10,000 quotes on one line": Shape(lambda n: _text("> " * n + "x\n"), 10_000, 400),
    "1,000 levels of bullets": Shape(_nested, 1000, 2),
    "100,000 flat bullets": Shape(lambda n: _text("- run it\n" * n), 100_000, 300),
    "50,000 numbered steps": Shape(lambda n: _text("## Steps\n\n" + "1. Run `tool`.\n" * n), 25_000, 200),
    "paragraphs with control": Shape(_paragraphs, 3000, 30),
    "1,000 step headings": Shape(_headings, 1000, 30),
    "1,000 bare headings": Shape(lambda n: _text("## a\n" * n), 1000, 100),
    "10,000 shell fences": Shape(_fences, 10_000, 30),
    "3,000 Python fences": Shape(_python_fences, 3000, 20),
    "unclosed fences": Shape(lambda n: _text("```bash\nls\n" * n), 10_000, 101),
    "fences of rising length": Shape(lambda n: _text("".join("`" * (3 + i % 60) + "x\nls\n" for i in range(n))), 10_000, 101),
    "front matter of 60 kB": Shape(lambda n: b"---\n" + b"key: value\n" * n + b"---\n# T\n", 2900, 200),
    "front matter of megabytes": Shape(lambda n: b"---\n" + b"key: value\n" * n + b"---\n# T\n", 100_000, 8000),
    "YAML of dashes": Shape(lambda n: b"---\na: " + b"- " * n + b"\n---\n# T\n", 30_000, 3000),
    "YAML of brackets": Shape(lambda n: b"---\na: " + b"[{" * n + b"\n---\n# T\n", 30_000, 3000),
    "YAML of maps": Shape(lambda n: f"---\n{_yaml_map(round((n * 200) ** 0.5))}---\n# T\n".encode(), 200, 20),
    "shell fence of pipes": Shape(lambda n: _text("```bash\na" + " | b" * n + "\n```\n"), 30_000, 3000),
    "shell fence of quotes": Shape(lambda n: _text("```bash\n" + "echo '$(\"a' | b\n" * n + "```\n"), 3000, 50),
    "shell fence of substitutions": Shape(lambda n: _text("```bash\n" + "$(" * n + "\n```\n"), 3000, 300),
    "Python fence of parentheses": Shape(lambda n: _text("```python\nx = " + "(" * n + ")" * n + "\n```\n"), 10_000, 300),
    "Python fence of operators": Shape(lambda n: _text("```python\nx = " + "1 + " * n + "1\n```\n"), 10_000, 1500),
    "wide table": Shape(_wide_table, 5000, 100),
    "long table": Shape(_long_table, 10_000, 100),
    "brackets": Shape(lambda n: _text("[" * n), 100_000, 3000),
    "backticks": Shape(lambda n: _text("`" * n), 100_000, 3000),
    "unequal code spans": Shape(lambda n: _text(" ".join("`" * (1 + i % 50) for i in range(n))), 5000, 300),
    "emphasis": Shape(lambda n: _text("*a **b " * n), 20_000, 500),
    "tags": Shape(lambda n: _text("<a-b>\n\ntext\n\n" * n + "</a-b>\n\n" * n), 3000, 100),
    "comments": Shape(lambda n: _text("<!-- " * n), 20_000, 1000),
    "entities": Shape(lambda n: _text("&amp;&lt;" * n), 50_000, 1000),
    "link definitions": Shape(lambda n: _text("".join(f"[l{i}]: http://x/{i}\n" for i in range(n))), 10_000, 100),
    "blank lines": Shape(lambda n: _text("\n" * n), 500_000, 5000),
    "carriage returns": Shape(lambda n: _text("run it\r" * n), 50_000, 500),
}
"""Names say the text at its measured size."""


def mutations(raw: bytes, draw: random.Random) -> dict[str, bytes]:
    """One text cut, sprinkled with random bytes, with its lines shuffled, and with its lines joined."""
    lines = raw.splitlines(keepends=True)
    shuffled = list(lines)
    draw.shuffle(shuffled)
    noisy = bytearray(raw)
    for _ in range(max(1, len(noisy) // 100)):
        if noisy:
            noisy[draw.randrange(len(noisy))] = draw.randrange(256)
    return {
        "truncated": raw[: draw.randrange(len(raw) + 1)],
        "random bytes": bytes(noisy),
        "shuffled lines": b"".join(shuffled),
        "on one line": b" ".join(line.strip() for line in lines),
    }
