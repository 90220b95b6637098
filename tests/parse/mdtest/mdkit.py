"""Reads the Markdown suites beside this file and shows a program as lines.

A suite is Markdown: every heading is a case. In it stand prose and these fences:

`skill`
    The SKILL.md, byte for byte (UTF-8).
`file PATH`
    A file of its bundle, any number of them.
`setup`
    Lines `key: value` about the folder: `encoding` (any of `bom`, `crlf`, `mixed`, `latin1`, `escapes`), `main` (how the
    main file is called), `folder` (what the folder is called; `none`: text without a folder), `link: PATH -> TARGET` (a
    symbolic link; where PATH is the main file its text is written to TARGET), `sparse: PATH SIZE` (a file of zeros). With
    `escapes`, `\\xNN`, `\\uNNNN` stand for a byte or character and `{{N*TEXT}}` for N times TEXT.
`expect`
    What must be read. Each line is the beginning of a line of `rendering` (whole words), or `no` and the beginning of lines
    that must not occur.
`expect xfail: REASON`
    Lines that a careful reader would want and that do not hold yet; each must fail, so that what is mended is noticed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from skvm.ir import Program
from skvm.parse import ParseResult
from skvm.parse.lalr import NoRuleError
from skvm.parse.logic.controls import Part, has_cue, terminals, tree_of
from skvm.parse.sentences import Sentence, read_sentences
from skvm.parse.structure.blocks import BlockReader
from skvm.parse.structure.front import read_front_matter
from skvm.parse.structure.report import Reporter
from skvm.parse.structure.tokens import Node, read_tree
from skvm.source import SkillSource, Span, load_skill, skill_from_bytes

HERE = Path(__file__).parent
FENCE = re.compile(r"^(`{3,})(skill|setup|expect(?: xfail: [^\n`]+)?|file [^\n`]+)\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
ESCAPE = re.compile(rb"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\{\{(\d+)\*(.*?)\}\}", re.DOTALL)
FOLDER = "the-skill"


class Case(NamedTuple):
    """One case of a suite. `wishes`: (reason, line) of what does not hold yet."""

    suite: str
    title: str
    skill: str
    files: tuple[tuple[str, str], ...]
    setup: tuple[tuple[str, str], ...]
    expect: tuple[str, ...]
    wishes: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return f"{self.suite}: {self.title}"

    def option(self, key: str, default: str = "") -> str:
        return next((value for name, value in self.setup if name == key), default)


def cases() -> Iterator[Case]:
    """Every case of every suite."""
    for path in sorted(HERE.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        fences = list(FENCE.finditer(text))
        inside = [(m.start(), m.end()) for m in fences]
        heads = [m for m in HEADING.finditer(text) if not any(a < m.start() < b for a, b in inside)]
        ends = [head.start() for head in heads[1:]] + [len(text)]
        for head, end in zip(heads, ends, strict=True):
            case = _case(path.stem, head.group(1), [m for m in fences if head.start() < m.start() < end])
            if case is not None:
                yield case


def _case(suite: str, title: str, fences: list[re.Match[str]]) -> Case | None:
    found: list[tuple[str, str]] = [(m.group(2), m.group(3)) for m in fences]
    skill = next((text for kind, text in found if kind == "skill"), None)
    if skill is None:
        return None
    files = tuple((kind[5:].strip(), text) for kind, text in found if kind.startswith("file "))
    setup = [line.partition(":") for kind, text in found if kind == "setup" for line in _full(text)]
    expect = tuple(line for kind, text in found if kind == "expect" for line in _full(text))
    wishes = tuple((kind[14:], line) for kind, text in found if kind.startswith("expect xfail") for line in _full(text))
    return Case(suite, title, skill, files, tuple((k.strip(), v.strip()) for k, _, v in setup), expect, wishes)


def _full(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def encoded(case: Case) -> bytes:
    """The bytes of the main file as the setup asks."""
    ways = case.option("encoding").replace(",", " ").split()
    raw = case.skill.encode("latin-1" if "latin1" in ways else "utf-8")
    if "escapes" in ways:
        raw = ESCAPE.sub(_unescaped, raw)
    if "crlf" in ways:
        raw = raw.replace(b"\n", b"\r\n")
    if "mixed" in ways:
        lines = raw.split(b"\n")
        raw = b"".join(line + (b"\r\n" if n % 2 else b"\n") for n, line in enumerate(lines[:-1])) + lines[-1]
    return (b"\xef\xbb\xbf" if "bom" in ways else b"") + raw


def _unescaped(match: re.Match[bytes]) -> bytes:
    byte, char, times, text = match.groups()
    if byte is not None:
        return bytes([int(byte, 16)])
    return chr(int(char, 16)).encode() if char is not None else int(times) * text


def load(case: Case, tmp: Path) -> SkillSource:
    """The skill of a case, written below `tmp`."""
    raw = encoded(case)
    name = case.option("folder", FOLDER)
    if name == "none":
        return skill_from_bytes(raw)
    folder = tmp / name
    folder.mkdir()
    main = folder / case.option("main", "SKILL.md")
    links = [value.split(" -> ") for key, value in case.setup if key == "link"]
    target = next((folder / to for path, to in links if folder / path == main), main)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(raw)
    for path, text in case.files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for path, to in links:
        (folder / path).symlink_to(to)
    for key, value in case.setup:
        if key == "sparse":
            path, size = value.split()
            with (folder / path).open("wb") as file:
                file.truncate(int(size))
    return load_skill(folder)


def rendering(result: ParseResult, source: SkillSource) -> list[str]:
    """A program as lines: what the suites compare with."""
    program = result.program
    out = [f"kind {program.skill.kind}", f"procedure {'yes' if program.skill.has_procedure else 'no'}"]
    out += _skill(program)
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
    out += [f"fix {d.code} {d.fix.applicability} {d.fix.message}" for d in result.diagnostics if d.fix is not None]
    out += [f"note {d.code} {note}" for d in result.diagnostics for note in d.notes]
    counts = Counter(line.split(" ", 1)[0] for line in out)
    out += [f"count {word} {counts[word]}" for word in ("scene", "step", "constraint", "trigger", "block", "need", "diag")]
    return out + _places(result, source)


def _skill(program: Program) -> list[str]:
    skill = program.skill
    out = [f"name {skill.name}", f"description {skill.description}", f"goal {skill.goal}", f"license {skill.license}"]
    rows = (("intent", skill.intents), ("tag", skill.tags), ("tool", skill.allowed_tools))
    out += [f"{word} {value}" for word, values in rows for value in values]
    out += [f"number {s.id} {s.number}" for s in (*program.scenes, *program.steps) if s.number]
    return out + [f"parent {s.id} {s.parent}" for s in (*program.scenes, *program.steps) if s.parent]


def _places(result: ParseResult, source: SkillSource) -> list[str]:
    """`lines X A-B` of nodes and findings, `leaf KIND A-B` of the partition."""
    index = source.main.lines

    def lines(span: Span) -> str:
        if span.file != source.main.file:
            return span.file
        return f"{index.line(span.start)}-{index.last_line(span.start, span.end)}"

    program = result.program
    nodes = (*program.scenes, *program.steps, *program.constraints, *program.triggers)
    out = [f"lines {node.id} {lines(node.span)}" for node in nodes]
    out += [f"lines {d.code} {lines(d.span)}" for d in result.diagnostics]
    return out + [f"leaf {leaf.kind} {lines(leaf.span)}" for leaf in program.leaves]


def _fields(node: object, *names: str) -> str:
    parts = []
    for name in names:
        value = getattr(node, name)
        if (value is not None and value is not False and value not in ((), "")) or (name == "exists" and value is False):
            shown = ",".join(value) if isinstance(value, tuple) else str(value)
            parts.append(f" {name}={' '.join(shown.split())}")
    return "".join(parts)


def rules_used(source: SkillSource) -> set[str]:
    """Rules of both grammars that reading this skill goes through, as `document.NAME` and `step.NAME`."""
    front = read_front_matter(source.main, Reporter())
    blocks = BlockReader(source.main, front.body).read()
    used = {f"document.{kind}" for kind in _kinds(read_tree(blocks))}
    for block in blocks:
        for sentence in read_sentences(block):
            used |= _sentence_rules(sentence)
    return used


def _sentence_rules(sentence: Sentence) -> set[str]:
    """Rules of step.lark in one sentence, under the prefilter that the reading itself applies."""
    if not has_cue(sentence):
        return set()
    try:
        tree = tree_of(terminals(sentence))
    except NoRuleError:
        return set()
    return {f"step.{rule}" for rule in _rules(tree)}


def _rules(part: Part) -> Iterator[str]:
    yield part.rule
    for child in part.children:
        if isinstance(child, Part):
            yield from _rules(child)


def _kinds(node: Node) -> Iterator[str]:
    yield node.kind
    for part in node.parts:
        yield from _kinds(part)


def begins(line: str, expected: str) -> bool:
    """Does a line of the rendering begin with the words expected?"""
    return line == expected or line.startswith(tuple(expected + sign for sign in " =,;"))


def broken(expected: str, lines: list[str]) -> str:
    """What is wrong with one line of `expect`; empty when it holds."""
    if expected.startswith("no "):
        found = next((line for line in lines if begins(line, expected[3:])), None)
        return f"did not expect {found!r}" if found is not None else ""
    return "" if any(begins(line, expected) for line in lines) else f"missing {expected!r}"
