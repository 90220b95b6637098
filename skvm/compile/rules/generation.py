"""Rules of the generation primitives: what kind of text or code comes out, and how hard it is."""

from __future__ import annotations

import re

from skvm.compile.rules.evidence import Evidence, Fence, Where, matches
from skvm.compile.rules.finding import Finding, finding
from skvm.ir import BlockRole

PYTHON = ("python", "py", "python3", "ipython")
SCRIPTED = ("javascript", "js", "typescript", "ts", "jsx", "tsx", "vue", "svelte", "mjs")
DATA = ("json", "yaml", "yml", "xml", "toml", "jsonc", "json5")

_PYTHON_NAMES = frozenset(["python", "django", "fastapi", "flask", "pytest", "pandas"])
_SCRIPT_NAMES = frozenset(
    ["javascript", "typescript", "react", "vue", "svelte", "angular", "nextjs", "nodejs", "js", "ts", "nestjs", "nuxt"]
)
"""Languages, and frameworks that are used by writing the language, as words of a skill's name."""

_STDLIB_IMPORT = re.compile(r"(?m)^\s*(?:import|from)\s+([A-Za-z_]\w*)")
_PLAIN_MODULES = frozenset(
    [
        "abc",
        "argparse",
        "array",
        "ast",
        "asyncio",
        "base64",
        "bisect",
        "collections",
        "concurrent",
        "contextlib",
        "copy",
        "csv",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "email",
        "enum",
        "fnmatch",
        "functools",
        "getpass",
        "glob",
        "gzip",
        "hashlib",
        "heapq",
        "html",
        "http",
        "importlib",
        "inspect",
        "io",
        "itertools",
        "json",
        "logging",
        "math",
        "multiprocessing",
        "operator",
        "os",
        "pathlib",
        "pickle",
        "platform",
        "pprint",
        "queue",
        "random",
        "re",
        "shlex",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "statistics",
        "string",
        "struct",
        "subprocess",
        "sys",
        "tempfile",
        "textwrap",
        "threading",
        "time",
        "timeit",
        "traceback",
        "types",
        "typing",
        "unicodedata",
        "unittest",
        "urllib",
        "uuid",
        "warnings",
        "xml",
        "zipfile",
        "zlib",
    ]
)
_ASYNC = re.compile(r"\basync\b|\bawait\b|\.then\(|Promise|from ['\"]react|document\.|window\.|useState|useEffect|fetch\(")
_REQUIRE = re.compile(r"\brequire\(|^\s*import ", re.MULTILINE)
_SQL = re.compile(r"\b(?:select\b.+?\bfrom|insert into|create table|update \w+ set)\b", re.IGNORECASE | re.DOTALL)
_SQL_JOIN = re.compile(r"\b(?:join|group by|over\s*\(|having|union|in\s*\(\s*select)\b", re.IGNORECASE)
_SQL_DEEP = re.compile(r"\bwith\s+\w+\s+as\s*\(|\bexplain\b|\bcreate index\b|\brecursive\b|\blateral\b", re.IGNORECASE)
_FILTER = re.compile(r"\b(?:awk|sed|xargs|perl -[pn]e)\b")
_PIPE = re.compile(r"(?<!\|)\|(?!\|)|>>?|\bfor \w+ in\b|\bwhile\b|&&|\$\(")
_HEADING = re.compile(r"(?m)^\s{0,3}#{1,6}\s")
_LONG_FENCE = 12
"""Lines of fences in one language from which a reference without procedure is taken to teach writing that language."""


def python(e: Evidence, where: Where) -> Finding | None:
    """Python that the model writes: fences to adapt, or asked for in words. A bundled script that is run does not count."""
    fences = [f for f in e.fences(where, *PYTHON) if f.block.role is not BlockRole.OUTPUT]
    spans = [f.block.span for f in fences] + [e.span(h) for h in e.hits("write_python", where)]
    named = e.named_after(_PYTHON_NAMES) if where is None else []
    if where is None and not _enough(e, fences) and not e.hits("write_python", None) and not named:
        return None
    spans += named
    return finding(_python_level(fences), spans, "writes Python: " + _what(fences))


def _python_level(fences: list[Fence]) -> int:
    modules = {m for f in fences for m in _STDLIB_IMPORT.findall(f.body)}
    if modules - _PLAIN_MODULES - {"__future__"}:
        return 3
    return 2 if modules else 3 if not fences else 1


def _enough(e: Evidence, fences: list[Fence]) -> bool:
    lines = sum(f.lines for f in fences)
    return lines >= (_LONG_FENCE if not e.program.skill.has_procedure else 3 * _LONG_FENCE)


def _what(fences: list[Fence]) -> str:
    return f"{len(fences)} code blocks" if fences else "asked for in the text"


def javascript(e: Evidence, where: Where) -> Finding | None:
    """JavaScript or TypeScript that the model writes."""
    fences = e.fences(where, *SCRIPTED)
    spans = [f.block.span for f in fences] + [e.span(h) for h in e.hits("write_javascript", where)]
    named = e.named_after(_SCRIPT_NAMES) if where is None else []
    if where is None and not _enough(e, fences) and not e.hits("write_javascript", None) and not named:
        return None
    spans += named
    text = "\n".join(f.body for f in fences)
    typed = any(f.language in ("tsx", "jsx", "typescript", "ts", "vue", "svelte") for f in fences)
    rank = 3 if _ASYNC.search(text) or typed or not fences else 2 if _REQUIRE.search(text) else 1
    return finding(rank, spans, "writes JavaScript: " + _what(fences))


