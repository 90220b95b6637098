"""Which passes there are: the shipped ones, and those of installed packages (entry points of group `skvm.passes`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from skvm.compile.passes import PASSES
from skvm.compile.spec import build, parse_spec
from skvm.compile.unit import Pass
from skvm.compile.versions import DEFAULT_PIPELINE
from skvm.diag import UsageError

GROUP = "skvm.passes"


def pipeline(text: str | None) -> tuple[Pass, ...]:
    """Passes of a pipeline text (None: the default one); raises UsageError for a text that is wrong in any way."""
    if text is None:
        return build(parse_spec(DEFAULT_PIPELINE), PASSES)
    return build(parse_spec(text), known_passes(entry_points(group=GROUP)))


def known_passes(found: Iterable[EntryPoint]) -> Mapping[str, type[Pass]]:
    """Shipped passes and those of entry points; raises UsageError when one id has two owners or one cannot be loaded."""
    table: dict[str, type[Pass]] = dict(PASSES)
    owners = dict.fromkeys(PASSES, "skvm")
    wrong: list[str] = []
    for point in sorted(found, key=lambda p: (p.name, p.value)):
        owner = f"{point.value} of {point.dist.name if point.dist else 'an unnamed package'}"
        if point.name in owners:
            wrong.append(f"the pass {point.name} is given twice: by {owners[point.name]} and by {owner}")
            continue
        owners[point.name] = owner
        try:
            loaded = point.load()
        except Exception as error:
            wrong.append(f"{owner} cannot be loaded: {error}")
            continue
        if not (isinstance(loaded, type) and issubclass(loaded, Pass) and loaded.id == point.name):
            wrong.append(f"{owner} is not a Pass whose id is {point.name}")
            continue
        table[point.name] = loaded
    if wrong:
        raise UsageError("; ".join(wrong), where=f"entry points {GROUP}")
    return table
