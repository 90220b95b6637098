"""Which controls govern a step, and how: inherited conditions, arms that exclude each other, jump targets, parallel groups.

A condition governs a step when it stands at its head, behind its only act, in the line that introduces its list, in its
heading, or in the step it is part of. Conditions deeper in a step's text are the step's own business.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.diag import CODES, Diagnostic
from skvm.ir import ActType, Control, ControlKind
from skvm.parse.draft import HEADING, ITEM, PARAGRAPH, ROW, Block, Draft, DraftStep
from skvm.parse.logic.arms import Question, condition_cell, question_in
from skvm.parse.logic.found import Found
from skvm.parse.logic.graphs import graph_controls
from skvm.parse.logic.numbers import Numbers
from skvm.parse.logic.stepacts import Read, StepReader
from skvm.parse.sentences import Sentence, read_sentences
from skvm.source import readable

_HEAD_ONLY = frozenset({ControlKind.BRANCH, ControlKind.OPTIONAL, ControlKind.LOOP})
_PASSED_ON = frozenset({ControlKind.BRANCH, ControlKind.LOOP, ControlKind.RECOVER})
_CHOICE = re.compile(
    r"(?a)\b(?:one of|depending|depends|based on|choose|either|options?|which(?:ever)?|according to|alternatives?|modes?|"
    r"match(?:es|ing)?|route|"
    r"by (?:platform|type|mode|kind))\b",
    re.IGNORECASE,
)
_ARM = re.compile(r"(?a)\b(?:mode|option|variant|alternative|case|path|flow)\b|^(?:if|when|for) ", re.IGNORECASE)
_TROUBLE = re.compile(
    r"(?a)\b(?:recover\w*|failures?|error handling|fallbacks?|degrad\w+|troubleshoot\w*|when things go wrong|rollback)\b",
    re.IGNORECASE,
)
_OTHER = ("otherwise", "else", "if not")
_EACH = re.compile(r"(?a)\b(?:each|every)\s+(?!time\b|step\b|other\b)([a-z][\w-]*(?:\s+[a-z][\w-]*){0,3})", re.IGNORECASE)


_CRITERION = re.compile(
    r"(?a)\W*(?:validation|verification|checkpoint|quality gate|exit criteri(?:a|on)|done when)\s*:", re.IGNORECASE
)
_BEFOREHAND = re.compile(r"(?a)\W*pre-?requisites?\b", re.IGNORECASE)


class Claim(NamedTuple):
    """A control of a step before it is a node: where it is shown and what was found there."""

    block: Block
    found: Found


def steer(draft: Draft, readers: list[StepReader]) -> tuple[tuple[Control, ...], tuple[Diagnostic, ...]]:
    """Controls of all steps in text order, and what is wrong with them."""
    return _Steering(draft, readers).run()


class _Steering:
    """Works on all steps of one draft."""

    def __init__(self, draft: Draft, readers: list[StepReader]) -> None:
        self.draft = draft
        self.readers = readers
        self.by_id = {reader.step.id: reader for reader in readers}
        self.claims: dict[str, list[Claim]] = {}
        self.controls: list[Control] = []
        self.notes: list[Diagnostic] = []
        self._introduced: dict[int, list[Claim]] = {}
        self.numbers = Numbers(draft.scenes, [reader.step for reader in readers])

    def run(self) -> tuple[tuple[Control, ...], tuple[Diagnostic, ...]]:
        for reader in self.readers:
            own = self._own(reader)
            self.claims[reader.step.id] = own + self._inherited(reader, {c.found.kind for c in own})
        arms = self._arms()
        for reader in self.readers:
            for claim in self.claims[reader.step.id]:
                self.controls.append(self._control(reader.step, claim, arms))
        self.controls += self._parallel_lists()
        if self.readers:
            self.controls += graph_controls(self.draft, self.readers[0].bundle.source.main.raw)
        self.controls.sort(key=lambda c: (c.span.start, c.span.end, c.owner, c.kind))
        nodes = tuple(c.with_id(f"F{n}") for n, c in enumerate(self.controls, 1))
        return nodes, tuple(self.notes)

    def _own(self, reader: StepReader) -> list[Claim]:
        """Controls that the step's own text states."""
        out: list[Claim] = []
        kinds: set[ControlKind] = set()
        for order, (block, reads) in enumerate(reader.reads):
            nested = block.kind is ITEM and block.index != reader.step.lead
            if block.kind is ROW and block.index != reader.step.lead:
                continue
            for index, read in enumerate(reads):
                for found in read.found:
                    if self._counts(found, order, index, nested=nested):
                        out.append(Claim(block, found))
                        kinds.add(found.kind)
        if ControlKind.BRANCH not in kinds:
            out += self._of_row(reader)
        out += self._each(reader, kinds) + self._handed(reader, kinds) + self._checked(reader, kinds)
        return out

    def _counts(self, found: Found, order: int, index: int, *, nested: bool) -> bool:
        if found.kind is ControlKind.LOOP and order == 0:
            return index == 0 or found.lead
        if found.kind is ControlKind.RECOVER and found.condition is not None:
            return order == 0 and index == 0
        if found.kind in _HEAD_ONLY:
            return order == 0 and index == 0
        if nested:
            return found.kind in (ControlKind.GATE, ControlKind.DELEGATE)
        return found.kind is not ControlKind.TERMINATE or order == 0

    def _each(self, reader: StepReader, kinds: set[ControlKind]) -> list[Claim]:
        """ "Label every insight", "check each answer": a loop over the object."""
        if ControlKind.LOOP in kinds or not reader.reads:
            return []
        block, reads = reader.reads[0]
        for read in reads[:2]:
            match = _EACH.search(block.text, read.sentence.at, read.sentence.end)
            if match is not None and (read.stated or block.kind is HEADING):
                found = Found(ControlKind.LOOP, match.start(), match.end(), domain=match.span(1))
                return [Claim(block, found)]
        return []

    def _handed(self, reader: StepReader, kinds: set[ControlKind]) -> list[Claim]:
        """Work that an agent does: it is the subject of the step, or the step is the text of its task."""
        if ControlKind.DELEGATE in kinds:
            return []
        for block in reader.own:
            at = block.text.find("subagent_type")
            if at >= 0:
                return [Claim(block, Found(ControlKind.DELEGATE, at, at + len("subagent_type")))]
        if reader.reads and reader.reads[0][1]:
            block, reads = reader.reads[0]
            agent = next(
                (t for t in reads[0].sentence.toks[:3] if t.kind == "AGENT" and t.word not in ("specialist", "specialists")),
                None,
            )
            if agent is not None and not reads[0].stated:
                return [Claim(block, Found(ControlKind.DELEGATE, agent.at, agent.end))]
        return []

    def _checked(self, reader: StepReader, kinds: set[ControlKind]) -> list[Claim]:
        """ "Confirm X. If not, stop.": a check that the run does not pass."""
        if ControlKind.GATE in kinds or not reader.reads or not reader.reads[0][1]:
            return []
        block, reads = reader.reads[0]
        if reader.decision is not None:
            whole = (0, len(block.text))
            asks = reader.decision is ActType.REQUEST
            return [Claim(block, Found(ControlKind.GATE, *whole, condition=whole))] if asks else []
        checks = any(ActType.VALIDATE in s.acts for s in reads[0].stated)
        stop = next((f for read in reads[1:] for f in read.found if f.kind is ControlKind.TERMINATE), None)
        criterion = _CRITERION.match(block.text) or (not reads[0].stated and self._prerequisite(block))
        if criterion and stop is None:
            return [Claim(block, Found(ControlKind.GATE, reads[0].sentence.at, reads[0].sentence.end))]
        blocking = block.text.find("blocking question")
        if checks and stop is not None:
            return [Claim(block, stop._replace(kind=ControlKind.GATE))]
        if blocking >= 0:
            return [Claim(block, Found(ControlKind.GATE, blocking, blocking + len("blocking question")))]
        return []

    def _prerequisite(self, block: Block) -> bool:
        """Does the block say what must be there before anything begins?"""
        return _BEFOREHAND.match(self.draft.sections[block.section].title) is not None

    def _inherited(self, reader: StepReader, own: set[ControlKind]) -> list[Claim]:
        """Conditions and loops that stand above the step."""
        out: list[Claim] = []
        for claim in self._above(reader):
            if claim.found.kind not in own and claim.found.kind in _PASSED_ON:
                out.append(claim)
                own.add(claim.found.kind)
        return out

    def _above(self, reader: StepReader) -> list[Claim]:
        out: list[Claim] = []
        parent = self.by_id.get(reader.step.parent or "")
        if parent is not None:
            out += [c for c in self.claims.get(parent.step.id, []) if c.found.kind is ControlKind.BRANCH and c.found.lead]
        intro = self._intro(reader.lead)
        if intro is not None:
            out += self._introducing(intro)
        out += self._of_heading(reader)
        if intro is not None and ControlKind.BRANCH not in {c.found.kind for c in out}:
            out += self._label_arm(reader, intro)
        return out

    def _intro(self, lead: Block) -> Block | None:
        """The paragraph that introduces the list a step is an item of."""
        if lead.kind is not ITEM or lead.parent is None or lead.parent == 0:
            return None
        holder = self.draft.blocks[lead.parent].parent
        if holder is not None and self.draft.blocks[holder].kind is ITEM:
            return self.draft.blocks[holder]
        before = self.draft.blocks[lead.parent - 1]
        return before if before.section == lead.section and before.kind is PARAGRAPH else None

    def _introducing(self, block: Block) -> list[Claim]:
        """Leading conditions and loops of a line that ends in a colon."""
        if block.index not in self._introduced:
            claims: list[Claim] = []
            if block.text.rstrip().endswith(":"):
                for sentence in read_sentences(block)[-1:]:
                    claims = [Claim(block, f) for f in Read(sentence).found if f.lead]
            self._introduced[block.index] = claims
        return self._introduced[block.index]

    def _of_heading(self, reader: StepReader) -> list[Claim]:
        """Conditions in the headings above, and headings about failure."""
        out: list[Claim] = []
        section = self.draft.sections[reader.lead.section]
        for _ in range(2):
            heading = self.draft.blocks[section.heading] if section.heading is not None else None
            if heading is None or heading.level < 2:
                break
            out += self._introducing_heading(heading)
            if section.parent is None:
                break
            section = self.draft.sections[section.parent]
        return out

    def _introducing_heading(self, heading: Block) -> list[Claim]:
        if heading.index not in self._introduced:
            claims = [Claim(heading, f) for s in read_sentences(heading)[:1] for f in Read(s).found if f.kind in _PASSED_ON]
            trouble = _TROUBLE.search(heading.text)
            if trouble is not None:
                claims.append(Claim(heading, Found(ControlKind.RECOVER, trouble.start(), trouble.end())))
            self._introduced[heading.index] = claims
        return self._introduced[heading.index]

    def _label_arm(self, reader: StepReader, intro: Block) -> list[Claim]:
        """ "**Diff mode.** ...", or an item under "choose one of": its label is the condition."""
        if not reader.reads or not reader.reads[0][1]:
            return []
        block, reads = reader.reads[0]
        sentence: Sentence = reads[0].sentence
        bold = block.bold.rstrip(" :.—–-")
        if not bold or not sentence.label or any(s.start < sentence.label for s in reads[0].stated):
            return []
        if _ARM.search(bold) or _CHOICE.search(intro.text):
            end = min(len(bold), len(block.text))
            return [Claim(block, Found(ControlKind.BRANCH, 0, end, condition=(0, end), lead=True))]
        return []

    def _arms(self) -> dict[str, tuple[str, int]]:
        """Branches that exclude each other: an "otherwise" with the step before it, and items under a choice."""
        arms: dict[str, tuple[str, int]] = {}
        count = 0
        previous: StepReader | None = None
        for reader in self.readers:
            own = self.claims[reader.step.id]
            other = any(c.found.kind is ControlKind.BRANCH and c.found.word.startswith(_OTHER) for c in own)
            if other and previous is not None and previous.step.scene == reader.step.scene and self._branches(previous):
                if previous.step.id not in arms:
                    count += 1
                    arms[previous.step.id] = (f"G{count}", 0)
                group, arm = arms[previous.step.id]
                arms[reader.step.id] = (group, arm + 1)
            previous = reader
        return self._chosen(arms, self._answered(arms, count))

    def _answered(self, arms: dict[str, tuple[str, int]], count: int) -> int:
        """Neighbours in a list or table that ask one question and name different answers; the number of the last group."""
        run: list[tuple[StepReader, Question]] = []
        for reader in [*self.readers, None]:
            asked = self._question(reader) if reader is not None and reader.step.id not in arms else None
            if run and (asked is None or reader is None or not self._goes_on(run, reader, asked)):
                if len(run) > 1:
                    count += 1
                    arms.update({r.step.id: (f"G{count}", arm) for arm, (r, _) in enumerate(run)})
                run = []
            if reader is not None and asked is not None:
                run.append((reader, asked))
        return count

    def _goes_on(self, run: list[tuple[StepReader, Question]], reader: StepReader, asked: Question) -> bool:
        first, question = run[0]
        same = first.lead.parent == reader.lead.parent and first.lead.kind is reader.lead.kind
        return same and question.subject == asked.subject and all(asked.answer != q.answer for _, q in run)

    def _question(self, reader: StepReader) -> Question | None:
        """What the leading condition of an item or row asks, and the answer under which it applies."""
        claim = next((c for c in self.claims[reader.step.id] if c.found.kind is ControlKind.BRANCH and c.found.lead), None)
        if claim is None or claim.found.condition is None or claim.block is not reader.lead:
            return None
        if reader.lead.kind is ROW:
            return Question("", reader.lead.cells[0].text)
        if reader.lead.kind is not ITEM:
            return None
        return question_in(reader.lead, claim.found.condition)

    def _of_row(self, reader: StepReader) -> list[Claim]:
        """A row of a decision table: its first cell is the condition."""
        end = condition_cell(self.draft, reader.lead)
        return [Claim(reader.lead, Found(ControlKind.BRANCH, 0, end, condition=(0, end), lead=True))] if end else []

    def _chosen(self, arms: dict[str, tuple[str, int]], count: int) -> dict[str, tuple[str, int]]:
        lists: dict[int, list[StepReader]] = {}
        for reader in self.readers:
            intro = self._intro(reader.lead)
            if reader.lead.parent is not None and intro is not None and _CHOICE.search(intro.text):
                lists.setdefault(reader.lead.parent, []).append(reader)
        for items in lists.values():
            if len(items) > 1 and all(self._branches(r) and r.step.id not in arms for r in items):
                count += 1
                arms.update({r.step.id: (f"G{count}", arm) for arm, r in enumerate(items)})
        return arms

    def _branches(self, reader: StepReader) -> bool:
        return any(c.found.kind is ControlKind.BRANCH for c in self.claims[reader.step.id])

    def _control(self, step: DraftStep, claim: Claim, arms: dict[str, tuple[str, int]]) -> Control:
        block, found = claim

        def cut(pair: tuple[int, int] | None) -> str | None:
            if pair is None:
                return None
            reader = self.readers[0]
            start, end = reader.whole(block, pair)
            return readable(reader.bundle.source.main.raw[start:end])

        target = cut(found.target)
        members: tuple[str, ...] = ()
        if found.kind is ControlKind.JUMP and target is not None:
            target = self._resolve(step, target, block, found)
        elif found.kind is ControlKind.RECOVER and target is not None:
            failing = self.numbers.find(step.scene, target)
            target = failing if failing in self.by_id and failing != step.id else None
        elif found.kind is ControlKind.PARALLEL:
            members = self._named_steps(step, block, found)
        group, arm = arms.get(step.id, (None, None)) if found.kind is ControlKind.BRANCH else (None, None)
        span = self.draft.span(*self.readers[0].whole(block, (found.at, found.end)))
        return Control.made(
            id="", span=span, kind=found.kind, owner=step.id, condition=cut(found.condition), bound=found.bound,
            domain=cut(found.domain), until=cut(found.until), target=target, members=members, group=group, arm=arm,
        )  # fmt: skip

    def _note(self, code: str, message: str, span: object) -> None:
        self.notes.append(Diagnostic(code, CODES[code].severity, message, span))  # type: ignore[arg-type]

    def _resolve(self, step: DraftStep, name: str, block: Block, found: Found) -> str | None:
        """Id of the step or scene that "Step 2" or "Phase 1" names; a note when there is none."""
        ids = self.numbers.find(step.scene, name)
        if ids is None:
            span = self.draft.span(block.byte_at(found.at), block.byte_behind(found.end))
            self._note("SKV206", f"there is no {name} to jump to", span)
        return ids

    def _named_steps(self, step: DraftStep, block: Block, found: Found) -> tuple[str, ...]:
        """Steps that a sentence on parallel work names ("run Steps 2 and 3 in parallel")."""
        out: list[str] = []
        for sentence in read_sentences(block):
            if not sentence.at <= found.at < sentence.end:
                continue
            for index, tok in enumerate(sentence.toks):
                if tok.kind == "STEPREF":
                    out += self._range(step, tok.word, sentence, index)
        return tuple(dict.fromkeys(out)) if len(set(out)) > 1 else ()

    def _range(self, step: DraftStep, name: str, sentence: Sentence, index: int) -> list[str]:
        """ "Steps 2 and 3", "steps 2-4": the named step and the numbers that go on from it."""
        kind = name.split()[0]
        names = [name]
        for tok in sentence.toks[index + 1 : index + 8]:
            if tok.kind == "NUM":
                names.append(f"{kind} {tok.word}")
            elif tok.kind not in ("AND", "COMMA", "OR", "DASH"):
                break
        found = [self.numbers.find(step.scene, n) for n in names]
        return [f for f in found if f in self.by_id]

    def _parallel_lists(self) -> list[Control]:
        """A line that says that the items of the list below it can run at the same time."""
        out: list[Control] = []
        lists: dict[int, list[StepReader]] = {}
        for reader in self.readers:
            intro = self._intro(reader.lead)
            if intro is not None and intro.text.rstrip().endswith(":"):
                lists.setdefault(intro.index, []).append(reader)
        for index, items in lists.items():
            block = self.draft.blocks[index]
            found = next((f for s in read_sentences(block)[-1:] for f in Read(s).found if f.kind is ControlKind.PARALLEL), None)
            if found is not None and len(items) > 1:
                out.append(
                    Control.made(
                        id="",
                        span=self.draft.span(block.byte_at(found.at), block.byte_behind(found.end)),
                        kind=ControlKind.PARALLEL,
                        owner=items[0].step.scene,
                        members=tuple(r.step.id for r in items),
                    )
                )
        return out
