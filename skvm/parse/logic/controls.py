"""Control stated in a sentence, read with `grammar/step.lark` (LALR, strict).

Only sentences with a cue reach the parser. What it finds are candidates with positions; which of them govern the whole step
is decided in `skvm.parse.logic.steering`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from skvm.ir import ControlKind
from skvm.parse.draft import HEADING
from skvm.parse.lalr import Loop, NoRuleError, load
from skvm.parse.lexicon import word_set, words_of
from skvm.parse.logic.found import Found, counted
from skvm.parse.sentences import Sentence, Tok, number

_PLAIN = word_set(
    "WORD TEXT CODE QUOTE URL FILE STEPREF PERSON NUM TIMES UPTO AND OR SKILL AGENT WITHUSER APPROVAL TARGET COMMA COLON "
    "SEMI DASH ARROW LPAR RPAR NOT THEN CONFIRM GET USE FAIL AFTER"
)
_COMMANDS = frozenset({"STOP", "REPEAT", "RETRY", "GOBACK", "RESTART", "USE", "SPAWN", "CONFIRM", "GET"})
_CLAUSE = frozenset({"COMMA", "COLON", "SEMI", "DASH", "ARROW", "LPAR", "AND", "OR", "THEN", "ELSE"})
_ASKING = word_set(
    "check verify determine ask see know decide confirm whether ensure detect test identify assess understand tell explain "
    "evaluate clarify as than note validate wonder"
)
_STOP_TAIL = word_set("immediately here with processing execution and or if when before until unless at instead work now")


_ANSWERS = word_set(
    "replies reply approves approve confirms confirm agrees agree responds accepts accept says picks selects chooses"
)
_FAILURES = word_set(
    "ambiguous unclear sparse insufficient incomplete unknown absent inaccessible offline unresponsive conflicting invalid "
    "undetermined degraded exhausted limited none"
)


class Part(NamedTuple):
    """A node of a sentence's tree: the name of its rule, and the tokens and nodes it is made of."""

    rule: str
    children: list[Any]

    def tokens(self) -> Iterator[Tok]:
        """All tokens in it, in their order."""
        for child in self.children:
            if isinstance(child, Part):
                yield from child.tokens()
            else:
                yield child


@cache
def _loop() -> Loop:
    return load("step", Part)


def tree_of(row: list[Tok]) -> Part:
    """The tree that step.lark makes of a sentence's terminals; raises NoRuleError where it has none."""
    tree: Part = _loop().parse([(token.kind, token) for token in row])
    return tree


def has_cue(sentence: Sentence) -> bool:
    """The prefilter: could the sentence hold control at all?"""
    return any(tok.kind not in _PLAIN for tok in sentence.toks) or any(
        tok.kind in ("WITHUSER", "APPROVAL", "SKILL", "AGENT") for tok in sentence.toks
    )


def terminals(sentence: Sentence) -> list[Tok]:
    """Tokens for step.lark: cue words out of position demoted, runs of plain words joined, bounds and targets composed."""
    out: list[Tok] = []
    toks = sentence.toks
    at = 0
    while at < len(toks):
        kind, size = _kind_at(toks, at, sentence.label)
        last = toks[at + size - 1]
        if kind in ("WORD", "TEXT") and out and out[-1].kind == "TEXT":
            out[-1] = Tok("TEXT", "", out[-1].at, last.end)
        else:
            out.append(Tok("TEXT" if kind == "WORD" else kind, toks[at].word, toks[at].at, last.end))
        at += size
    return out


def _kind_at(toks: tuple[Tok, ...], at: int, label: int) -> tuple[str, int]:
    """Terminal that begins at token `at` and how many tokens it takes."""
    tok = toks[at]
    kind = tok.kind
    following = toks[at + 1] if at + 1 < len(toks) else None
    if kind == "UPTO" and following is not None and following.kind == "NUM":
        return "BOUND", 3 if at + 2 < len(toks) and toks[at + 2].kind == "TIMES" else 2
    if kind == "NUM" and following is not None and following.kind == "TIMES":
        return "BOUND", 2
    if tok.word in ("to", "from", "at", "with") and following is not None and following.kind == "STEPREF":
        return "TARGET", 2
    if kind in ("IF", "WHEN") and at > 0 and _asks(toks, at - 1):
        return "TEXT", 1
    if kind in _COMMANDS and not _in_position(toks, at, label):
        return "TEXT", 1
    if kind == "STOP" and tok.word.startswith("end") and following is not None and following.word == "with":
        return "TEXT", 1
    if kind == "STOP" and following is not None and following.kind == "WORD" and following.word not in _STOP_TAIL:
        return "TEXT", 1
    return kind, 1


