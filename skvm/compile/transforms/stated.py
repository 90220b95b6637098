"""Stated commands beyond the single one that `bind` runs: several in a row, and one that is offered as another way.

Running them replaces a model, so every doubt counts against it, as in `skvm.compile.commands`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from skvm.compile.commands import (
    CHOICE,
    Providers,
    bare,
    bound_names,
    doubt_in_command,
    doubt_in_control,
    prose_of,
    stated_commands,
    unprovided,
)
from skvm.ir import Act, ActType, ControlKind, Origin, Program, Step
from skvm.plan import Command
from skvm.source import SkillSource, Span

TOLD = re.compile(
    r"\b(?:run|execute|issue)\b[^.\n]{0,40}\b(?:these|following|both|all|commands|in (?:this )?order|in sequence)\b",
    re.IGNORECASE,
)
"""Words that say that all of the commands shown are to be run: without them they may be ways of doing one thing."""

_MOVES = re.compile(r"(?:^|[;&|(]\s*)(?:cd|pushd|popd|source|export|set|eval|exec|exit)\b")
"""Commands that change the shell for those after them, so that their places no longer mean what they say."""

_APPENDS = re.compile(r">>|\btee\s+(?:-a|--append)\b")

_COMMENT = re.compile(r"(?m)^\s*#")

MOST = 12
"""Commands in a row that run as one."""


class Stated(NamedTuple):
    """Commands that may run: as one, each text as the author wrote it, and where they stand."""

    command: Command
    texts: tuple[str, ...]
    spans: tuple[Span, ...]


def in_a_row(program: Program, source: SkillSource, step: Step, have: Providers) -> Stated | None:
    """All commands of a step, each after the one before it ended well; None when the step is anything more than that."""
    acts = stated_commands(program, step.id)
    if not 2 <= len(acts) <= MOST or not _only_commands(program, source, step, acts, have):
        return None
    places = dict(have.places)
    names: dict[str, str] = {}
    for act in acts:
        found = _bound(program, source, act, have._replace(places=places))
        if found is None:
            return None
        names |= found
        places |= dict.fromkeys(act.writes, f"$step.{step.id}.files")
    texts = tuple(_text(act) for act in acts)
    spans = tuple(act.span for act in acts)
    whole = Span(step.span.file, min(s.start for s in spans), max(s.end for s in spans))
    return Stated(_in_shell(" && ".join(texts), whole, names), texts, spans)


def offered(program: Program, source: SkillSource, step: Step, have: Providers, words: re.Pattern[str]) -> Stated | None:
    """The first inline command that `words`, right before it, offer as another way of doing the whole step."""
    main = source.main
    if step.span.file != main.file or any(a.type is ActType.REQUEST for a in program.acts_of(step.id)):
        return None
    for act in stated_commands(program, step.id):
        text = _text(act)
        raw = text.encode("utf-8", "replace")
        start = main.raw.find(b"`" + raw + b"`", step.span.start, step.span.end) + 1
        if start < 1 or doubt_in_command(text):
            continue
        at = Span(main.file, start, start + len(raw))
        found = words.search(main.slice(Span(main.file, step.span.start, start)))
        if found is None or _more_to_do(program, source, step, act, at, found[0]):
            continue
        names = _bound(program, source, act, have)
        if names is not None:
            return Stated(_in_shell(text, at, names), (text,), (at,))
    return None


def _in_shell(text: str, span: Span, names: dict[str, str]) -> Command:
    return Command(text=text, span=span, shell=True, placeholders=names)  # noqa: S604 - a field, nothing is called


def _text(act: Act) -> str:
    return (act.command or "").strip()


def _bound(program: Program, source: SkillSource, act: Act, have: Providers) -> dict[str, str] | None:
    """References by placeholder; None when something stays open or is read that nothing provides."""
    text = _text(act)
    names, left = bound_names(program, text, have)
    return None if left or unprovided(program, source, act, text, have) else names


def _only_commands(program: Program, source: SkillSource, step: Step, acts: tuple[Act, ...], have: Providers) -> bool:
    """Do the fences of a step show these commands and nothing else, and does its prose leave nothing to decide or to do?"""
    texts = [_text(act) for act in acts]
    if (
        any(act.origin is not Origin.FENCE for act in acts)
        or any(map(doubt_in_command, texts))
        or any(map(_MOVES.search, texts))
    ):
        return False
    blocks = [b for b in program.blocks if b.step == step.id]
    shown = " ".join(bare(source.main.slice(b.body)) for b in blocks)
    if shown != " ".join(map(bare, texts)) or _open_words(program, source, step, have):
        return False
    others = [a for a in program.acts_of(step.id) if a.origin is Origin.PROSE and a.command is None]
    if len({a.span for a in others}) > 1 or any(a.type is ActType.REQUEST for a in others):
        return False
    labelled = any(_COMMENT.search(source.main.slice(b.body)) for b in blocks)
    return _chained(acts) or (not labelled and TOLD.search(prose_of(step.text)) is not None)


def _chained(acts: tuple[Act, ...]) -> bool:
    """Does each command after the first use what one before it wrote? To replace it is no use: one of both is wanted."""
    made: set[str] = set(acts[0].writes)
    for act in acts[1:]:
        if not made & {*act.reads, *(act.writes if _APPENDS.search(_text(act)) else ())}:
            return False
        made |= set(act.writes)
    return True


def _open_words(program: Program, source: SkillSource, step: Step, have: Providers, but: str = "") -> bool:
    words = prose_of(step.text)
    for control in program.controls_of(step.id):
        if control.kind is ControlKind.GATE or doubt_in_control(control, have):
            return True
        words = words.replace(prose_of(source.main.slice(control.span)), " ")
    return CHOICE.search(words.replace(but, " ") if but else words) is not None


def _more_to_do(program: Program, source: SkillSource, step: Step, act: Act, at: Span, words: str) -> bool:
    """Is anything to be done after the offered command, or anything open beside the offer itself?"""
    after = [a for a in program.acts_of(step.id) if a.span.start > at.end and a.origin is Origin.PROSE]
    if after or [a for a in stated_commands(program, step.id) if a.span.start > at.end]:
        return True
    return _open_words(program, source, step, Providers({}, {}), words.rstrip("`"))
