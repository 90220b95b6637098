"""command: the commands of a step, exactly, with what is to be filled in."""

from __future__ import annotations

import re
from typing import ClassVar

from skvm.capability import Level
from skvm.compile.commands import INSTALL, bare, placeholders
from skvm.compile.transforms.proposal import Proposal, Transform, View, numbered, quoted
from skvm.ir import Act, ControlKind, Origin
from skvm.source import Span

MOST = 8
LONG = 240
"""Characters of a command that is said again at most."""

_TOLD = re.compile(
    r"(?:\b(?:re-?)?(?:run|running|execut\w+|invok\w+|issu\w+|launch|call|start|try|with|via|using|use)\b[^`]*|:\s*)$", re.I
)
"""Words of a sentence, up to a command in it, that say to run it."""

_AGAINST = re.compile(r"\b(?:never|not|cannot|avoid|without|instead of|rather than|before|after|once|unlike)\b|n't\b", re.I)
"""Words that name a command for another purpose: it is forbidden, or it marks a moment."""

_WAYS = re.compile(
    r"\b(?:or|alternativ\w*|option\w*|either|otherwise|if|unless|when|depending|choose|for example|such as|e\.g)\b|"
    r"^\s*(?://|#)\s*(?:for|with|on)\b",
    re.I | re.M,
)
"""Words that make commands ways of doing one thing, or parts of some cases only."""

_COMMENT = re.compile(r"(?m)^\s*#\s")

_FURTHER = re.compile(r"`(?:\s*(?:,|/|&|->|,?\s*(?:and|or|then))\s*`([^`\n]+)`)+")
"""A command in a row of others."""

_SENTENCE = re.compile(r"[.!?;]\s|\n\s*(?:\n|[-*+]\s|\d+[.)]\s)")


class ExactCommand(Transform):
    """Catalogue: give the exact command, one at a time."""

    id: ClassVar[str] = "command"
    summary: ClassVar[str] = "the stated commands, one at a time, with what is to be filled in"
    answers: ClassVar[frozenset[str]] = frozenset({"tool.exec", "gen.code.shell"})
    lowers: ClassVar = {"tool.exec": Level.L3, "gen.code.shell": Level.L3}

    def propose(self, view: View) -> Proposal | None:
        """The commands, when all that the step says to run can be said; part of a script is none."""
        acts = [a for a in view.commands if not INSTALL.match(a.command or "") and _is_told(view, a)]
        texts = [(a.command or "").strip() for a in acts]
        if not 0 < len(texts) <= MOST or any("`" in t or "\n" in t or len(t) > LONG for t in texts) or not _whole(view, texts):
            return None
        open_names = list(dict.fromkeys(literal for text in texts for literal, _ in placeholders(text) if "`" not in literal))
        filled = f" Fill in {', '.join(map(quoted, open_names))} and change nothing else." if open_names else ""
        left = [a for a in view.commands if a not in acts and not INSTALL.match(a.command or "")]
        what = "gives the exact command" if len(texts) == 1 else f"gives the {len(texts)} commands one at a time"
        return Proposal(what, _said(view, texts) + filled, None if left else self.asks(view), spans=tuple(a.span for a in acts))


def _said(view: View, texts: list[str]) -> str:
    """In cases that the author tells apart the commands are not all to be run."""
    words = view.source.main.slice(view.node.span)
    cases = any(c.kind is ControlKind.BRANCH for c in view.program.controls_of(view.node.id)) or _WAYS.search(words)
    labelled = len(texts) > 1 and any(_COMMENT.search(view.source.main.slice(b.body)) for b in view.blocks)
    if cases or labelled:
        rows = quoted(texts[0]) if len(texts) == 1 else numbered([quoted(t) for t in texts])
        return f"Where the text calls for it, run exactly what is written, one command at a time: {rows}."
    if len(texts) == 1:
        return f"Run exactly this: {quoted(texts[0])}."
    return f"Run exactly these, one at a time, and look at each result first: {numbered([quoted(t) for t in texts])}."


def _is_told(view: View, act: Act) -> bool:
    """Does the sentence around a command say to run it? What a block shows is to be run."""
    if act.origin is not Origin.INLINE or act.span.file != view.source.main.file:
        return True
    raw = view.source.main.raw
    at = raw.find((act.command or "").strip().encode("utf-8", "replace"), view.node.span.start, view.node.span.end)
    if at < 0:
        return False
    before = view.source.main.slice(Span(act.span.file, view.node.span.start, at)).rstrip("`")
    sentence = _SENTENCE.split(before)[-1]
    return _TOLD.search(sentence) is not None and _AGAINST.search(sentence) is None


def _whole(view: View, texts: list[str]) -> bool:
    """Is each block that shows one of the commands nothing but these, and each row of commands in a sentence, too?"""
    for row in _FURTHER.finditer(view.prose):
        head = view.prose[: row.start()].rpartition("`")[2]
        if head in texts and not set(re.findall(r"`([^`\n]+)`", row[0][1:])) <= set(texts):
            return False
    flat = [" ".join(text.split()) for text in texts]
    for block in view.blocks:
        body = bare(view.source.main.slice(block.body))
        inside = [text for text in flat if text in body]
        if inside and len("".join(body.split())) != sum(len("".join(text.split())) for text in inside):
            return False
    return True
