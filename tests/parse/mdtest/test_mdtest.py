"""Runs the Markdown suites beside this file.

A suite is Markdown: every heading is a test. In it stand prose, one fence `skill` (the SKILL.md), any number of fences
`file PATH` (its bundle) and one fence `expect`. Each line of `expect` is the beginning of a line of the rendering below
(whole words), or `no` and the beginning of lines that must not occur.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from skvm.ir.verify import verify
from skvm.parse import ParseResult, parse_skill
from skvm.source import load_skill

HERE = Path(__file__).parent
FENCE = re.compile(r"^(`{3,})(skill|expect|file [^\n`]+)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)


class Case(NamedTuple):
    suite: str
    title: str
    skill: str
    files: tuple[tuple[str, str], ...]
    expect: tuple[str, ...]


def cases() -> Iterator[Case]:
    for path in sorted(HERE.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        fences = list(FENCE.finditer(text))
        inside = [(m.start(), m.end()) for m in fences]
        heads = [m for m in HEADING.finditer(text) if not any(a < m.start() < b for a, b in inside)]
        for index, head in enumerate(heads):
            end = heads[index + 1].start() if index + 1 < len(heads) else len(text)
            own = [m for m in fences if head.start() < m.start() < end]
            skill = next((m.group(3) for m in own if m.group(2) == "skill"), None)
            if skill is not None:
                files = tuple((m.group(2)[5:].strip(), m.group(3)) for m in own if m.group(2).startswith("file "))
                lines = next((m.group(3) for m in own if m.group(2) == "expect"), "").splitlines()
                yield Case(path.stem, head.group(1), skill, files, tuple(line for line in lines if line.strip()))


def rendering(result: ParseResult) -> list[str]:
    """A program as lines: what the suites compare with."""
    program = result.program
    out = [f"kind {program.skill.kind}", f"procedure {'yes' if program.skill.has_procedure else 'no'}"]
    out += [f'scene {s.id} {s.type} "{s.title}"' for s in program.scenes]
    out += [f'step {s.id} {s.encoding} "{s.title}"' for s in program.steps]
    out += [f"act {a.step} {a.type} {a.scope}{_fields(a, 'reads', 'writes', 'command', 'unknown')}" for a in program.acts]
    fields = ("condition", "bound", "domain", "until", "target", "members", "group", "arm")
    out += [f"control {c.owner} {c.kind}{_fields(c, *fields)}" for c in program.controls]
    out += [f"block {b.role} {b.language}".rstrip() for b in program.blocks]
    out += [f"constraint {c.force} {c.text}" for c in program.constraints]
    out += [f"trigger {t.polarity} {t.text}" for t in program.triggers]
    out += [f"need {n.kind} {n.name}{_fields(n, 'version', 'exists', 'declared')}" for n in program.needs]
    out += [f"slot {s.direction} {s.step or '-'} {s.name}" for s in program.slots]
    out += [f"knowledge {k.title}" for k in program.knowledge]
    out += [f"diag {d.code} {d.message}" for d in result.diagnostics]
    return out


def _fields(node: object, *names: str) -> str:
    parts = []
    for name in names:
        value = getattr(node, name)
        if (value is not None and value is not False and value not in ((), "")) or (name == "exists" and value is False):
            shown = ",".join(value) if isinstance(value, tuple) else str(value)
            parts.append(f" {name}={' '.join(shown.split())}")
    return "".join(parts)


def begins(line: str, expected: str) -> bool:
    return line == expected or line.startswith((expected + " ", expected + "=", expected + ","))


CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[f"{c.suite}: {c.title}" for c in CASES])
def test_suite(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "the-skill"
    folder.mkdir()
    (folder / "SKILL.md").write_text(case.skill, encoding="utf-8")
    for name, text in case.files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    source = load_skill(folder)
    result = parse_skill(source)
    assert [d.message for d in verify(result.program, source)] == []
    lines = rendering(result)
    shown = "\n".join(lines)
    for expected in case.expect:
        if expected.startswith("no "):
            found = [line for line in lines if begins(line, expected[3:])]
            assert not found, f"did not expect {found[0]!r}\n{shown}"
        else:
            assert any(begins(line, expected) for line in lines), f"missing {expected!r} in\n{shown}"


def test_there_are_cases() -> None:
    assert len(CASES) > 20
