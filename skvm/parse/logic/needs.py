"""What must exist to follow the skill: executables, packages, variables, hosts, bundle files and other skills.

Each need cites the bytes that name it. Coreutils and shell builtins are part of every system and not listed; packages of the
standard library and the skill's own modules are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from skvm.ir import Need, NeedKind, Origin
from skvm.parse.draft import CODE, FENCE, ITEM, LINK, ROW, Block, Draft, FrontField, Role, Run
from skvm.parse.fences.commands import is_system, known_commands
from skvm.parse.fences.facts import NeedFact
from skvm.parse.fences.packages import is_stdlib, normal_name
from skvm.parse.fences.roles import PYTHON, SHELL
from skvm.parse.lexicon import word_set
from skvm.parse.logic.bundle import Bundle
from skvm.parse.logic.code import Code, Fence
from skvm.parse.logic.links import forbids, host_of_link, hosts_named, is_reserved, skills_called
from skvm.parse.logic.mentions import (
    Mention,
    command_lines,
    env_name,
    exports_in,
    file_name,
    file_of_link,
    is_secret,
    js_variables,
    listed_programs,
    mentions_of,
    npm_imports,
    programs_in,
    sets,
    settings_in,
    tool_words,
    variables_in,
)
from skvm.source import Span

_SCRIPT_JS = word_set("js javascript ts typescript jsx tsx mjs vue svelte")
_SETUP = frozenset({Role.SETUP, Role.PROCEDURE, Role.STEP})
_SLUG = re.compile(r"(?a)[a-z][a-z0-9]*(?:[-_:][a-z0-9]+)*\Z")
_OTHER_SKILL = re.compile(r"(?a)\A(?:\.\./|skills/).*?([A-Za-z0-9][A-Za-z0-9_.-]*)/SKILL\.md\Z")
_RELATED = re.compile(r"(?a)\b(?:related|companion|complementary|connected) skills?\b", re.IGNORECASE)
_SKILL_COLUMN = re.compile(r"(?a)(?:sub-?|other |next )?skills?\Z", re.IGNORECASE)
_LOAD_BELOW = re.compile(r"(?a)\b(?:load|use|invoke|call|combine|pair)\b[^.]*\bskills?\b[^.]*[:.]", re.IGNORECASE)
_FILE_ITEM = re.compile(
    r"(?a)([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*(?:\.(?:md|py|sh|js|ts|json|ya?ml|txt|csv|html)|/))(?=\s|:|$|\))"
)
_FOLDER = re.compile(r"(?a)(?<![\w/.])([a-z_-]+)/(?![\w.])")
_EXPLAINED = re.compile(r"(?a)\s*`?\$\{?([A-Z][A-Z0-9_]+)\}?`?\s+(?:\u2014|\u2013|--?)\s")
"""`$NAME` with what it holds: a value that is there. One that is to be set is named without the dollar."""

_OF_SCRIPTS = frozenset({NeedKind.BIN, NeedKind.PIP, NeedKind.ENV, NeedKind.HOST})
_VARIABLES = re.compile(r"(?a)\b(?:variables?|env|environment|credentials|secrets|authentication)\b", re.IGNORECASE)
_READ_DEEPLY = (
    SHELL | PYTHON | _SCRIPT_JS | word_set("c cpp java kotlin rust go csharp cs solidity sql swift dart scala ruby php")
)
_NODE = re.compile(r"(?a)\brequire\((?=['\"][~./])|#!/usr/bin/env node")
"""A program that Node runs as it stands: it loads a file by its path, or says so in its first line."""

_ALLOWED = re.compile(r"(?a)Bash\(([a-z][a-z0-9_.-]*)")
_PACKAGE = re.compile(r"(?a)([A-Za-z0-9][A-Za-z0-9._-]*)((?:\[[^\]]*\])?\s*(?:(?:[=<>!~]=?).*)?)\Z")
_PERMITTED = re.compile(
    r"(?a)\b(?:add (?:these |the )?(?:commands?|permissions?|rules?)|allow(?:ed|list)?|permit(?:ted)?|permissions?|approved?|"
    r"den(?:y|ied)|block(?:ed)?|forbidden)\b",
    re.IGNORECASE,
)
"""Head of a column whose commands somebody may or may not run: they are material, nobody runs them here."""

_STATES = re.compile(
    r"(?a)\b(?:status(?:es)?|states?|events?|errors?|exceptions?|codes?|phases?|verdicts?|results?|enum)\b", re.IGNORECASE
)
"""Head of a column that lists what something may say or be: its upper-case words are no variables."""


class Needs:
    """Collects needs of one skill; the first place that names one is kept, once per step."""

    def __init__(self, draft: Draft, code: Code, bundle: Bundle) -> None:
        self.draft = draft
        self.source = bundle.source
        self.code = code
        self.bundle = bundle
        self.own = bundle.own
        self._own_names = {normal_name(name) for name in bundle.own}
        self.owners = draft.step_of_block
        self.programs = programs_in(draft.blocks)
        self._out: dict[tuple[NeedKind, str, str | None], Need] = {}
        self._sourced = False
        self._defined: set[str] = set()
        told = (match[1] for block in draft.blocks if (match := _EXPLAINED.match(block.text)))
        defined = (name for fence in code.fences for name in fence.facts.defined)
        self._given = {name for name in (*defined, *told) if not is_secret(name)}
        self._of_variables: dict[int, bool] = {}

    def collect(self) -> tuple[Need, ...]:
        """All needs in text order."""
        for field in self.draft.front:
            self._front(field)
        for block in self.draft.blocks:
            if block.kind is not FENCE and block.runs:
                self._prose(block)
        for fence in self.code.fences:
            self._fence(fence)
        for path in self.bundle.scripts():
            self._bundled(path)
        found = sorted(self._out.values(), key=lambda n: (n.span.file, n.span.start, n.span.end, n.kind, n.name))
        return tuple(need.with_id(f"N{n}") for n, need in enumerate(found, 1))

    def add(self, kind: NeedKind, name: str, span: Span, origin: Origin, step: str | None, **more: Any) -> None:
        """Note one need."""
        if kind is NeedKind.HOST and is_reserved(name):
            return
        asked = more.get("declared") or more.pop("asked", False)
        if kind is NeedKind.BIN and not asked and (is_system(name) or name in tool_words("skip") or len(name) < 2):
            return
        if kind is NeedKind.PIP and (is_stdlib(name) or normal_name(name) in self._own_names):
            return
        literal = str(more.pop("literal", "") or "")
        if span.file == self.draft.file and (literal or name) not in self.source.main.slice(span):
            literal = name.rsplit("/", 1)[-1]
            if literal not in self.source.main.slice(span):
                return  # a name that its span does not show is no finding
        key = (kind, normal_name(name) if kind is NeedKind.PIP else name, step)
        if key not in self._out:
            exists = self._exists(name) if kind is NeedKind.FILE else None
            if name.endswith("/") and "/" not in name[:-1] and not exists:
                return  # a folder alone names no file, unless it is there
            self._out[key] = Need.made(
                id="", span=span, kind=kind, name=name, origin=origin, step=step, exists=exists, literal=literal, **more
            )

    def _exists(self, path: str) -> bool | None:
        """Is a file or folder in the bundle? None when the skill came without its folder."""
        if self.source.root is None:
            return None
        plain = path.rstrip("/")
        return plain in self.source.paths or any(p.startswith(plain + "/") for p in self.source.paths)

    def _prose(self, block: Block) -> None:
        step = self.owners.get(block.index)
        instructs = step is not None or self.draft.sections[block.section].role in _SETUP
        self.variables = self._lists_variables(block)
        found = mentions_of(block, self.programs, instructs=instructs, variables=self.variables)
        found += skills_called(block, self.source.name) + (hosts_named(block) if instructs else [])
        for mention in found:
            if mention.kind is NeedKind.ENV and self._no_variable(mention, block):
                continue
            span = self.draft.span(block.byte_at(mention.at), block.byte_behind(mention.end))
            self.add(mention.kind, mention.name, span, Origin.PROSE, step)
        self._links(block, step, instructs=instructs)
        if block.kind is ITEM:
            self._listed_file(block, step)
        self._related(block, step)
        for inline in self.code.inline(block):
            run = inline.run
            if block.kind is ROW and _PERMITTED.search(self._column(block, run.start)):
                continue
            for fact in _allowed(inline.facts.needs, block.text[: run.at]):
                if fact.kind is not NeedKind.ENV or (env_name(fact.name) and fact.name not in self._given):
                    self._fact(fact, self.draft.span(run.origin(fact.start), run.origin(fact.end)), Origin.INLINE, step)
            for command in inline.facts.commands:
                if command.script is not None:
                    self._script(command.script, run.origin(command.start), run.origin(command.end), step)

    def _no_variable(self, mention: Mention, block: Block) -> bool:
        """Is an upper-case name the value of a variable of the text itself, or one of the states that a column lists?"""
        in_row = block.kind is ROW and _STATES.search(self._column(block, block.byte_at(mention.at)))
        return bool(in_row) or self._expands(mention.name, block.text[: mention.at])

    def _expands(self, name: str, before: str) -> bool:
        """Is it the value of a variable that the skill's own shell text sets (`$NAME` behind `before`)?"""
        return name in self._given and before.endswith(("$", "${"))

    def _links(self, block: Block, step: str | None, *, instructs: bool) -> None:
        """Other skills, hosts and files that the links of a block lead to."""
        for run in block.runs if block.linked else ():
            if run.kind is not LINK or not run.target:
                continue
            other = _OTHER_SKILL.search(run.target)
            host = host_of_link(block, run) if instructs else None
            named = file_of_link(run.target)
            for kind, name in (
                (NeedKind.SKILL, other.group(1) if other is not None else None),
                (NeedKind.HOST, host),
                (NeedKind.FILE, named),
            ):
                if name is not None:
                    self.add(kind, name, self.draft.span(run.start, run.end), Origin.PROSE, step)

    def _listed_file(self, block: Block, step: str | None) -> None:
        """`name.md` in a list under "references/" or "Located in `references/`:"."""
        match = _FILE_ITEM.match(block.text) if "." in block.text or "/" in block.text else None
        if match is None:
            return
        folder = self._folder_above(block)
        if folder is not None:
            name, mark = folder[0] + match.group(1), match.group(1)
            span = self.draft.span(folder[1], block.byte_behind(match.end(1)))
            self.add(NeedKind.FILE, name, span, Origin.PROSE, step, literal=mark)

    def _related(self, block: Block, step: str | None) -> None:
        """Skills by name in a list of skills that belong to this one, or in a column of a table that is headed so."""
        for run in self._skill_names(block):
            name = run.text.strip(" :/")
            if _SLUG.match(name):
                begin = run.start + run.text.find(name)
                self.add(NeedKind.SKILL, name, self.draft.span(begin, begin + len(name)), Origin.PROSE, step)

    def _skill_names(self, block: Block) -> list[Run]:
        if not block.coded:
            return []
        if block.kind is ROW and block.parent is not None:
            head = self.draft.blocks[self.draft.blocks[block.parent].children[0]].cells
            here = [c for h, c in zip(head, block.cells, strict=False) if _SKILL_COLUMN.match(h.text)]
            return [r for r in block.runs if r.kind is CODE and any(c.start <= r.start < c.end for c in here)]
        if block.kind is not ITEM:
            return []
        run = next((r for r in block.runs if r.text), None)
        if run is None or run.kind is not CODE:
            return []
        before = self.draft.blocks[block.parent - 1] if block.parent else None
        told = before is not None and before.section == block.section and _LOAD_BELOW.search(before.text)
        return [run] if told or _RELATED.search(self.draft.sections[block.section].title) else []

    def _column(self, block: Block, start: int) -> str:
        """Head of the column of a table that byte `start` of one of its rows stands in."""
        head = self.draft.blocks[self.draft.blocks[block.parent].children[0]].cells if block.parent is not None else ()
        return next((h.text for h, c in zip(head, block.cells, strict=False) if c.start <= start < c.end), "")

    def _folder_above(self, block: Block) -> tuple[str, int] | None:
        """The bundle folder that the heading or the paragraph above a list names, and its byte."""
        before = self.draft.blocks[block.parent - 1] if block.parent else None
        heading = self.draft.sections[block.section].heading
        for above in (before, self.draft.blocks[heading] if heading is not None else None):
            match = _FOLDER.search(above.text) if above is not None and above.section == block.section else None
            if above is not None and match is not None and match.group(1) in tool_words("folders"):
                return match.group(1) + "/", above.byte_at(match.start(1))
        return None

    def _lists_variables(self, block: Block) -> bool:
        """Does the block stand in a table or list that says it names environment variables?"""
        if block.kind is ROW and block.parent is not None:
            head = self.draft.blocks[self.draft.blocks[block.parent].children[0]]
            if _VARIABLES.search(head.text):
                return True
        if block.section not in self._of_variables:  # a section has dozens of blocks
            self._of_variables[block.section] = bool(_VARIABLES.search(self.draft.sections[block.section].title))
        return self._of_variables[block.section]

    def _fact(self, fact: NeedFact, span: Span, origin: Origin, step: str | None) -> None:
        self.add(fact.kind, fact.name, span, origin, step, version=fact.version, literal=fact.literal)

    def _script(self, script: str, start: int, end: int, step: str | None) -> None:
        named = file_name(script)
        if named is not None:
            raw = self.source.main.raw
            at = raw.find(named.encode(), start, end)
            if at >= 0:
                self.add(NeedKind.FILE, named, self.draft.span(at, at + len(named.encode())), Origin.FENCE, step)

    def _fence(self, fence: Fence) -> None:
        step = self.owners.get(fence.block.index)
        self._sourced |= any(command.name in ("source", ".") for command in fence.facts.commands)
        for fact in _allowed(fence.facts.needs, fence.lead.rstrip()):
            if not self._is_local(fact):
                self._fact(fact, self.draft.span(fence.origin(fact.start), fence.origin(fact.end)), Origin.FENCE, step)
        earlier = frozenset(self._defined)
        self._defined |= fence.facts.defined
        for listed in listed_programs(fence.text, fence.lead):
            self._at(fence, listed.kind, listed.name, listed.at, listed.end, step, asked=True)
        for command in fence.facts.commands:
            if command.script is not None:
                self._script(command.script, fence.origin(command.start), fence.origin(command.end), step)
        language = fence.block.language.lower()
        if language in _SCRIPT_JS:
            self._javascript(fence, step)
        found = settings_in(fence.text) + (exports_in(fence.text) if language in SHELL else [])
        if language not in _READ_DEEPLY or (language in SHELL and not fence.facts.commands):
            found += [m for m in variables_in(fence.text) if not sets(fence.text, m.name)] + command_lines(fence.text)
        for mention in found:
            own = mention.name in earlier or self._expands(mention.name, fence.text[: mention.at])
            if mention.kind is NeedKind.ENV and own and not is_secret(mention.name):
                continue
            self._at(fence, mention.kind, mention.name, mention.at, mention.end, step)

    def _is_local(self, fact: NeedFact) -> bool:
        """Does the skill's own text provide it: a constant, a variable set above, a function defined or sourced above?"""
        if fact.kind is NeedKind.ENV:
            return not env_name(fact.name) or (fact.name in self._defined and not is_secret(fact.name))
        own = fact.name in self._defined or (self._sourced and "_" in fact.name)
        return fact.kind is NeedKind.BIN and own and fact.name not in known_commands()

    def _javascript(self, fence: Fence, step: str | None) -> None:
        run = _NODE.search(fence.text)
        if run is not None:
            self._at(fence, NeedKind.BIN, "node", run.start(), run.end(), step, literal=run.group())
        for name, at, end in npm_imports(fence.text):
            self._at(fence, NeedKind.NPM, name, at, end, step)
        for mention in js_variables(fence.text):
            self._at(fence, mention.kind, mention.name, mention.at, mention.end, step)

    def _bundled(self, path: str) -> None:
        """Needs of a script of the bundle, at bytes of that script."""
        facts = self.bundle.facts(path)
        for fact in facts.code.needs if facts is not None else ():
            if fact.kind in _OF_SCRIPTS and (fact.kind is not NeedKind.ENV or env_name(fact.name)):
                self._fact(fact, Span(path, fact.start, fact.end), Origin.SCRIPT, None)

    def _at(self, fence: Fence, kind: NeedKind, name: str, at: int, end: int, step: str | None, **more: Any) -> None:
        start = len(fence.text[:at].encode("utf-8"))
        span = self.draft.span(fence.origin(start), fence.origin(start + len(fence.text[at:end].encode("utf-8"))))
        self.add(kind, name, span, Origin.FENCE, step, **more)

    def _front(self, field: FrontField) -> None:
        for kind, name, version in _declared(field):
            raw = self.source.main.raw
            at = raw.find(name.encode("utf-8", "replace"), field.start, field.end)
            if at >= 0:
                span = self.draft.span(at, at + len(name.encode("utf-8")))
                self.add(kind, name, span, Origin.FRONT_MATTER, None, declared=True, version=version)


