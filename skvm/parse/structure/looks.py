"""Features of sections as stages, of blocks as steps, of a skill as a procedure; named as in `grammar/votes.txt`."""

from __future__ import annotations

from dataclasses import dataclass, field

from skvm.parse.draft import Block, Role
from skvm.parse.lexicon import acts_of_lead, verbs
from skvm.parse.structure.features import (
    CONDITION,
    LAST_WORD,
    PROGRAM,
    SHELL,
    TEMPLATE,
    Candidate,
    above,
    is_tag,
    section_class,
    starts_with_code,
    turns_to_person,
)
from skvm.parse.structure.sections import Part, host_of, in_example
from skvm.parse.structure.words import cue, normal, scene_words

_NO_STAGE = frozenset({Role.REFERENCE, Role.RULES, Role.PITFALLS, Role.EXAMPLES, Role.TROUBLE})
_EDGE_ROLES = frozenset({Role.SETUP, Role.OUTPUTS, Role.TROUBLE, Role.CHECKLIST, Role.INPUTS, Role.OTHER})
_LISTS = ("ordered", "bullet", "task")
_LEADS = (
    "condition",
    "failure",
    "rule word",
    "sequence",
    "statement",
    "aside",
    "time label",
    "check label",
    "generic order",
    "pointer",
)
_LEAD_CUES = tuple(f"^{name}" for name in _LEADS)
_LIST_CUES = ("properties", "actions", "rules")
BESIDE = _NO_STAGE | {Role.TRIGGER, Role.ANTI_TRIGGER}
"""Roles of sections inside which nothing states the procedure of the skill."""

SCATTERED = 0.25
"""Stages without a number or a name for a procedure that cover less of the body are rather recipes of a reference."""

HALF = 0.5
"""Share of a table's numbered rows that must instruct."""

MOSTLY = 0.7
"""Share of imperative items from which a list that is all there is tells what to do."""

MANY = 9
"""A list longer than this is rather data than a procedure."""


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
        self.alone = sum(bool(part.pieces) for part in parts) == 1
        self.numbered: dict[str, int] = {}
        self.procedures = 0
        self.led: set[int] = set()
        stages = [part for part in parts if part.numbering == "step" and not in_example(part)]
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
            if part.numbering and part.parent is not None and not in_example(part):
                for key in (part.numbering, f"{part.parent.index} {part.numbering}"):
                    self.numbered[key] = self.numbered.get(key, 0) + 1

    def series(self, part: Part) -> int:
        """How many sections beside this one are numbered the same way, itself included."""
        return self.numbered.get(f"{part.parent.index} {part.numbering}", 0) if part.parent is not None else 0


def _mark(out: dict[str, float], *flags: tuple[str, object]) -> None:
    """Note the features that hold."""
    for name, holds in flags:
        if holds:
            out[name] = 1.0


def scene_features(view: View, survey: Survey) -> dict[str, float]:
    """Features of a section as a stage."""
    part = view.part
    role = Role.PROCEDURE if part.index in survey.led else above(part)
    out: dict[str, float] = {f"class {section_class(part)}": 1.0, f"above {role.value}": 1.0}
    _mark(
        out,
        (f"series {part.numbering}", part.numbering and survey.series(part) > 1),
        ("one of a series", part.numbering and survey.series(part) > 2),
        (f"numbered {part.role.value}", part.numbering and part.role is not Role.OTHER),
        ("others are numbered steps", part.numbering != "step" and survey.numbered.get("step", 0) > 1),
        ("others are procedures", part.role is not Role.PROCEDURE and survey.procedures),
        ("top", part.parent is None or part.role is Role.TITLE),
        ("called steps", _called_steps(part) and any(c.kind in _LISTS for c in view.candidates)),
        ("has subsections", part.children),
        ("subsections are steps", any(child.numbering == "step" for child in part.children)),
        (f"instructs, {part.role.value}", view.instructing and part.role in _EDGE_ROLES),
        ("only a few bullets", part.role is Role.PROCEDURE and _few_bullets(view.candidates)),
    )
    _title(part, out)
    _lists(view.candidates, out)
    _content(view.candidates, out)
    _mark(out, ("instructs in the only list", survey.alone and out.get("ordered share", 0.0) >= MOSTLY))
    if survey.first_stage >= 0 and part.numbering != "step" and part.heading is not None:
        place = "before" if part.start < survey.first_stage else "after" if part.start > survey.last_stage else "among"
        _mark(out, (f"{place} the numbered stages", True))
        _mark(out, (f"instructs {place} the numbered stages", "instructing paragraph" in out))
    return out


