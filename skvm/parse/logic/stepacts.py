"""Acts of one step: from its prose, its inline commands and its fences, with resources and places."""

from __future__ import annotations

import re
from typing import Any

from skvm.ir import Act, ActType, BlockRole, ControlKind, EffectClass, Origin, Scope, StepEncoding
from skvm.parse.draft import HEADING, ITEM, PARAGRAPH, ROW, Block, Draft, DraftStep
from skvm.parse.fences.facts import CommandFact, StatementFact
from skvm.parse.logic.acts import Stated, imperatives, nominal_acts, third_person, words_in
from skvm.parse.logic.bundle import Bundle
from skvm.parse.logic.code import Code, Fence
from skvm.parse.logic.controls import controls_in
from skvm.parse.logic.found import Found
from skvm.parse.logic.places import is_open, place_of
from skvm.parse.logic.resources import EFFECT_OF, Resource, resource_of
from skvm.parse.logic.statements import acts_of_statement
from skvm.parse.sentences import Sentence, Tok, read_sentences
from skvm.source import readable

_PROSE = (PARAGRAPH, ITEM, HEADING, ROW)
_MADE = frozenset({BlockRole.TEMPLATE, BlockRole.DATA, BlockRole.PROGRAM})


_PERSON = re.compile(
    r"(?a)\b(?:users?|owner|human|customer|client|approv\w+|confirm\w*|consent|permission|sign-?off|go-ahead)\b", re.I
)
_SOMEBODY = re.compile(r"(?a)\b(?:users?|humans?|owner|partner|customer|client|you)\b", re.IGNORECASE)
_YOU = re.compile(r"\b(?:you|your)\b", re.IGNORECASE)


class Read:
    """A sentence with what was read in it."""

    __slots__ = ("found", "sentence", "stated", "words")

    def __init__(self, sentence: Sentence) -> None:
        self.sentence = sentence
        self.words = words_in(sentence)
        self.stated = stated_in(sentence, self.words)
        self.found: list[Found] = controls_in(sentence, [self.words[s.start].at for s in self.stated])


def stated_in(sentence: Sentence, words: list[Tok]) -> list[Stated]:
    """Imperatives of a sentence, those of its label first."""
    if not sentence.label:
        return imperatives(words, 0)
    edge = sentence.toks[sentence.label].at if sentence.label < len(sentence.toks) else sentence.end
    cut = next((i for i, word in enumerate(words) if word.at >= edge), len(words))
    return imperatives(words[:cut], 0) + imperatives(words, cut) if cut < len(words) else imperatives(words, 0)


