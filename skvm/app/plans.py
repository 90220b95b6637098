"""Plans by what they were made from: the parts of the key have names, so that a miss can be told."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from skvm.app.asked import ROOMS, CompileOptions, key_of
from skvm.app.cache import Cache, code_digest
from skvm.app.inputs import SkillInput
from skvm.app.pool import in_processes
from skvm.app.settings import Settings
from skvm.source import SkillSource

if TYPE_CHECKING:
    from skvm.app.linking import Ask
    from skvm.compile import CompileRequest, Processor
    from skvm.plan import Artifact

KEPT = 2_000
"""Plans kept."""

OTHERS = "other skills"

Parts = dict[str, str]
"""Digest or text of each thing a plan depends on, by name."""


def parts_of(source: SkillSource, request: CompileRequest) -> Parts:
    """All that the plan of a skill depends on."""
    return _with_skill(source, _parts_asked(request))


def _with_skill(source: SkillSource, asked: Parts) -> Parts:
    return {"skill": f"{source.name} {source.digest}", **asked}


def _parts_asked(request: CompileRequest) -> Parts:
    from skvm.compile import DEFAULT_PIPELINE, toolchain

    tools = toolchain()
    own, *pool = request.processors.values()
    return {
        "skvm": f"{tools['skvm']} {code_digest(ROOMS)}",
        "grammar": tools["grammar"],
        "catalog": tools["catalog"],
        "prices": tools["prices"],
        "target": str(own.target),
        "profile": _profile(own),
        "pool": "; ".join(f"{item.target} {_profile(item)}" for item in pool),
        "limits": json.dumps(request.limits.model_dump(mode="json")),
        "passes": DEFAULT_PIPELINE if request.passes is None else request.passes,
    }


def _profile(item: Processor) -> str:
    return f"{item.profile.digest if item.profile is not None else ''} {item.note}"


@dataclass(frozen=True)
class Known:
    """Does the cache hold the plan of these parts, and which of them differ from the last plan of the same skill?

    `changed` is None where no plan of a skill of that name was made yet.
    """

    parts: Parts
    hit: bool
    changed: tuple[str, ...] | None

    def to_json(self) -> dict[str, Any]:
        """For `--format json`."""
        return {"hit": self.hit, "changed": None if self.changed is None else list(self.changed), "parts": self.parts}


@dataclass(frozen=True)
class Made:
    """A plan as far as it is needed: its file, or only what is shown of it. `errors`: does a diagnostic say error? `others`:
    what was looked up beside the skill to hand over to, with digests, which decide what the plan is as well."""

    name: str
    digest: str
    errors: bool
    text: str
    data: bytes = b""
    others: dict[Ask, str] = field(default_factory=dict)


def made_of(artifact: Artifact, whole: bool, others: dict[Ask, str]) -> Made:
    """What is kept of a plan; roles of words are marked in the text, see `painted`."""
    from skvm.plan.describe import summary_text

    errors = any(d.severity == "error" for d in artifact.diagnostics)
    text = summary_text(artifact, lambda words, role: f"\0{role}\1{words}\2")
    return Made(artifact.source.name, artifact.digest, errors, text, artifact.to_bytes() if whole else b"", others)


def painted(text: str, style: Callable[[str, str], str]) -> str:
    """A kept text in colours, or without."""
    return re.sub("\0([^\1]*)\1([^\2]*)\2", lambda m: style(m.group(2), m.group(1)), text)


class Plans:
    """The cache of plans. Whatever goes wrong with it is a miss."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cache = Cache(settings.cache, "plans", KEPT)

    def asked(self, options: CompileOptions) -> Parts:
        """All that plans depend on besides their skills; raises UsageError for a wrong target or profile."""
        key = key_of(options, self._settings)
        row = self._cache.load(key) if key else None
        if isinstance(row, dict) and all(isinstance(value, str) for value in row.values()):
            return row
        from skvm.app.compiling import request_of

        parts = _parts_asked(request_of(options, self._settings))
        if key and key == key_of(options, self._settings):  # else a profile was written meanwhile
            self._cache.save({key: parts})
        return parts

    def with_others(self, parts: Parts, source: SkillSource) -> Parts:
        """The parts, and what lies now where the last plan of them looked for skills to hand over to."""
        row = self._cache.load(f"others {_key(parts)}")
        row = row if isinstance(row, list) else self._cache.load(f"others {_last(parts)}")
        if not isinstance(row, list) or not row:
            return {**parts, OTHERS: ""}
        from skvm.app.linking import found_now

        return {**parts, OTHERS: _told(found_now(source.root, [(place, name) for place, name in row]))}

    def load(self, parts: Parts, whole: bool) -> Made | None:
        """What is kept of the plan of these parts; `whole`: with its file, which must match its digest."""
        key = _key(parts)
        row = self._cache.load(f"shown {key}")
        if not isinstance(row, dict):
            return None
        made = Made(**row)
        return _with_file(made, self._cache.load(f"plan {key}")) if whole else made

    def save(self, rows: Sequence[tuple[Parts, Made]]) -> None:
        """Keep plans, and their parts as the last ones of their skills; those parts are without `other skills`."""
        values: dict[str, Any] = {}
        for parts, made in rows:
            row = asdict(made)
            data = row.pop("data")
            row["others"] = {}
            values |= {f"others {mark}": list(made.others) for mark in (_key(parts), _last(parts))}
            parts = {**parts, OTHERS: _told(made.others)}
            key = _key(parts)
            values |= {f"shown {key}": row, _last(parts): parts}
            if data:
                values[f"plan {key}"] = {"text": data.decode("utf-8"), "seal": _seal(made)}
        self._cache.save(values)

    def known(self, parts: Parts) -> Known:
        """What the cache would do with these parts."""
        last = self._cache.load(_last(parts))
        changed = tuple(name for name in parts if last.get(name) != parts[name]) if isinstance(last, dict) else None
        return Known(parts, self.load(parts, whole=False) is not None, changed)