def _declared(field: FrontField) -> Iterator[tuple[NeedKind, str, str]]:
    """Needs that a front matter field declares."""
    key = field.key.lower().replace("-", "").replace("_", "")
    last = key.rsplit(".", 1)[-1]
    if key in ("allowedtools", "tools"):
        for name in _ALLOWED.findall(field.value):
            yield NeedKind.BIN, name, ""
    elif last in ("bins", "anybins", "binaries") or key.endswith("requires.tools"):
        yield from ((NeedKind.BIN, name, "") for name in _listed(field.value))
    elif last in ("env", "primaryenv", "requiredenv", "optionalenv", "envs", "envvars") or key.endswith("env.name"):
        yield from ((NeedKind.ENV, name, "") for name in _listed(field.value) if re.fullmatch(r"(?a)[A-Z][A-Z0-9_]+", name))
    elif key == "compatibility":
        yield from _compatible(field.value)
    elif last in ("dependencies", "pip", "pythonpackages", "packages") and "npm" not in key:
        match = _PACKAGE.match(field.value.strip())
        if match is not None:
            yield NeedKind.PIP, match.group(1), (match.group(2) or "").strip()


def _compatible(text: str) -> Iterator[tuple[NeedKind, str, str]]:
    """Packages and executables in the free text of `compatibility`."""
    for word in dict.fromkeys(re.findall(r"(?a)[a-z][a-z0-9_-]+", text)):
        if word in tool_words("pip"):
            yield NeedKind.PIP, word, ""
        elif word in tool_words("bins"):
            yield NeedKind.BIN, word, ""


def _listed(text: str) -> list[str]:
    return [w for w in re.split(r"[\s,\[\]\"']+", text) if w]


def _allowed(facts: Iterable[NeedFact], before: str) -> Iterator[NeedFact]:
    """What code needs; of code that the words before it forbid, no host: a step must not be let where the author bars it."""
    barred = forbids(before)
    return (fact for fact in facts if not (barred and fact.kind is NeedKind.HOST))