def _asks(toks: tuple[Tok, ...], at: int) -> bool:
    """Does token `at` make what follows a question ("check if", "ask the user if")?"""
    if toks[at].kind == "PERSON" and at > 0:
        at -= 1
    return (toks[at].word.split()[-1:] or [""])[0] in _ASKING


def _in_position(toks: tuple[Tok, ...], at: int, label: int) -> bool:
    """Does token `at` stand where an imperative may: at a clause head, behind adverbs or a modal?"""
    if at in (0, label):
        return True
    before = toks[at - 1]
    if before.kind in _CLAUSE:
        return True
    word = before.word.split()[-1] if before.word else ""
    return before.kind != "CODE" and (word in words_of("adverbs") or word in words_of("modals") or word in ("by", "and"))


def controls_in(sentence: Sentence, heads: list[int]) -> list[Found]:
    """Controls of one sentence; `heads`: code points at which its imperatives begin."""
    if not has_cue(sentence):
        return []
    row = terminals(sentence)
    try:
        tree = tree_of(row)
    except NoRuleError:
        return []  # no match is not an error
    reader = _Reader(sentence, row, heads)
    for part in tree.children:
        if isinstance(part, Part):
            reader.part(part)
    return counted(reader.found, sentence.block.text)


class _Reader:
    """Turns the parts of one sentence into candidates."""

    def __init__(self, sentence: Sentence, row: list[Tok], heads: list[int]) -> None:
        self.sentence = sentence
        self.row = row
        self.heads = heads
        self.found: list[Found] = []
        self.start = sentence.toks[sentence.label].at if sentence.label < len(sentence.toks) else sentence.at

    def part(self, part: Part) -> None:
        """Read one part by the name of its rule."""
        handler = getattr(self, f"on_{part.rule}", None)
        token = part.children[0]
        if handler is not None and isinstance(token, Tok):
            handler(part, token)

    def _add(self, kind: ControlKind, token: Tok, end: int, **more: Any) -> None:
        at = token.at
        self.found.append(Found(kind, at, max(end, token.end), lead=at == self.start, word=token.word, **more))

    def _clause_end(self, token: Tok) -> int:
        """End of the clause that `token` opens: the separator before the next imperative, else the first separator."""
        at = token.at
        head = next((h for h in self.heads if h > at), None)
        end = self.sentence.end
        depth = 0
        for other in self.row:
            start = other.at
            if start <= at:
                continue
            depth += (other.kind == "LPAR") - (other.kind == "RPAR")
            if other.kind == "RPAR" and depth < 0:
                return start
            if depth <= 0 and other.kind in ("COMMA", "COLON", "SEMI", "DASH", "ARROW", "THEN", "ELSE"):
                if other.kind != "COMMA" or head is None or head < start or self._next_head(start) == head:
                    return start
                end = start
            if head is not None and start >= head:
                break
        return min(end, head) if head is not None and end > head else end

    def _next_head(self, at: int) -> int | None:
        """The imperative that begins directly behind the separator at `at`."""
        between = [t for t in self.row if t.at > at]
        first = next((t for t in between if t.kind not in ("AND", "OR", "THEN")), None)
        if first is None:
            return None
        return next((h for h in self.heads if first.at <= h < first.end), None)

    def _inside(self, token: Tok, end: int) -> tuple[int, int] | None:
        """Code points of the words between a token and `end`, without the space around them."""
        text = self.sentence.block.text
        at = token.end
        while at < end and text[at] in " \t\n":
            at += 1
        while end > at and text[end - 1] in " \t\n,:;":
            end -= 1
        return (at, end) if end > at else None

    def on_branch(self, _part: Part, token: Tok) -> None:
        """A condition."""
        end = self._clause_end(token)
        condition = self._inside(token, end)
        if condition is None or self._aside(token):
            return
        self._add(ControlKind.BRANCH, token, end, condition=condition)
        inside = [t for t in self.sentence.toks if token.end <= t.at < end]
        if any(t.kind == "PERSON" for t in inside) and any(t.word in _ANSWERS for t in inside):
            self._add(ControlKind.GATE, token, end, condition=condition)
        if self.found[-1].lead and any(t.kind == "FAIL" or t.word in _FAILURES for t in inside):
            failing = next(((t.at, t.end) for t in inside if t.kind == "STEPREF"), None)
            self._add(ControlKind.RECOVER, token, end, condition=condition, target=failing)

    def _aside(self, token: Tok) -> bool:
        """Does a condition behind the act govern less than the sentence: in brackets, one of several acts, no act at all?"""
        at = token.at
        if at == self.start or self.sentence.block.kind is HEADING:
            return False
        opened = sum((t.kind == "LPAR") - (t.kind == "RPAR") for t in self.row if t.at < at)
        ahead = [h for h in self.heads if h < at]
        behind = [h for h in self.heads if h > at]
        return opened > 0 or (not behind and len(ahead) != 1) or (bool(ahead) and bool(behind))

    def on_after(self, part: Part, token: Tok) -> None:
        """What follows an approval waits for it."""
        end = self._clause_end(token)
        if any(t.kind == "APPROVAL" for t in self.sentence.toks if token.end <= t.at < end):
            self._add(ControlKind.GATE, token, end, condition=self._inside(token, end))

    def on_otherwise(self, _part: Part, token: Tok) -> None:
        """The other arm, where it begins a sentence or an instruction follows it."""
        at = token.at
        if at != self.start and not any(at < h < at + 40 for h in self.heads):
            return
        self._add(ControlKind.BRANCH, token, token.end, condition=(token.at, token.end))

    def on_option(self, _part: Part, token: Tok) -> None:
        """An optional act."""
        self._add(ControlKind.OPTIONAL, token, token.end)

    def on_skip(self, _part: Part, token: Tok) -> None:
        """A step that is skipped under a condition."""
        end = self._clause_end(token)
        self._add(ControlKind.BRANCH, token, end, condition=self._inside(token, end))

    def on_each(self, _part: Part, token: Tok) -> None:
        """A loop over a domain."""
        end = self._clause_end(token)
        self._add(ControlKind.LOOP, token, end, domain=self._inside(token, end))

    def on_until(self, _part: Part, token: Tok) -> None:
        """An exit condition; of the loop or gate before it, if there is one."""
        end = self._clause_end(token)
        until = self._inside(token, end)
        if any(t.kind == "NOT" and t.at < token.at for t in self.row):
            self._add(ControlKind.GATE, token, end, until=until)
            return
        for index in range(len(self.found) - 1, -1, -1):
            if self.found[index].kind in (ControlKind.LOOP, ControlKind.GATE) and self.found[index].until is None:
                self.found[index] = self.found[index]._replace(until=until, end=end)
                return
        self._add(ControlKind.LOOP, token, end, until=until)

    def on_while(self, _part: Part, token: Tok) -> None:
        """A loop with a condition in front."""
        end = self._clause_end(token)
        if token.word == "as long as" or token.at == self.start:
            self._add(ControlKind.LOOP, token, end, until=None, condition=self._inside(token, end))

    def on_repeat(self, part: Part, token: Tok) -> None:
        """A repetition."""
        self._add(ControlKind.LOOP, token, _end(part))

    def on_retry(self, part: Part, token: Tok) -> None:
        """Another attempt."""
        self._add(ControlKind.RECOVER, token, _end(part))

    def on_bound(self, _part: Part, token: Tok) -> None:
        """A number of rounds; of the loop, attempt or jump before it, if any. Inside a condition it counts something else."""
        start, end = token.at, token.end
        if any(f.condition is not None and f.condition[0] <= start < f.condition[1] for f in self.found):
            return
        rounds = next((number(t.word) for t in self.sentence.toks if start <= t.at < end and t.kind == "NUM"), None)
        for index in range(len(self.found) - 1, -1, -1):
            found = self.found[index]
            handles = found.kind is ControlKind.RECOVER and found.condition is not None
            if found.kind in (ControlKind.LOOP, ControlKind.JUMP, ControlKind.RECOVER) and found.bound is None and not handles:
                kind = found.kind
                if kind is ControlKind.RECOVER:
                    kind = ControlKind.LOOP
                    self.found = [f._replace(bound=rounds) if f.kind is found.kind and f.condition else f for f in self.found]
                self.found[index] = found._replace(kind=kind, bound=rounds, end=max(found.end, end))
                return
        if any(t.kind == "TIMES" for t in self.sentence.toks if start <= t.at < end):
            self._add(ControlKind.LOOP, token, end, bound=rounds)

    def on_jump(self, part: Part, token: Tok) -> None:
        """A jump to a numbered step or phase."""
        target = part.children[1]
        if isinstance(target, Tok):
            start, end = target.at, target.end
            ref = next((t for t in self.sentence.toks if t.kind == "STEPREF" and start <= t.at < end), None)
            self._add(ControlKind.JUMP, token, end, target=(ref.at, ref.end) if ref is not None else None)

    def on_goback(self, part: Part, token: Tok) -> None:
        """A jump in words ("resume from the correct phase")."""
        backward = token.word in ("resume", "restart", "go back", "loop back", "circle back", "jump", "jump back")
        onward = next((t for t in self.sentence.toks if t.at > token.end), None)
        if backward or (token.word == "route" and onward is not None and onward.word == "to"):
            self._add(ControlKind.JUMP, token, _end(part))

    def on_restart(self, part: Part, token: Tok) -> None:
        """Back to the first step."""
        self._add(ControlKind.JUMP, token, _end(part))

    def on_terminate(self, part: Part, token: Tok) -> None:
        """The end of the run."""
        self._add(ControlKind.TERMINATE, token, token.end)

    def on_parallel(self, _part: Part, token: Tok) -> None:
        """Work that may overlap, unless it is forbidden."""
        at = token.at
        if not any(t.kind == "NOT" and t.at < at for t in self.row):
            self._add(ControlKind.PARALLEL, token, token.end)

    def on_wait(self, part: Part, token: Tok) -> None:
        """A wait for somebody."""
        end = self._clause_end(token)
        inside = [t for t in self.sentence.toks if token.end <= t.at < end]
        if not any(t.word.startswith(("second", "minute", "ms", "hour", "load", "network")) for t in inside):
            self._add(ControlKind.GATE, token, end, condition=self._inside(token, end))

    def on_hold(self, _part: Part, token: Tok) -> None:
        """A ban on going on."""
        end = self._clause_end(token)
        self._add(ControlKind.GATE, token, end, condition=self._inside(token, end))

    def on_gate(self, _part: Part, token: Tok) -> None:
        """Something that must be done before going on."""
        self._add(ControlKind.GATE, token, token.end)

    def on_approval(self, part: Part, token: Tok) -> None:
        """Leave that somebody must give."""
        self._add(ControlKind.GATE, token, _end(part))

    def on_delegate(self, part: Part, token: Tok) -> None:
        """Work handed over to a skill or agent."""
        marks = [t for t in part.tokens() if t.kind in ("CODE", "SKILL", "FILE")]
        named = next((t for t in marks if t.kind == "CODE" or t.word.startswith(("[[", "/"))), None)
        target = None
        if named is not None:
            start, end = named.at, named.end
            trim = 2 if named.word.startswith("[[") else 0
            target = (start + trim, end - trim)
        self._add(ControlKind.DELEGATE, token, _end(part), target=target)

    def on_fallback(self, part: Part, token: Tok) -> None:
        """A second way when the first fails."""
        self._add(ControlKind.RECOVER, token, _end(part))


def _end(part: Part) -> int:
    """Code point where a part ends."""
    return max(t.end for t in part.tokens())