class StepReader:
    """Reads one step."""

    def __init__(self, draft: Draft, step: DraftStep, code: Code, bundle: Bundle) -> None:
        self.draft = draft
        self.code = code
        self.bundle = bundle
        self.files = bundle.source.paths if bundle.source.files else frozenset()
        self.step = step
        owners = draft.step_of_block
        self.own = [draft.blocks[i] for i in step.blocks if owners.get(i) == step.id]
        self.prose = [b for b in self.own if b.kind in _PROSE or b.flow not in (None, StepEncoding.FENCE)]
        self.fences = code.fences_of(draft).get(step.id, [])
        self.lead = draft.blocks[step.lead]
        self.reads: list[tuple[Block, list[Read]]] = [(b, [Read(s) for s in read_sentences(b)]) for b in self.prose]
        self._out: list[Act] = []

    @property
    def decision(self) -> ActType | None:
        """Of a node of a graph that is a question: a person is asked, or something is checked, whatever its words."""
        if self.lead.flow is not StepEncoding.GRAPH or not self.lead.text.rstrip().endswith("?"):
            return None
        return ActType.REQUEST if _SOMEBODY.search(self.lead.text) else ActType.VALIDATE

    def acts(self) -> list[Act]:
        """Acts in text order. What a command shows replaces the words that announce it."""
        if self.decision is not None:
            self._add(self.lead.byte_at(0), self.lead.byte_behind(len(self.lead.text)), self.decision)
            return self._out
        for block, reads in self.reads:
            if self._instructs(block):
                for read in reads:
                    self._sentence(block, read)
                self._inlines(block)
        self._unspoken()
        for fence in self.fences:
            if fence.role is BlockRole.COMMAND:
                for statement in fence.facts.statements:
                    self._statement(statement, fence.origin(statement.start), fence.origin(statement.end), Origin.FENCE)
        self._asked()
        self._shown_only()
        if any(act.command for act in self._out):
            self._out = [a for a in self._out if a.command or a.type is not ActType.CALL_TOOL]
        if not self._out:
            self._fallback()
        return sorted(self._out, key=lambda act: (act.span.start, act.span.end))

    def _instructs(self, block: Block) -> bool:
        """May the block state acts of the step? Its lead may; lists under a stated act mostly tell what it is about."""
        if block.index == self.step.lead:
            return True
        if block.kind is ROW or block.kind is HEADING:
            return False
        if block.kind is not ITEM:
            return True
        if self.lead.kind is HEADING and not block.level:
            return True
        return not self._out and not block.text.rstrip().endswith("?")

    def _unspoken(self) -> None:
        """Acts that the form of a step states: a question to the user, a decision by an arrow, a template to fill."""
        types = {act.type for act in self._out}
        if not self.reads or not self.reads[0][1]:
            return
        block, reads = self.reads[0]
        sentence = reads[0].sentence
        start, end = block.byte_at(sentence.at), block.byte_behind(sentence.end)
        if not types and block.text.rstrip().endswith("?") and _YOU.search(block.text):
            self._add(start, end, ActType.REQUEST)
        kinds = [tok.kind for tok in sentence.toks]
        if not types and "ARROW" in kinds and {"IF", "WHEN", "ELSE"} & set(kinds[:3]):
            self._add(start, end, ActType.SELECT)
        if types and types <= {ActType.NOTIFY, ActType.INFER}:
            for fence in self.fences[:1]:
                if fence.role is BlockRole.TEMPLATE:
                    self._add(*fence.block.body, ActType.WRITE, origin=Origin.FENCE)

    def _asked(self) -> None:
        """Whoever must approve or answer is asked, whatever verb says so."""
        if any(act.type is ActType.REQUEST for act in self._out):
            return
        for block, reads in self.reads:
            for read in reads:
                for found in read.found:
                    if found.kind is ControlKind.GATE and _PERSON.search(block.text, found.at, found.end):
                        self._add(block.byte_at(found.at), block.byte_behind(found.end), ActType.REQUEST)
                        return

    def _shown_only(self) -> None:
        """A heading over a program or file that is shown in full: the step is to write it."""
        fence = next((f for f in self.fences if f.role in _MADE), None)
        if fence is None or self.lead.kind is not HEADING:
            return
        edge = self.lead.end
        if all(act.span.start < edge for act in self._out):
            self._out.clear()
            self._made(fence)

    def _sentence(self, block: Block, read: Read) -> None:
        if block.kind is HEADING and not read.stated:
            for act_type in nominal_acts(read.words, 8):
                self._add(block.byte_at(read.sentence.at), block.byte_behind(read.sentence.end), act_type)
        for index, stated in enumerate(read.stated):
            end = read.stated[index + 1].start if index + 1 < len(read.stated) else len(read.words)
            for act_type in stated.acts:
                self._prose(block, read.words, stated, act_type, end)

    def _prose(self, block: Block, words: list[Tok], stated: Stated, act_type: ActType, end: int) -> None:
        resource: Resource = resource_of(act_type, words, stated.after, end, self.files)
        last = words[max(end, stated.after) - 1].end
        text = self.shown(block, resource.object) if resource.object is not None else ""
        self._add(
            block.byte_at(words[stated.start].at),
            block.byte_behind(last),
            act_type,
            object=text,
            reads=resource.reads,
            writes=resource.writes,
            scope=resource.scope,
            unknown=resource.unknown,
            instrument=resource.tool,
        )

    def shown(self, block: Block, pair: tuple[int, int]) -> str:
        """Bytes of the file that code points of a block show, as text."""
        raw = self.bundle.source.main.raw
        return readable(raw[block.byte_at(pair[0]) : block.byte_behind(pair[1])])

    def whole(self, block: Block, pair: tuple[int, int]) -> tuple[int, int]:
        """Bytes of code points of a block, with the other mark of inline code where one of the two lies inside."""
        raw = self.bundle.source.main.raw
        start, end = block.byte_at(pair[0]), block.byte_behind(pair[1])
        if raw.count(b"`", start, end) % 2 and raw[end : end + 1] == b"`":
            end += 1
        if raw.count(b"`", start, end) % 2 and raw[start - 1 : start] == b"`" and start > block.start:
            start -= 1
        return start, end

    def _add(self, start: int, end: int, act_type: ActType, **more: Any) -> None:
        span = self.draft.span(start, max(start, end))
        fields: dict[str, Any] = {"scope": Scope.MEMORY, "effect": EFFECT_OF[act_type]} | more
        self._out.append(Act.made(id="", span=span, step=self.step.id, type=act_type, **fields))

    def _inlines(self, block: Block) -> None:
        for inline in self.code.inline(block):
            origin = inline.run.origin
            for statement in inline.facts.statements:
                self._statement(statement, origin(statement.start), origin(statement.end), Origin.INLINE)

    def _statement(self, statement: StatementFact, start: int, end: int, origin: Origin) -> None:
        runs = [c for c in statement.commands if not c.install]
        if not runs and statement.commands:
            self._add(start, end, ActType.UPDATE_STATE, scope=Scope.PROCESS, unknown=True, origin=origin)
            return
        places = list(statement.places)
        unknown = any(self._unknown(command, places) for command in runs)
        reads = tuple(dict.fromkeys(self._named(p.place) for p in places if p.reads))
        writes = tuple(dict.fromkeys(place_of(p.place) for p in places if p.writes))
        unknown |= any(is_open(p) for p in (*reads, *writes))
        text = readable(self.bundle.source.main.raw[start:end])
        for act_type in acts_of_statement(statement):
            self._add(
                start,
                end,
                act_type,
                scope=Scope.PROCESS if unknown else Scope.LOCAL_FS,
                command=text,
                instrument=runs[0].name if runs else None,
                reads=reads,
                writes=writes,
                unknown=unknown,
                origin=origin,
                effect=_effect(runs, unknown),
            )

    def _named(self, place: str) -> str:
        """A place that exists only in the bundle is the bundle's."""
        found = self.bundle.find(place) if self.files else None
        return "skill:" + found if found is not None else place_of(place)

    def _unknown(self, command: CommandFact, places: list[Any]) -> bool:
        """Is what the command touches unknown? A call of an analysed script adds the places it names."""
        call = self.bundle.call(command)
        if call is None:
            return command.unknown
        places.extend(call[0])
        return not call[1]

    def _fallback(self) -> None:
        for block, reads in self.reads[:1]:
            for read in reads[:1]:
                named = nominal_acts(read.words)
                for act_type in named if read.sentence.label and named else third_person(read.words) or named:
                    self._add(block.byte_at(read.sentence.at), block.byte_behind(read.sentence.end), act_type)
        if not self._out:
            for fence in self.fences[:1]:
                self._made(fence)

    def _made(self, fence: Fence) -> None:
        """A fence without words: a program is run, a template or file is written."""
        if fence.role in _MADE:
            kind = ActType.CALL_TOOL if fence.block.language.lower() in ("python", "py", "r", "julia") else ActType.WRITE
            self._add(
                *fence.block.body, kind, scope=Scope.PROCESS if kind is ActType.CALL_TOOL else Scope.OTHER, origin=Origin.FENCE
            )


def _effect(commands: list[CommandFact], unknown: bool) -> EffectClass:
    if unknown or any(c.effect in ("exec", "effect", "net") for c in commands):
        return EffectClass.EFFECTFUL
    return (
        EffectClass.PURE
        if all(c.effect == "pure" and not any(p.writes for p in c.places) for c in commands)
        else EffectClass.IDEMPOTENT
    )
