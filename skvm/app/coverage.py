"""Skills x targets: needs by skill (cached by content), verdicts by target, as one JSON object.

The needs are what costs time; they depend on the skill's bytes and the compiler's code alone, so a profile that changes leaves
all of them valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skvm.app.cache import Cache
from skvm.app.check import diagnose, problems_of, warm_up
from skvm.app.inputs import SkillInput
from skvm.app.pool import in_processes
from skvm.app.settings import Settings
from skvm.capability import Level, Verdict, list_profiles, load_prices, load_profile, parse_target
from skvm.capability.coverage import (
    PROMPT_SHARE,
    SEVERITY,
    Choice,
    Column,
    Coverage,
    Need,
    SkillNeeds,
    StepNeeds,
    Way,
    Ways,
    Weakest,
    cheapest,
    cover,
)
from skvm.capability.profiles import match_profile
from skvm.source import SkillSource

ROOMS = ("source", "diag", "ir", "parse", "capability", "plan", "compile")
"""Rooms whose code decides what a skill needs."""


@dataclass(frozen=True)
class Matrix:
    """All skills against all targets: `rows[i][j]` is skill i on target j, `choices[i]` the target to take for skill i."""

    skills: tuple[SkillNeeds, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Coverage, ...], ...]
    choices: tuple[Choice, ...]

    def to_json(self) -> dict[str, Any]:
        """The published JSON form."""
        prices = load_prices()
        return {
            "targets": [_column(c) for c in self.columns],
            "prices": {"source": prices.source, "date": prices.date, "unit": prices.unit, "prompt_share": PROMPT_SHARE},
            "skills": [_skill(s, c) for s, c in zip(self.skills, self.choices, strict=True)],
            "matrix": [_cell(s, c) for s, row in zip(self.skills, self.rows, strict=True) for c in row],
        }


def coverage(needs: Sequence[SkillNeeds], columns: Sequence[Column]) -> Matrix:
    """Every skill against every target, in the orders given."""
    rows = tuple(cover(skill, columns) for skill in needs)
    choices = tuple(cheapest(skill, row, columns) for skill, row in zip(needs, rows, strict=True))
    return Matrix(tuple(needs), tuple(columns), rows, choices)


def columns_of(targets: Sequence[str], files: Sequence[Path], settings: Settings) -> tuple[Column, ...]:
    """Targets to hold skills against: those named, then profile files; without either every measured profile there is.

    Raises UsageError for a profile file that is none and for `sim/NAME` without such a profile.
    """
    profiles = list_profiles((settings.profiles,))
    prices = load_prices()
    found: list[Column] = []
    for word in targets:
        target = parse_target(word)
        match = match_profile(target, profiles)
        model = target.model if match.profile is None else match.profile.model
        synthetic = match.profile is not None and match.profile.synthetic
        found.append(Column(word, match.profile, match.note, None if synthetic else prices.get(model)))
    for path in files:
        profile = load_profile(path)
        found.append(Column(profile.name, profile, f"profile file {path.name}", prices.get(profile.model)))
    if not targets and not files:
        real = [p for p in profiles if not p.synthetic]
        found += [Column(p.name, p, f"measured {p.measured or 'at an unknown date'}", prices.get(p.model)) for p in real]
    return tuple({column.name: column for column in reversed(found)}.values())[::-1]


def needs_many(items: Sequence[SkillInput], cache: Cache | None = None, jobs: int | None = None) -> Iterator[SkillNeeds]:
    """Needs of skills in the order given: from the cache where nothing changed, on all cores where there are many.

    Raises UsageError for a skill that cannot be read.
    """
    known = [_cached(item, cache) for item in items]
    fresh = in_processes(needs_at, [i for i, (_, hit) in zip(items, known, strict=True) if hit is None], warm_up, jobs)
    made: dict[str, Any] = {}
    for item, (key, hit) in zip(items, known, strict=True):
        needs = hit if hit is not None else next(fresh)
        if hit is None and key:
            made[key] = _record(needs)
        yield needs._replace(path=item.shown)
    if cache is not None:
        cache.save(made)


def needs_at(item: SkillInput) -> SkillNeeds:
    """Needs of one skill; raises UsageError when it cannot be read."""
    return needs_of_source(item.load())


def needs_of_source(source: SkillSource) -> SkillNeeds:
    """Needs of one loaded skill."""
    from skvm.compile.needs import needs_of

    return needs_of(diagnose(source)[0], source)


def _cached(item: SkillInput, cache: Cache | None) -> tuple[str, SkillNeeds | None]:
    if cache is None:
        return "", None
    source = item.load()
    key = cache.key("needs", source.digest, source.name, *problems_of(source), rooms=ROOMS)
    record = cache.load(key)
    return key, None if record is None else _needs(record)


def _record(needs: SkillNeeds) -> dict[str, Any]:
    return {"name": needs.name, "free": needs.free, "steps": needs.steps, "purposes": needs.purposes}


def _needs(record: dict[str, Any]) -> SkillNeeds:
    steps = (StepNeeds(i, title, line, tuple(Need(p, Level(v)) for p, v in rows)) for i, title, line, rows in record["steps"])
    ways = tuple(Ways(about, first, tuple(_way(*row) for row in rows)) for about, first, rows in record["purposes"])
    return SkillNeeds(record["name"], "", tuple(steps), record["free"], ways)


def _way(title: str, line: int, needs: list[list[str]], spares: list[Any], limited: bool) -> Way:
    spared = tuple((step, Need(p, Level(v))) for step, (p, v) in spares)
    return Way(title, line, tuple(Need(p, Level(v)) for p, v in needs), spared, limited)


def _column(column: Column) -> dict[str, Any]:
    profile, price = column.profile, column.price
    return {
        "target": column.name,
        "profile": profile.name if profile else None,
        "note": column.note,
        "measured": profile.measured if profile else "",
        "synthetic": bool(profile and profile.synthetic),
        "price": {"input": price.input, "output": price.output} if price else None,
        "usd": column.usd,
    }


def _skill(skill: SkillNeeds, choice: Choice) -> dict[str, Any]:
    needs = [
        {"primitive": n.primitive, "level": n.level.value, "steps": [s.id for s in skill.steps if n in s.needs]}
        for n in skill.distinct()
    ]
    return {
        "skill": skill.name,
        "path": skill.path,
        "steps": len(skill.steps),
        "steps_without_model": skill.free,
        "requirements": needs,
        "cheapest": {"target": choice.target, "usd": choice.usd, "why": choice.why, "tied": list(choice.tied)},
    }


def _cell(skill: SkillNeeds, found: Coverage) -> dict[str, Any]:
    named: dict[Verdict, list[str]] = {verdict: [] for verdict in SEVERITY}
    spared: list[str] = []
    for at, (need, held) in enumerate(zip(skill.distinct(), found.verdicts, strict=True)):
        (spared if at in found.spared else named[held.verdict]).append(f"{need.primitive} {need.level.value}")
    return {
        "skill": skill.name,
        "path": skill.path,
        "target": found.target,
        "status": found.status.value,
        **{verdict.value: names for verdict, names in named.items()},
        "via": [{"title": way.title, "line": way.line} for way in found.via],
        "spared": spared,
        "weakest": _weakest(found.weakest),
    }


def _weakest(found: Weakest | None) -> dict[str, Any] | None:
    if found is None:
        return None
    doubt = found.doubt
    need = f"{doubt.need.primitive} {doubt.need.level.value}"
    row = {"step": found.step.id, "title": found.step.title, "line": found.step.line, "requirement": need}
    return {**row, "verdict": doubt.verdict.value, "probability": doubt.probability}