def _called_steps(part: Part) -> bool:
    """Does the heading say nothing but "Steps"?"""
    named = cue("^called steps").match(part.title)
    return named is not None and not part.title[named.end() :].strip(" :*") and states_procedure(part)


def _few_bullets(found: list[Candidate]) -> bool:
    return 1 < len(found) <= 6 and all(c.kind in ("bullet", "section") for c in found)


def _title(part: Part, out: dict[str, float]) -> None:
    if part.heading is None:
        return
    words, table = normal(part.title).split(), scene_words()
    begins = bool(words) and words[0] in table
    _mark(
        out,
        ("title acts", acts_of_lead(part.title)),
        ("title begins as a stage", begins),
        ("title has a stage word", not begins and any(word in table for word in words)),
        ("whole title", part.whole),
        ("title asks", part.title.rstrip().endswith("?")),
    )


def _lists(found: list[Candidate], out: dict[str, float]) -> None:
    for kind in _LISTS:
        items = [c for c in found if c.kind == kind and c.depth == 0]
        if len(items) < 2:
            continue
        out[f"{kind} list"] = 1.0
        out[f"{kind} share"] = round(sum(c.imperative for c in items) / len(items), 2)
        conditions = sum(CONDITION.match(c.lead.text) is not None for c in items)
        _mark(
            out,
            (f"long {kind} list", max(c.siblings for c in items) > MANY),
            ("list of conditions", 2 * conditions >= len(items)),
            ("silent list", items[0].silent),
        )
        if kind == "ordered" and items[0].intro is not None:
            tail = items[0].intro.text[-120:]
            _mark(out, *((f"ordered list of {name}", cue(name).search(tail)) for name in _LIST_CUES))


def _content(found: list[Candidate], out: dict[str, float]) -> None:
    paragraphs = [c for c in found if c.kind in ("para", "intro", "intro_list")]
    instructs = any(c.imperative for c in paragraphs)
    _mark(
        out,
        ("instructing paragraph", instructs),
        ("only statements", paragraphs and not instructs),
        ("instructing fence", any(c.kind == "intro" and c.imperative for c in found)),
        ("has table", any(c.kind == "row" for c in found)),
        ("has numbered rows", any(c.kind == "row" and c.share >= HALF for c in found)),
        ("empty", all(c.kind == "section" for c in found) and not _goes_on(found)),
    )
    for group in {_fence_group(c.lead) for c in found if c.kind == "fence"}:
        out[f"has fence {group}"] = 1.0


def _goes_on(found: list[Candidate]) -> bool:
    """A bold step with text of its own behind the bold."""
    part = found[0].part if found else None
    return part is not None and part.bold and part.heading is not None and len(part.heading.text) > len(part.heading.bold) + 3


def step_features(c: Candidate, view: View, position: int, survey: Survey) -> dict[str, float]:
    """Features of a block as a step."""
    kind = c.kind if not c.depth else f"nested {c.kind}"
    out: dict[str, float] = {f"is {kind}": 1.0, f"{kind} in {section_class(view.part)}": 1.0}
    _mark(out, ("instructs", c.imperative), (f"instructs, {kind}", c.imperative))
    if c.kind == "section":
        _section_step(c, view, survey, out)
    else:
        _text_features(c.lead, out)
        _place_features(c, view, position, out)
        _cue_features(c, out)
        _mark(
            out,
            ("item under steps", not c.depth and c.kind in _LISTS and "called steps" in view.features),
            ("named fence", c.kind == "fence" and c.lead.text),
            ("numbered list of rows", c.kind == "row" and c.share >= HALF),
            ("item of a silent list", c.silent),
        )
    return out


def _section_step(c: Candidate, view: View, survey: Survey, out: dict[str, float]) -> None:
    part = view.part
    inner = [x for x in view.candidates if x.kind != "section"]
    silent = not any(x.imperative for x in inner)
    _mark(
        out,
        (f"section in series {part.numbering}", part.numbering and survey.series(part) > 1),
        ("nothing inside instructs", silent),
        ("only fences inside", silent and any(x.kind == "fence" for x in inner)),
        ("ordered list inside", any(x.kind == "ordered" for x in inner)),
        ("section has subsections", part.children),
        ("section is empty", not inner),
        ("bold step goes on", _goes_on([c])),
    )
    if host_of(part) is not None:
        _mark(
            out,
            ("section in a numbered stage", True),
            ("numbered section in a numbered stage", part.numbering),
            ("tag in a numbered stage", is_tag(part)),
            ("section among three or more of a stage", c.siblings > 2),
            ("section among two of a stage", c.siblings == 2),
        )


