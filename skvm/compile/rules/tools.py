"""Rules of the tool primitives: which tools a step has to use and how."""

from __future__ import annotations

import re

from skvm.compile.rules.evidence import Evidence, Where, matches
from skvm.compile.rules.finding import Finding, finding
from skvm.compile.rules.generation import PYTHON, python
from skvm.ir import ActType, BlockRole, ControlKind, NeedKind, Scope
from skvm.source import Span

_FETCHING = re.compile(r"\b(?:curl|wget|httpie|gh api)\b|\bhttps?://")
_PARAMETERS = re.compile(r"[?&]\w+=|\s-d\s|--data|-X\s*(?:POST|PUT|PATCH)|-H\s|--header")
_CHAIN = re.compile(r"&&|;\s*\S|(?<!\|)\|(?!\|)|\bdocker\b|\bkubectl\b|\btmux\b")
SEVERAL = 2
"""Files, or places that speak of reading, from which reading is a part of the main job: one is a pointer to further reading."""

_WRITTEN = re.compile(r"\b(?:cat|tee)\s*>+\s*\S+\.(?:py|sh|js)|<<\s*-?['\"]?[A-Z]+")


def file_read(e: Evidence, where: Where) -> Finding | None:
    """Reading files: one is L1, several or such as may be missing L2, parts by offset L3."""
    hits = e.hits("read", where)
    acts = [a for a in e.acts(where, ActType.READ) if a.scope in (Scope.LOCAL_FS, Scope.CODEBASE) and a.reads]
    spans = [e.span(h) for h in hits] + [a.span for a in acts]
    files = {p for a in acts for p in a.reads} | {n.name for n in e.needs(where, NeedKind.FILE)}
    if where is None:
        documents = e.documents()
        named = {n.name for n in documents}
        if max(len(hits) + len(acts), len(named)) < SEVERAL:
            return None
        rank = 3 if len(e.hits("offset", None)) >= 3 else 2 if len(hits) + len(named) > 1 else 1
        spans += [n.span for n in documents]
        return finding(rank, spans, f"reads {len(files)} files" if files else "reads files")
    rank = 3 if e.hits("offset", where) else 2 if len(files) > 1 or len(hits) > 1 or e.hits("missing", where) else 1
    return finding(rank, spans, "reads files")


def file_write(e: Evidence, where: Where) -> Finding | None:
    """Writing files: one short file is L1, a larger one L2, several L3."""
    hits = e.hits("write_file", where)
    acts = [a for a in e.acts(where, ActType.WRITE) if a.scope in (Scope.LOCAL_FS, Scope.CODEBASE)]
    acts = acts if where is None else [a for a in acts if a.writes]
    spans = [a.span for a in acts] + [e.span(h) for h in hits]
    files = {p for a in acts for p in a.writes}
    if where is None:
        if len(hits) + len(acts) < max(3, 0.4 * e.size):
            return None
        rank = 3 if len(files) > 2 or len(e.hits("many_outputs", None)) >= 3 else 2
        return finding(rank, spans, f"writes {len(files)} files" if files else "writes files")
    rank = 3 if len(files) > 1 else 2 if e.hits("report", where) or e.hits("long", where) else 1
    return finding(rank, spans, "writes files")


def execute(e: Evidence, where: Where) -> Finding | None:
    """Running commands: one is L1, writing a script and running it L2, commands that build on each other L3."""
    rows = e.command_text(where)
    spans = [span for _, span in rows]
    if where is None:
        if not rows:
            return _told_to_run(e)
        lines = sum(1 for text, _ in rows for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
        chained = len(e.hits("chained", None)) > 5 or (len(matches(_CHAIN, rows)) > 1 and lines > 22)
        rank = 3 if chained else 2 if python(e, None) is not None or matches(_WRITTEN, rows) else 1
        return finding(rank, spans, f"runs {len(rows)} commands or command blocks")
    lines = sum(1 for text, _ in rows for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    rank = 3 if lines > 2 else 2 if e.hits("write_python", where) or e.hits("write_shell", where) else 1
    return finding(rank, spans, "runs a stated command" if lines <= 1 else f"runs {lines} commands")


def _told_to_run(e: Evidence) -> Finding | None:
    """Runs that no command states: in words, or code in the steps of a procedure, which has to be put in a file and run."""
    told = e.hits("run", None)
    if told:
        return finding(1, [e.span(h) for h in told], "told to run commands")
    code = [f.block.span for step in e.program.steps for f in e.fences(step, *PYTHON) if f.block.role is not BlockRole.OUTPUT]
    return finding(2, list(dict.fromkeys(code)), "runs the code of its steps")


def call_format(e: Evidence, where: Where) -> Finding | None:
    """Calls of named tools or agents whose arguments the text spells out."""
    hits = [h for h in e.hits("agents", where) if "subagent_type" in h.text.lower()]
    return finding(1, [e.span(h) for h in hits], "calls named agents with arguments")


def batch(e: Evidence, where: Where) -> Finding | None:
    """Several calls at once; judged together is L3."""
    hits = e.hits("batch", where)
    if where is None:
        agents = e.hits("agents", None)
        if len(hits) < 4 or len(agents) < 3:
            return None
        return finding(3 if len(agents) > 4 else 2, [e.span(h) for h in hits], "makes calls at the same time")
    left = e.controls(where, ControlKind.PARALLEL)
    return finding(2, [c.span for c in left], "makes calls at the same time")


def web(e: Evidence, where: Where) -> Finding | None:
    """Web access: one fetch is L1, parameters or parsing L2, pages and several interfaces L3."""
    rows = e.command_text(where)
    fetched: list[Span] = matches(_FETCHING, rows)
    strong = e.hits("fetch_strong", where)
    acts = [a.span for a in e.acts(where) if a.scope is Scope.NETWORK] if where is None else []
    if where is None and len(fetched) + 2 * (len(strong) + len(acts)) + len(e.hits("fetch", None)) / 2 < max(4, 0.5 * e.size):
        return None
    spans = [e.span(h) for h in strong] + fetched + acts
    if len(e.hits("pages", where)) >= (3 if where is None else 1):
        rank = 3
    elif matches(_PARAMETERS, rows) or len(e.hits("params", where)) >= (4 if where is None else 1):
        rank = 2
    else:
        rank = 1
    return finding(rank, spans, "uses the web")


def browser(e: Evidence, where: Where) -> Finding | None:
    """Driving a browser; signing in is L3, forms and clicks L2."""
    hits = e.hits("browser", where)
    if where is None and len(hits) < 4:
        return None
    text = " ".join(h.text.lower() for h in hits)
    rank = 3 if len(e.hits("sign_in", where)) >= (3 if where is None else 1) else 2 if "click" in text or "fill" in text else 1
    return finding(rank, [e.span(h) for h in hits], "drives a browser")