def _with_file(made: Made, kept: Any) -> Made | None:
    """With the file that was kept of it, None where that is not what was written."""
    if not isinstance(kept, dict) or not isinstance(kept.get("text"), str):
        return None
    whole = replace(made, data=kept["text"].encode("utf-8", "surrogatepass"))
    return whole if kept.get("seal") == _seal(whole) else None


def _seal(made: Made) -> str:
    """Of the bytes: digests of a plan's parts are for telling what somebody edited, and take as long as reading a skill."""
    return hashlib.sha256(made.digest.encode() + b"\n" + made.data).hexdigest()


def _key(parts: Parts) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _told(others: Mapping[Ask, str]) -> str:
    rows = ((name if place == "." else f"{name} (from {place})", digest) for (place, name), digest in others.items())
    return "; ".join(f"{name} {digest}" for name, digest in sorted(rows))


def _last(parts: Parts) -> str:
    return "last " + parts["skill"].partition(" sha256:")[0]


def compile_many(
    items: Sequence[SkillInput], options: CompileOptions, settings: Settings, whole: bool, jobs: int | None = None
) -> Iterator[Made]:
    """Compile skills in the order given: from the cache where nothing changed, on several processes where there are many.

    `whole`: with the files of the plans. Passes of a pipeline text may be another package's, so that such plans are not kept.
    """
    cached = options.passes is None and not (options.stop_after or options.print_after or options.watch or settings.dump)
    plans = Plans(settings) if cached else None
    asked = plans.asked(options) if plans else {}
    sources = [item.load() if plans else None for item in items]
    loaded = [(item, _with_skill(source, asked) if source else None) for item, source in zip(items, sources, strict=True)]
    known = [
        plans.load(plans.with_others(parts, source), whole) if plans and parts and source else None
        for (_, parts), source in zip(loaded, sources, strict=True)
    ]
    unknown = [item for (item, _), hit in zip(loaded, known, strict=True) if hit is None]
    fresh = _compiled(unknown, options, settings, whole, jobs)
    made: list[tuple[Parts, Made]] = []
    for (_, parts), hit in zip(loaded, known, strict=True):
        result = hit if hit is not None else next(fresh)
        if hit is None and parts:
            made.append((parts, result))
        yield result
    if plans is not None:
        plans.save(made)


def _compiled(
    items: Sequence[SkillInput], options: CompileOptions, settings: Settings, whole: bool, jobs: int | None
) -> Iterator[Made]:
    if not items:
        return
    from skvm.app.compiling import request_of

    work = partial(_one, request=request_of(options, settings), settings=settings, whole=whole)
    yield from in_processes(work, items, _warm_up, 1 if options.print_after or options.watch else jobs)


def _warm_up() -> None:
    """What compiling needs is loaded when the first skill is not in the cache."""
    from skvm.app.check import warm_up
    from skvm.compile import compile_program

    del compile_program
    warm_up()


def _one(item: SkillInput, request: CompileRequest, settings: Settings, whole: bool) -> Made:
    from skvm.app.compiling import compile_request
    from skvm.app.linking import Chain

    chain = Chain()
    source = item.load()
    return made_of(compile_request(source, request, settings, chain), whole, chain.asked)