def _text_features(lead: Block, out: dict[str, float]) -> None:
    text = lead.text.strip()
    words = len(text.split())
    if cue(*_LEAD_CUES).match(text):  # few texts begin with any of them
        _mark(out, *((name, cue(f"^{name}").match(text)) for name in _LEADS))
    _mark(
        out,
        ("question", text.endswith("?")),
        ("turns to a person", turns_to_person(text[:200])),
        ("bold lead", lead.bold),
        ("bold only", lead.bold and len(lead.bold) >= len(text) - 2),
        ("code lead", starts_with_code(lead)),
        ("lower case", text[:1].islower() and not starts_with_code(lead)),
        ("short", words < 4),
        ("long", words > 60),
    )
    if "aside" in out and ":" not in text[:40]:
        del out["aside"]  # "Output the report" is no aside, "Output: the report" is


def _is_label(block: Block) -> bool:
    """A paragraph that is bold from end to end."""
    return bool(block.bold) and len(block.bold.rstrip(": ")) >= len(block.text.rstrip(": "))


def _place_features(c: Candidate, view: View, position: int, out: dict[str, float]) -> None:
    kind = c.kind
    if c.siblings > 1:
        out["share"] = round(c.share, 2)
    condition = kind == "intro_list" and not c.imperative and CONDITION.match(c.lead.text)
    _mark(
        out,
        (f"first, {'para' if kind.startswith('intro') else kind}", position <= 1),
        ("long list", c.siblings > MANY),
        (f"fence {_fence_group(c.lead)}", kind == "fence"),
        (f"{kind} below a numbered stage", host_of(view.part) is not None),
        ("nothing else instructs", view.instructing <= (1 if c.imperative and not c.depth else 0)),
        ("beside an ordered list", kind not in _LISTS and view.ordered),
        ("introduces by condition", condition),
    )
    numbered = bool(view.part.numbering)
    _mark(
        out,
        ("announces stages", kind in ("para", "intro_list") and cue("announces").search(c.lead.text[-160:])),
        ("label of a list in a numbered stage", numbered and kind == "intro_list" and _is_label(c.lead)),
        ("below a label in a numbered stage", numbered and c.intro is not None and _is_label(c.intro)),
    )
    labelled = c.intro is not None and _is_label(c.intro)
    _mark(out, ("under a label of a workflow", labelled and c.imperative and states_procedure(view.part)))
    if c.under is not None:
        instructs = c.under.imperative
        _mark(
            out,
            ("under instruction" if instructs else "under statement", True),
            (f"{kind} under {c.under.kind}", True),
            ("under condition", not instructs and CONDITION.match(c.under.lead.text)),
        )


def _cue_features(c: Candidate, out: dict[str, float]) -> None:
    text = c.intro.text if c.intro is not None else c.lead.text if c.kind == "intro_list" else ""
    if text:
        tail, word = text[-120:], "introduces" if c.kind == "intro_list" else "list of"
        last = LAST_WORD.search(tail)
        _mark(out, *((f"{word} {name}", cue(name).search(tail)) for name in _LIST_CUES))
        _mark(out, (f"{word} objects", last is not None and last.group(1).lower() in verbs()))


def _fence_group(lead: Block) -> str:
    language = (lead.language.split() or [""])[0].lower()
    for group, names in (("shell", SHELL), ("program", PROGRAM), ("template", TEMPLATE)):
        if language in names:
            return group
    return "plain"


def states_procedure(part: Part) -> bool:
    """Is the section called a workflow by its whole heading, and not part of rules, examples or a reference?"""
    return part.role is Role.PROCEDURE and part.whole and above(part) not in BESIDE


def stated_steps(stages: list[View]) -> int:
    """Most steps that one section called a workflow holds, in itself or in numbered stages right below it."""
    counts: dict[int, int] = {}
    for view in stages:
        part = view.part
        owner = part if states_procedure(part) or part.parent is None else part.parent
        if states_procedure(owner) and (owner is part or part.numbering):
            counts[owner.index] = counts.get(owner.index, 0) + max(1, len(view.steps))
    return max(counts.values(), default=0)


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
    named = out["procedure section"] or any(view.part.numbering for view in stages)
    out["scattered stages"] = 1.0 if not named and out["covered"] < SCATTERED else 0.0
    out["share of sections"] = round(len(stages) / max(1, len(heads)), 2)
    out["reference share"] = round(sum(part.role in _NO_STAGE for part in heads) / max(1, len(heads)), 2)
    out["only numbered sections"] = 1.0 if stages and all(view.part.numbering == "number" for view in stages) else 0.0
    out["ordered steps"] = 1.0 if sum(c.kind == "ordered" for view in stages for c in view.steps) > 2 else 0.0
    out["mean stage"] = round(sum(min(6.0, view.score / 10) for view in stages) / max(1, len(stages)), 2)
    return out
