"""Features of sections as stages, of blocks as steps, of a skill as a procedure. Names are explained in `grammar/GRAMMAR.md`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from skvm.parse.draft import Block, Role
from skvm.parse.lexicon import acts_of_lead, verbs
from skvm.parse.structure.features import (
    ASIDE,
    CONDITION,
    CUE_LIST,
    CUE_NOT,
    CUE_RULES,
    LAST_WORD,
    PERSON,
    PROGRAM,
    RULE_WORD,
    SEQUENCE,
    SHELL,
    TEMPLATE,
    TIME_LABEL,
    Candidate,
    above,
    is_tag,
    section_class,
    starts_with_code,
)
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import normal, scene_words

_STATEMENT = re.compile(r"^(?:this|the|these|it|a|an|you|your|we|there|all|each|every|i|they|its|that)\b", re.IGNORECASE)
_NO_STAGE = frozenset({Role.REFERENCE, Role.RULES, Role.PITFALLS, Role.EXAMPLES, Role.TROUBLE})
_LISTS = ("ordered", "bullet", "task")


@dataclass(slots=True, eq=False)
class View:
    """What is known of a section while deciding."""

    part: Part
    candidates: list[Candidate]
    features: dict[str, float] = field(default_factory=dict)
    score: float = 0.0
    steps: list[Candidate] = field(default_factory=list)
    instructing: int = 0
    ordered: int = 0

    def __post_init__(self) -> None:
        for c in self.candidates:
            if c.imperative and c.depth == 0 and c.kind != "section":
                self.instructing += 1
                self.ordered += c.kind == "ordered"


class Survey:
    """Counts over the whole document that features of its parts need."""

    def __init__(self, parts: list[Part]) -> None:
        self.count = len(parts)
        self.numbered: dict[str, int] = {}
        self.procedures = 0
        self.led: set[int] = set()
        stages = [part for part in parts if part.numbering == "step"]
        self.first_stage = stages[0].start if len(stages) > 1 else -1
        self.last_stage = stages[-1].start if len(stages) > 1 else -1
        leader: dict[int, bool] = {}
        for part in parts:
            self.procedures += part.role is Role.PROCEDURE
            above = part.parent.index if part.parent is not None else -1
            if not part.numbering:
                leader[above] = part.role is Role.PROCEDURE and not part.pieces and not part.children
            elif leader.get(above):
                self.led.add(part.index)
            if part.numbering and part.parent is not None:
                for key in (part.numbering, f"{part.parent.index} {part.numbering}"):
                    self.numbered[key] = self.numbered.get(key, 0) + 1

    def series(self, part: Part) -> int:
        """How many sections beside this one are numbered the same way, itself included."""
        return self.numbered.get(f"{part.parent.index} {part.numbering}", 0) if part.parent is not None else 0


def scene_features(view: View, survey: Survey) -> dict[str, float]:
    """Features of a section as a stage."""
    part = view.part
    role = Role.PROCEDURE if part.index in survey.led else above(part)
    out: dict[str, float] = {f"class {section_class(part)}": 1.0, f"above {role.value}": 1.0}
    _numbering(part, survey, out)
    _title(part, out)
    if part.children:
        out["has subsections"] = 1.0
        if any(child.numbering == "step" for child in part.children):
            out["subsections are steps"] = 1.0
    _content(view.candidates, out)
    if survey.first_stage >= 0 and part.numbering != "step" and part.heading is not None:
        place = "before" if part.start < survey.first_stage else "after" if part.start > survey.last_stage else "among"
        out[f"{place} the numbered stages"] = 1.0
        if "instructing paragraph" in out:
            out[f"instructs {place} the numbered stages"] = 1.0
    if view.instructing and part.role in _EDGE_ROLES:
        out[f"instructs, {part.role.value}"] = 1.0
    if part.role is Role.PROCEDURE and 1 < len(view.candidates) <= 6 and all(c.kind in ("bullet", "section") for c in view.candidates):
        out["only a few bullets"] = 1.0
    return out


_EDGE_ROLES = frozenset({Role.SETUP, Role.OUTPUTS, Role.TROUBLE, Role.CHECKLIST, Role.INPUTS, Role.OTHER})


def _numbering(part: Part, survey: Survey, out: dict[str, float]) -> None:
    if part.numbering:
        if survey.series(part) > 1:
            out[f"series {part.numbering}"] = 1.0
        if part.role is not Role.OTHER:
            out[f"numbered {part.role.value}"] = 1.0
    if part.numbering != "step" and survey.numbered.get("step", 0) > 1:
        out["others are numbered steps"] = 1.0
    if part.role is not Role.PROCEDURE and survey.procedures:
        out["others are procedures"] = 1.0
    if part.parent is None or part.role is Role.TITLE:
        out["top"] = 1.0


def _title(part: Part, out: dict[str, float]) -> None:
    if part.heading is None:
        return
    if acts_of_lead(part.title):
        out["title acts"] = 1.0
    words = normal(part.title).split()
    table = scene_words()
    if words and words[0] in table:
        out["title begins as a stage"] = 1.0
    elif any(word in table for word in words):
        out["title has a stage word"] = 1.0
    if part.whole:
        out["whole title"] = 1.0
    if part.title.rstrip().endswith("?"):
        out["title asks"] = 1.0


def _content(found: list[Candidate], out: dict[str, float]) -> None:
    for kind in _LISTS:
        items = [c for c in found if c.kind == kind and c.depth == 0]
        if len(items) > 1:
            out[f"{kind} list"] = 1.0
            out[f"{kind} share"] = round(sum(c.imperative for c in items) / len(items), 2)
            if len(items) > 9:
                out[f"long {kind} list"] = 1.0
            if 2 * sum(CONDITION.match(c.lead.text) is not None for c in items) >= len(items):
                out["list of conditions"] = 1.0
            for name, pattern in (("actions", CUE_LIST), ("properties", CUE_NOT), ("rules", CUE_RULES)):
                if kind == "ordered" and items[0].intro is not None and pattern.search(items[0].intro.text[-120:]):
                    out[f"{kind} list of {name}"] = 1.0
    paragraphs = [c for c in found if c.kind in ("para", "intro", "intro_list")]
    if any(c.imperative for c in paragraphs):
        out["instructing paragraph"] = 1.0
    elif paragraphs:
        out["only statements"] = 1.0
    if any(c.kind == "intro" and c.imperative for c in found):
        out["instructing fence"] = 1.0
    languages = {_fence_group(c.lead if c.kind == "fence" else None) for c in found if c.kind == "fence"}
    for group in languages:
        out[f"has fence {group}"] = 1.0
    if any(c.kind == "row" for c in found):
        out["has table"] = 1.0
    if not any(c.kind != "section" for c in found):
        out["empty"] = 1.0


def step_features(c: Candidate, view: View, position: int, survey: Survey) -> dict[str, float]:
    """Features of a block as a step."""
    kind = c.kind if not c.depth else f"nested {c.kind}"
    out: dict[str, float] = {f"is {kind}": 1.0, f"{kind} in {section_class(view.part)}": 1.0}
    if c.imperative:
        out["instructs"] = 1.0
        out[f"instructs, {kind}"] = 1.0
    if c.kind == "section":
        _section_step(c, view, survey, out)
    else:
        _text_features(c.lead, out)
        _place_features(c, view, position, out)
    return out


def _section_step(c: Candidate, view: View, survey: Survey, out: dict[str, float]) -> None:
    part = view.part
    host = host_of(part)
    inner = [x for x in view.candidates if x.kind != "section"]
    if part.numbering and survey.series(part) > 1:
        out[f"section in series {part.numbering}"] = 1.0
    if host is not None:
        out["section in a numbered stage"] = 1.0
        if part.numbering:
            out["numbered section in a numbered stage"] = 1.0
        if is_tag(part):
            out["tag in a numbered stage"] = 1.0
        if c.siblings > 2:
            out["section among three or more of a stage"] = 1.0
        elif c.siblings == 2:
            out["section among two of a stage"] = 1.0
    if not any(x.imperative for x in inner):
        out["nothing inside instructs"] = 1.0
        if any(x.kind == "fence" for x in inner):
            out["only fences inside"] = 1.0
    if any(x.kind == "ordered" for x in inner):
        out["ordered list inside"] = 1.0
    if part.children:
        out["section has subsections"] = 1.0
    if not inner:
        out["section is empty"] = 1.0
    if part.bold and part.heading is not None and len(part.heading.text) > len(part.heading.bold) + 3:
        out["bold step goes on"] = 1.0


def _text_features(lead: Block, out: dict[str, float]) -> None:
    text = lead.text.strip()
    for name, pattern in (("condition", CONDITION), ("rule word", RULE_WORD), ("sequence word", SEQUENCE), ("statement", _STATEMENT), ("aside", ASIDE), ("time label", TIME_LABEL)):
        if pattern.match(text):
            out[name] = 1.0
    if text.endswith("?"):
        out["question"] = 1.0
    if PERSON.search(text[:200]):
        out["turns to a person"] = 1.0
    if lead.bold:
        out["bold lead"] = 1.0
        if len(lead.bold) >= len(text) - 2:
            out["bold only"] = 1.0
    if starts_with_code(lead):
        out["code lead"] = 1.0
    if text[:1].islower():
        out["lower case"] = 1.0
    words = len(text.split())
    if words < 4:
        out["short"] = 1.0
    if words > 60:
        out["long"] = 1.0


def _place_features(c: Candidate, view: View, position: int, out: dict[str, float]) -> None:
    kind = c.kind
    if position <= 1:
        out[f"first, {'para' if kind.startswith('intro') else kind}"] = 1.0
    if c.siblings > 1:
        out["share"] = round(c.share, 2)
        if c.siblings > 9:
            out["long list"] = 1.0
    if kind == "fence":
        out[f"fence {_fence_group(c.lead)}"] = 1.0
    if host_of(view.part) is not None:
        out[f"{kind} below a numbered stage"] = 1.0
    if c.under is not None:
        out["under instruction" if c.under.imperative else "under statement"] = 1.0
        out[f"{kind} under {c.under.kind}"] = 1.0
        if not c.under.imperative and CONDITION.match(c.under.lead.text):
            out["under condition"] = 1.0
    if view.instructing <= (1 if c.imperative and not c.depth else 0):
        out["nothing else instructs"] = 1.0
    if kind not in _LISTS and view.ordered:
        out["beside an ordered list"] = 1.0
    if kind == "intro_list" and not c.imperative and CONDITION.match(c.lead.text):
        out["introduces by condition"] = 1.0
    _cue_features(c, out)


def _cue_features(c: Candidate, out: dict[str, float]) -> None:
    text = c.intro.text if c.intro is not None else c.lead.text if c.kind == "intro_list" else ""
    if text:
        tail, word = text[-120:], "introduces" if c.kind == "intro_list" else "list of"
        if CUE_NOT.search(tail):
            out[f"{word} properties"] = 1.0
        if CUE_LIST.search(tail):
            out[f"{word} actions"] = 1.0
        if CUE_RULES.search(tail):
            out[f"{word} rules"] = 1.0
        last = LAST_WORD.search(tail)
        if last is not None and last.group(1).lower() in verbs():
            out[f"{word} objects"] = 1.0


def _fence_group(lead: Block | None) -> str:
    language = (lead.language.split() or [""])[0].lower() if lead is not None else ""
    for group, names in (("shell", SHELL), ("program", PROGRAM), ("template", TEMPLATE)):
        if language in names:
            return group
    return "plain"


def host_of(part: Part) -> Part | None:
    """The numbered stage that a section without such a number lies in."""
    if part.numbering == "step" and not part.bold:
        return None
    here = part.parent
    while here is not None:
        if here.numbering == "step" or (here.numbering == "number" and not part.numbering):
            return here
        here = here.parent
    return None


def document_features(views: list[View], stages: list[View]) -> dict[str, float]:
    """Features of the whole skill as a procedure."""
    steps = sum(len(view.steps) for view in stages)
    best = max((view.score for view in stages), default=-40.0)
    out: dict[str, float] = {"best stage": max(-4.0, min(6.0, best / 10))}
    out["few steps"] = 1.0 if steps < 4 else 0.0
    out["many steps"] = 1.0 if steps > 6 else 0.0
    out["several stages"] = 1.0 if len(stages) > 2 else 0.0
    out["step headings"] = 1.0 if any(view.part.numbering == "step" for view in stages) else 0.0
    out["procedure section"] = 1.0 if any(view.part.role is Role.PROCEDURE for view in views) else 0.0
    size = max(1, views[0].part.end - views[0].part.start)
    out["covered"] = round(min(1.0, sum(view.part.end - view.part.start for view in stages) / size), 2)
    heads = [view.part for view in views if view.part.heading is not None and view.part.role is not Role.TITLE]
    out["share of sections"] = round(len(stages) / max(1, len(heads)), 2)
    out["reference share"] = round(sum(part.role in _NO_STAGE for part in heads) / max(1, len(heads)), 2)
    out["only numbered sections"] = 1.0 if stages and all(view.part.numbering == "number" for view in stages) else 0.0
    out["ordered steps"] = 1.0 if sum(c.kind == "ordered" for view in stages for c in view.steps) > 2 else 0.0
    out["mean stage"] = round(sum(min(6.0, view.score / 10) for view in stages) / max(1, len(stages)), 2)
    return out
