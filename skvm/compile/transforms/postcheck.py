"""postcheck: what the result of a step must have, checked by the runtime; a step that fails it is tried once more."""

from __future__ import annotations

import re
from typing import ClassVar

from skvm.compile.transforms.help.template import fixed, template_of
from skvm.compile.transforms.proposal import Proposal, Transform, View, quoted
from skvm.plan import Check, MapNode
from skvm.source import Span

MOST = 8
"""Fixed lines of a template that are looked for."""

TRIES = 2

_OPEN = re.compile(r"(?:^|[/_-])(?:my|your|name|path|example|foo|bar|xxx|yyyy)(?=[/._-]|$)|[A-Z]{4,}-|NNN?", re.IGNORECASE)
"""Words in a path that stand for others."""


class PostCheck(Transform):
    """Only what the step itself says it leaves behind is checked, and only under a name that is fixed."""

    id: ClassVar[str] = "postcheck"
    summary: ClassVar[str] = "files, headings and fixed lines of the result, checked by the runtime"
    once: ClassVar[bool] = True

    def propose(self, view: View) -> Proposal | None:
        """Checks on the files that a step outside of maps is to write, and the lines of its template in the only one."""
        if (
            view.step is None
            or any(isinstance(box, MapNode) for box in view.around)
            or view.node.optional
            or view.node.effects.top
        ):
            return None
        text = view.node.slice.text
        paths = [o.path for o in view.node.outputs if o.path and o.path in text and _is_file(o.path)]
        wrote = {p for a in view.program.acts_of(view.node.id) for p in a.writes}
        paths = list(dict.fromkeys(p for p in paths if p in wrote and "`" not in p))
        if not paths:
            return None
        checks = [Check(kind="exists", value=path, added=True) for path in paths]
        said = [f"that {', '.join(map(quoted, paths))} {'is' if len(paths) == 1 else 'are'} there"]
        lines, span = self._lines(view) if len(paths) == 1 else ([], view.node.span)
        if lines:
            checks += [Check(kind="contains", value=line, path=paths[0], added=True) for line in lines]
            said.append(f"that it has {', '.join(map(quoted, lines))}")
        help = f"Look at the result before you finish: {' and '.join(said)}."
        return Proposal(f"checks {len(checks)} things afterwards", help, checks=tuple(checks), attempts=TRIES, spans=(span,))

    def _lines(self, view: View) -> tuple[list[str], Span]:
        lines, span = template_of(view)
        kept = list(dict.fromkeys(found for line in lines if (found := fixed(line)) and "`" not in found))
        return kept[:MOST], span


def _is_file(path: str) -> bool:
    """A path without anything open in it, marked or not."""
    name = path.rpartition("/")[2]
    return not any(c in path for c in "*?[]<>{}$ ") and "." in name.lstrip(".") and not _OPEN.search(path)
