"""The blackboard: results by step and scope, and references into them.

References: `$task`, `$file.NAME`, `$step.ID.values.X[.Y]`, `$step.ID.files`, `$step.ID.summary`, `$item`, `$env.NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from skvm.plan import StepResult, StepStatus
from skvm.runtime.state.scope import Scope

_STEP = re.compile(r"\$step\.(?P<id>[A-Za-z0-9_.-]+?)\.(?P<what>values|files|summary|status)(?:\.(?P<path>.+))?", re.DOTALL)


class Missing(KeyError):
    """A reference that cannot be resolved (now)."""


class Board:
    """Results of one run. `maps` tells which node ids are maps: seen from outside, their results are lists."""

    def __init__(self, task: str, files: dict[str, str], env: dict[str, str], maps: Iterable[str] = ()) -> None:
        self.task = task
        self.files = files
        self._env = env
        self._maps = frozenset(maps)
        self._results: dict[str, dict[tuple[tuple[str, str], ...], StepResult]] = {}
        self._places: dict[tuple[tuple[str, str], ...], int] = {}

    def arrange(self, scopes: Iterable[Scope]) -> None:
        """Remember the order of a map's items, since they end in any order."""
        self._places.update((scope.parts, place) for place, scope in enumerate(scopes))

    def restore(self, finished: Mapping[tuple[str, str], StepResult], base: Scope) -> None:
        """Put what a run had finished in `base` before it was resumed; other skills have boards of their own."""
        for (step, path), result in finished.items():
            scope = Scope.parse(path)
            if scope.within(base):
                self.put(step, scope, result)

    def put(self, step: str, scope: Scope, result: StepResult) -> None:
        """Make a result visible; a later one of the same step and scope replaces it."""
        self._results.setdefault(step, {})[scope.parts] = result

    def get(self, step: str, scope: Scope) -> StepResult | None:
        """The result that `scope` sees: of the nearest enclosing scope, of a loop's last iteration."""
        found = self.all(step, scope)
        return found[-1] if found else None

    def all(self, step: str, scope: Scope) -> list[StepResult]:
        """All results that `scope` sees: one, or in item order one per item of maps it is outside of."""
        table = self._results.get(step)
        if not table:
            return []
        if len(table) == 1 and scope.parts in table:
            return [table[scope.parts]]
        for prefix in scope.prefixes():
            below = {parts: r for parts, r in table.items() if parts[: len(prefix)] == prefix}
            if below:
                return self._fold(below, len(prefix))
        return []

    def _fold(self, below: dict[tuple[tuple[str, str], ...], StepResult], depth: int) -> list[StepResult]:
        """Keep only the last iteration of loops; keep all items of maps."""
        if len(below) == 1:
            return list(below.values())
        groups: dict[tuple[str, str], dict[tuple[tuple[str, str], ...], StepResult]] = {}
        here: list[StepResult] = []
        for parts, result in below.items():
            if len(parts) == depth:
                here.append(result)
            else:
                groups.setdefault(parts[depth], {})[parts] = result
        if not groups:
            return here[-1:]
        if next(iter(groups))[0] in self._maps:
            ordered = sorted(groups.values(), key=lambda group: self._places.get(next(iter(group))[: depth + 1], 0))
            return [r for group in ordered for r in self._fold(group, depth + 1)]
        return self._fold(groups[max(groups, key=lambda key: int(key[1]) if key[1].isdigit() else 0)], depth + 1)

    def done(self, step: str, scope: Scope) -> bool:
        """Did the step end well, as far as `scope` sees?"""
        found = self.get(step, scope)
        return found is not None and found.status is StepStatus.DONE

    def values(self, scope: Scope) -> dict[str, dict[str, Any]]:
        """Values of all steps that `scope` sees, by step id."""
        seen = ((step, self.get(step, scope)) for step in self._results)
        return {step: result.values for step, result in seen if result is not None and result.values}

    def last_summary(self) -> str:
        """What the step that ended last said."""
        results = [r for table in self._results.values() for r in table.values() if r.summary]
        return results[-1].summary if results else ""

    def story(self, scope: Scope, show: Callable[[Any], str]) -> list[tuple[str, str]]:
        """(step, what came of it in one line) of all steps that `scope` sees, oldest first."""
        rows = []
        for step in self._results:
            for result in self.all(step, scope):
                values = show(result.values)[:2000] if result.values else ""
                rows.append((step, " ".join(x for x in (result.status.value, result.summary[:500], values) if x)))
        return rows

    def resolve(self, reference: str, scope: Scope) -> Any:
        """Value of a reference; raises Missing. Files give a path, or a list of paths for `$step.ID.files`."""
        if reference == "$task":
            return self.task
        if reference == "$item":
            return _known(scope.item, reference)
        for prefix, look in (("$file.", self._file), ("$env.", self._variable)):
            if reference.startswith(prefix):
                return look(reference.removeprefix(prefix))
        match = _STEP.fullmatch(reference)
        if match is None:
            raise Missing(reference)
        return self._of_step(match["id"], match["what"], match["path"] or "", scope)

    def _file(self, name: str) -> str:
        if name in self.files:
            return self.files[name]
        slugs = {_slug(given): path for given, path in self.files.items()}
        alike = [path for given, path in self.files.items() if _slug(given) == _slug(name)]
        if len(alike) == 1 and len(slugs) == len(self.files):
            return alike[0]
        raise Missing(f"$file.{name}")

    def _variable(self, name: str) -> str:
        return str(_known(self._env.get(name), f"$env.{name}"))

    def _of_step(self, step: str, what: str, path: str, scope: Scope) -> Any:
        found = self.all(step, scope)
        if not found:
            raise Missing(f"$step.{step}.{what}")
        if what == "files":
            return list(dict.fromkeys(f.path for r in found for f in r.files))
        pick: Callable[[StepResult], Any] = {
            "values": lambda r: dig(r.values, path),
            "summary": lambda r: r.summary,
            "status": lambda r: r.status.value,
        }[what]
        picked = [pick(r) for r in found]
        return picked[0] if len(picked) == 1 else picked


def dig(value: Any, path: str) -> Any:
    """Follow dotted keys and list positions into a JSON value; raises Missing."""
    for key in [k for k in path.split(".") if k]:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise Missing(path)
    return value


def _known(value: Any, reference: str) -> Any:
    if value is None:
        raise Missing(reference)
    return value


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
