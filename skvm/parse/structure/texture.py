"""What a skill's text is made of as a whole: words of the description and the headings, shares of code, tables, lists, links
and instructions, sections of each role. Votes on the procedure and on the kind look at it."""

from __future__ import annotations

from skvm.parse.draft import FENCE, ITEM, PARAGRAPH, TABLE, Block, FrontField, Role
from skvm.parse.structure.features import PROGRAM, SHELL, Finder, starts_with_code
from skvm.parse.structure.sections import Part
from skvm.parse.structure.words import cue

_WORDS = ("tool", "content", "knowledge", "workflow")
_COUNTED = (Role.REFERENCE, Role.EXAMPLES, Role.RULES, Role.PITFALLS, Role.CHECKLIST, Role.TROUBLE)
_PRESENT = (Role.SETUP, Role.INPUTS, Role.OUTPUTS, Role.PROCEDURE)
_CALLED = frozenset({"argument-hint", "command", "allowed-tools", "user-invocable", "disable-model-invocation"})
"""Keys of the front matter that make a skill a command of its user."""

HEADS = 60
MANY_FENCES = 5
DESCRIPTION = 600


def texture(parts: list[Part], blocks: list[Block], front: tuple[FrontField, ...], finder: Finder) -> dict[str, float]:
    """Features of the text of a skill; shares are of its bytes, or of its items and paragraphs."""
    out: dict[str, float] = {}
    description = " ".join(f.value for f in front if f.key in ("description", "summary"))[:DESCRIPTION]
    titles = [p.title for p in parts if p.heading is not None][:HEADS]
    heads = " ".join(titles)
    for name in _WORDS:
        pattern = cue(name)
        out[f"{name} words"] = min(3.0, float(pattern.count(description))) / 3
        out[f"{name} headings"] = min(3.0, float(pattern.count(heads))) / 3
    out["named for a product"] = 1.0 if _names_product(titles[0] if titles else "") else 0.0
    out["called by the user"] = 1.0 if any(f.key in _CALLED for f in front) else 0.0
    out["persona"] = 1.0 if any(cue("^persona").match(b.text) for b in blocks[:12]) else 0.0
    _roles(parts, out)
    _shares(blocks, finder, out)
    return out


def _names_product(title: str) -> bool:
    """Does a title end with what the skill makes, or with rules for making it ("Component Design", "... Best Practices")?"""
    return any(m.end() == len(title.rstrip()) for m in cue("named for a product").finditer(title))


def _roles(parts: list[Part], out: dict[str, float]) -> None:
    roles = [p.role for p in parts if p.heading is not None]
    for role in _COUNTED:
        out[f"{role.value} sections"] = min(3.0, float(roles.count(role))) / 3
    for role in _PRESENT:
        out[f"has {role.value}"] = 1.0 if role in roles else 0.0
    out["many sections"] = min(1.0, len(roles) / 30)


def _shares(blocks: list[Block], finder: Finder, out: dict[str, float]) -> None:
    tops = [b for b in blocks if b.parent is None]
    size = sum(b.end - b.start for b in tops) or 1
    fences = [b for b in blocks if b.kind is FENCE]
    shell = [b for b in fences if _language(b) in SHELL]
    program = [b for b in fences if _language(b) in PROGRAM]
    out["shell share"] = sum(b.end - b.start for b in shell) / size
    out["program share"] = sum(b.end - b.start for b in program) / size
    out["code share"] = out["shell share"] + out["program share"]
    out["many code fences"] = 1.0 if len(shell) + len(program) > MANY_FENCES else 0.0
    out["tables share"] = sum(b.end - b.start for b in tops if b.kind is TABLE) / size
    said = [b for b in blocks if b.kind in (PARAGRAPH, ITEM)]
    items = [b for b in said if b.kind is ITEM]
    out["instructing share"] = sum(finder.imperative(b) for b in said) / (len(said) or 1)
    out["items led by code"] = sum(starts_with_code(b) for b in items) / (len(items) or 1)
    out["ordered items"] = sum(b.number is not None for b in items) / (len(items) or 1)


def _language(block: Block) -> str:
    return (block.language.split() or [""])[0].lower()