def shell(e: Evidence, where: Where) -> Finding | None:
    """Shell that the model has to adapt or write. A single stated command needs `tool.exec` only."""
    rows = e.command_text(where)
    asked = [e.span(h) for h in e.hits("write_shell", where)]
    if where is None:
        return finding(3 if matches(_FILTER, rows) else 2 if matches(_PIPE, rows) else 1, asked, "asked to write shell")
    deep, piped = matches(_FILTER, rows), matches(_PIPE, rows)
    if deep:
        return finding(3, deep, "a pipeline with awk, sed or xargs")
    if piped:
        return finding(2, piped, "pipes, redirections or loops")
    return finding(1, asked, "asked to write shell")


def sql(e: Evidence, where: Where) -> Finding | None:
    """SQL: joins and windows are L2, common table expressions and tuning L3."""
    rows = [(f.body, f.block.span) for f in e.fences(where) if f.language in ("sql", "postgresql", "mysql", "sqlite")]
    rows += [(text, span) for text, span in e.command_text(where) if _SQL.search(text)]
    spans = [span for _, span in rows] + [e.span(h) for h in e.hits("write_sql", where)]
    lines = sum(len(text.splitlines()) for text, _ in rows)
    if where is None and len(rows) < 2 and lines < _LONG_FENCE and len(e.hits("write_sql", None)) < 2:
        return None
    rank = 3 if matches(_SQL_DEEP, rows) else 2 if matches(_SQL_JOIN, rows) else 1 if rows else 2
    return finding(rank, spans, "writes SQL")


def html(e: Evidence, where: Where) -> Finding | None:
    """HTML or SVG pages."""
    fences = e.fences(where, "html", "svg", "htm")
    asked = e.hits("write_html", where)
    spans = [f.block.span for f in fences] + [e.span(h) for h in asked]
    if where is None and sum(f.lines for f in fences) < _LONG_FENCE and len(asked) < 2:
        return None
    text = "\n".join(f.body.lower() for f in fences)
    deep = "aria-" in text or "@media" in text or "<svg" in text
    semantic = any(tag in text for tag in ("<form", "<table", "<section", "<nav", "<header", "<main"))
    rank = 3 if deep else 2 if semantic or not fences else 1
    return finding(rank, spans, "writes HTML")


def structured(e: Evidence, where: Where) -> Finding | None:
    """JSON, YAML or XML that the model writes; the level is the depth and size of what is shown."""
    fences = [
        f
        for f in e.fences(where, *DATA)
        if f.block.role in (BlockRole.TEMPLATE, BlockRole.DATA, BlockRole.EXAMPLE, BlockRole.OPAQUE)
    ]
    asked = e.hits("structured", where)
    lines = sum(f.lines for f in fences)
    if where is None and not (len(asked) >= 3 or (lines >= 5 and len(asked) >= 1) or lines >= 2 * _LONG_FENCE):
        return None
    if where is not None and not asked:
        return None
    spans = [e.span(h) for h in asked] + [f.block.span for f in fences]
    return finding(max((_depth_level(f) for f in fences), default=2), spans, "writes structured text")


def _depth_level(fence: Fence) -> int:
    if len(fence.body.encode()) > 5000:
        return 3
    depth = most = 0
    for char in fence.body:
        depth += (char in "{[") - (char in "}]")
        most = max(most, depth)
    indent = max((len(line) - len(line.lstrip()) for line in fence.body.splitlines() if line.strip()), default=0)
    nesting = most if most else 1 + indent // 2
    return 3 if nesting >= 5 else 2 if nesting >= 2 else 1


def long_text(e: Evidence, where: Where) -> Finding | None:
    """Reports and documents: a template with sections, or asked for in words. The level is the number of sections."""
    templates = [f for f in e.fences(where, "markdown", "md", "", "text", "txt") if len(_HEADING.findall(f.body)) >= 3]
    asked = e.hits("report", where)
    sections = sum(len(_HEADING.findall(f.body)) for f in templates)
    shown = len(e.hits("format", None))
    formatted = shown and asked and shown + len(asked) >= 3
    if where is None and sections < 4 and len(asked) < 4 and not formatted:
        return None
    spans = [f.block.span for f in templates] + [e.span(h) for h in asked]
    rank = 3 if sections >= 9 else 2
    if where is not None and not templates and not e.hits("long", where):
        rank = 1
    return finding(rank, spans, f"writes a document of {sections} sections" if sections else "writes a document")


def prose(e: Evidence, where: Where) -> Finding | None:
    """Prose for readers: posts, letters, narrative."""
    hits = e.hits("prose", where)
    if where is None and len(hits) < 4:
        return None
    return finding(2, [e.span(h) for h in hits], "writes prose for readers")


def regex(e: Evidence, where: Where) -> Finding | None:
    """Regular expressions."""
    hits = e.hits("regex", where)
    text = " ".join(e.prose[h.start : h.end + 120] for h in hits).lower()
    rank = 3 if "look" in text or "named group" in text else 2
    return finding(rank, [e.span(h) for h in hits], "writes regular expressions")
