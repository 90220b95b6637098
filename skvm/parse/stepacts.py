"""Acts of one step: from its prose, its inline commands and its fences, with resources and places."""

from __future__ import annotations

from typing import Any

from skvm.ir import Act, ActType, BlockRole, EffectClass, Origin, Scope
from skvm.parse.acts import Stated, Word, imperatives, nominal_acts, third_person, words_in
from skvm.parse.code import Code, Fence, Inline
from skvm.parse.controls import Found, controls_in
from skvm.parse.draft import Block, BlockKind, Draft, DraftStep
from skvm.parse.fences.facts import CommandFact
from skvm.parse.sentences import Sentence, read_sentences

_PROSE = (BlockKind.PARAGRAPH, BlockKind.ITEM, BlockKind.HEADING, BlockKind.ROW)


class Read:
    """A sentence with what was read in it."""

    __slots__ = ("found", "sentence", "stated", "words")

    def __init__(self, sentence: Sentence) -> None:
        self.sentence = sentence
        self.words = words_in(sentence)
        self.stated = stated_in(sentence, self.words)
        self.found: list[Found] = controls_in(sentence, [self.words[s.start].tok.at for s in self.stated])


def stated_in(sentence: Sentence, words: list[Word]) -> list[Stated]:
    """Imperatives of a sentence, those of its label first."""
    if not sentence.label:
        return imperatives(words, 0)
    edge = sentence.toks[sentence.label].at if sentence.label < len(sentence.toks) else sentence.end
    cut = next((i for i, word in enumerate(words) if word.tok.at >= edge), len(words))
    return imperatives(words[:cut], 0) + imperatives(words, cut) if cut < len(words) else imperatives(words, 0)


class StepReader:
    """Reads one step."""

    def __init__(self, draft: Draft, step: DraftStep, code: Code) -> None:
        self.draft = draft
        self.code = code
        self.step = step
        owners = draft.step_of_block
        self.own = [draft.blocks[i] for i in step.blocks if owners.get(i) == step.id]
        self.prose = [b for b in self.own if b.kind in _PROSE]
        self.fences = [f for f in code.fences if owners.get(f.block.index) == step.id]
        self.lead = draft.blocks[step.lead]
        self.reads: list[tuple[Block, list[Read]]] = [(b, [Read(s) for s in read_sentences(b)]) for b in self.prose]
        self._out: list[Act] = []

    def acts(self) -> list[Act]:
        """Acts in text order, one per type and place."""
        for block, reads in self.reads:
            if self._out and block.kind is BlockKind.ITEM and block.index != self.step.lead:
                continue
            for read in reads:
                for stated in read.stated:
                    self._prose(block, read, stated)
            for inline in self.code.inline(block):
                for command in inline.facts.commands:
                    self._inline(inline, command)
        for fence in self.fences:
            if fence.role is BlockRole.COMMAND:
                for command in fence.facts.commands:
                    self._fence(fence, command)
        if not self._out:
            self._fallback()
        return sorted(self._out, key=lambda act: (act.span.start, act.span.end))

    def _prose(self, block: Block, read: Read, stated: Stated) -> None:
        words = read.words
        start = words[stated.start].tok.at
        last = words[min(stated.after, len(words)) - 1].tok.end
        for act_type in stated.acts:
            self._add(block.byte_at(start), block.byte_at(last), act_type)

    def _add(self, start: int, end: int, act_type: ActType, **more: Any) -> None:
        span = self.draft.span(start, max(start, end))
        fields: dict[str, Any] = {"scope": Scope.MEMORY, "effect": _EFFECT[act_type]} | more
        self._out.append(Act.model_construct(id="", span=span, step=self.step.id, type=act_type, **fields))

    def _inline(self, inline: Inline, command: CommandFact) -> None:
        self._command(inline.start + command.start, inline.start + command.end, command, Origin.INLINE)

    def _fence(self, fence: Fence, command: CommandFact) -> None:
        self._command(fence.origin(command.start), fence.origin(command.end), command, Origin.FENCE)

    def _command(self, start: int, end: int, command: CommandFact, origin: Origin) -> None:
        self._add(
            start,
            end,
            ActType.CALL_TOOL,
            scope=Scope.PROCESS,
            command=command.text,
            reads=tuple(p.place for p in command.places if p.reads),
            writes=tuple(p.place for p in command.places if p.writes),
            unknown=command.unknown,
            origin=origin,
            effect=EffectClass.PURE if command.effect == "pure" else EffectClass.EFFECTFUL,
        )

    def _fallback(self) -> None:
        for block, reads in self.reads[:1]:
            for read in reads[:1]:
                acts = third_person(read.words) or nominal_acts(read.words)
                for act_type in acts:
                    self._add(block.byte_at(read.sentence.at), block.byte_at(read.sentence.end), act_type)


_EFFECT = dict.fromkeys(ActType, EffectClass.PURE) | {
    ActType.WRITE: EffectClass.IDEMPOTENT,
    ActType.UPDATE_STATE: EffectClass.EFFECTFUL,
    ActType.CALL_TOOL: EffectClass.EFFECTFUL,
    ActType.TRANSFER: EffectClass.EFFECTFUL,
}
