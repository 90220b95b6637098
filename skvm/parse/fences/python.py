"""Python by `ast`: imports, files, commands, hosts and environment variables.

Nothing inside an f-string gets a span (positions there differ between Python versions). A text that does not parse as it
stands is tried once more with placeholders replaced by names of the same length.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from skvm.ir import NeedKind
from skvm.parse.fences.facts import MAX_BYTES, MAX_OPERATORS, CodeFacts, NeedFact, PlaceFact
from skvm.parse.fences.packages import distribution_of, is_stdlib
from skvm.parse.lexicon import word_set

_PLACEHOLDER = re.compile(r"(?a)<[A-Za-z][A-Za-z0-9_ -]{0,40}>")
_HOST = re.compile(r"(?a)https?://([A-Za-z0-9.-]+(?::\d+)?)")
_ENV = re.compile(r"(?a)[A-Za-z_][A-Za-z0-9_]+\Z")
_NETWORK = word_set(
    "requests httpx urllib aiohttp socket websocket websockets openai anthropic boto3 paramiko smtplib ftplib imaplib "
    "google tweepy slack_sdk telegram playwright selenium stripe"
)
_EXECUTORS = frozenset(
    f"{module}.{name}"
    for module, names in {
        "subprocess": "run call check_call check_output Popen getoutput",
        "os": "system popen execv execvp spawnl",
        "asyncio": "create_subprocess_exec create_subprocess_shell",
    }.items()
    for name in names.split()
)
_READERS = word_set(
    "read_csv read_excel read_json read_parquet read_h5ad read_table read_text read_bytes imread read load loadtxt"
)
_WRITERS = word_set(
    "to_csv to_excel to_json to_parquet savefig write_text write_bytes imwrite imsave save savetxt to_html write_h5ad"
)
_READ_METHODS = word_set("read_text read_bytes")
_WRITE_METHODS = word_set("write_text write_bytes touch mkdir")
_ENV_CALLS = frozenset({"os.getenv", "os.environ.get", "environ.get", "getenv", "os.environ.setdefault", "os.environ.pop"})
_STAND_INS = ("_", "my_", "your_")
"""Heads of module names that stand for whatever the reader's own is called."""

_PATHLIKE = re.compile(r"(?a)[^\s\n]{1,200}\Z")


def analyse_python(text: str, own: frozenset[str] = frozenset()) -> CodeFacts:
    """Facts of a Python text; `own`: module names of the skill itself, which are no packages."""
    facts = CodeFacts()
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES or (size > MAX_OPERATORS and sum(map(text.count, "([{+*=,")) > MAX_OPERATORS * 4):
        facts.opaque = facts.unknown = True
        return facts
    tree = parse_python(text)
    if tree is None:
        facts.broken = True
        _imports_by_line(text, own, facts)
        return facts
    _Python(text, own, facts).run(tree)
    return facts


def parse_python(text: str) -> ast.Module | None:
    """The tree of a text, placeholders tolerated; None when it is not Python."""
    for attempt in (text, _PLACEHOLDER.sub(lambda m: "_" * len(m.group()), text)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes of a stranger's text are not ours to report
                return ast.parse(attempt)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _imports_by_line(text: str, own: frozenset[str], facts: CodeFacts) -> None:
    """Imports of a text that does not parse (a session log, code with ellipses), line by line."""
    for match in re.finditer(r"(?a)^(?:>>> )?(?:from|import)[ \t]+([A-Za-z_][A-Za-z0-9_.]*)", text, re.MULTILINE):
        _add_import(match.group(1), len(text[: match.start(1)].encode("utf-8", "surrogatepass")), own, facts)


def _add_import(module: str, start: int, own: frozenset[str], facts: CodeFacts) -> None:
    top = module.split(".", 1)[0]
    if is_stdlib(module) or top in own or top.startswith(_STAND_INS) or not module.isascii():
        return
    facts.needs.append(NeedFact(NeedKind.PIP, distribution_of(module), start, start + len(module), literal=module))


class _Python:
    """One walk over one module."""

    def __init__(self, text: str, own: frozenset[str], facts: CodeFacts) -> None:
        self.own = own
        self.facts = facts
        self.data = text.encode("utf-8", "surrogatepass")
        self.lines = [0]
        for line in self.data.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def run(self, tree: ast.Module) -> None:
        """Visit every node outside f-strings in order."""
        for node in _outside_fstrings(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._import(alias.name, node)
            elif isinstance(node, ast.ImportFrom):
                if node.module and not node.level:
                    self._import(node.module, node)
            elif isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, ast.Subscript) and dotted(node.value) in ("os.environ", "environ"):
                if isinstance(node.ctx, ast.Load):  # a variable that the text sets itself is not asked for
                    self._env(node.slice)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._hosts(node)

    def _at(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Bytes of a node (`col_offset` counts UTF-8 bytes)."""
        start = self.lines[node.lineno - 1] + node.col_offset
        end = self.lines[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or node.col_offset)
        return start, end

    def _import(self, module: str, node: ast.stmt) -> None:
        start, end = self._at(node)
        found = self.data.find(module.encode(), start, end)
        if found >= 0:
            _add_import(module, found, self.own, self.facts)
        if module.split(".", 1)[0] in _NETWORK:
            self.facts.network = True

    def _call(self, node: ast.Call) -> None:
        name = dotted(node.func)
        last = name.rsplit(".", 1)[-1]
        first = node.args[0] if node.args else None
        if name in _EXECUTORS:
            self.facts.executes = self.facts.unknown = True
            self._executable(first)
        elif name in ("open", "io.open", "Path.open"):
            reads, writes = modes(node)
            self._place(first, reads, writes)
        elif name in _ENV_CALLS and first is not None:
            self._env(first)
        elif last in _READ_METHODS | _WRITE_METHODS and isinstance(node.func, ast.Attribute) and _path_call(node.func.value):
            self._place(_path_call(node.func.value), last in _READ_METHODS, last in _WRITE_METHODS)
        elif "." in name and last in _READERS:
            self._place(first, True, False)
        elif "." in name and last in _WRITERS:
            self._place(first, False, True)

    def _place(self, node: ast.expr | None, reads: bool, writes: bool) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _PATHLIKE.match(node.value):
            start, end = self._at(node)
            at = self.data.find(node.value.encode("utf-8", "surrogatepass"), start, end)
            if at >= 0 and "://" not in node.value:
                self.facts.places.append(PlaceFact(node.value, at, at + len(node.value.encode("utf-8")), reads, writes))
        elif node is not None:
            self.facts.unknown = True

    def _env(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ENV.match(node.value):
            start, end = self._at(node)
            at = self.data.find(node.value.encode(), start, end)
            if at >= 0:
                self.facts.needs.append(NeedFact(NeedKind.ENV, node.value, at, at + len(node.value)))

    def _executable(self, node: ast.expr | None) -> None:
        if isinstance(node, ast.List) and node.elts:
            node = node.elts[0]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.split():
            name = node.value.split()[0]
            start, end = self._at(node)
            at = self.data.find(name.encode("utf-8", "surrogatepass"), start, end)
            if at >= 0 and re.fullmatch(r"(?a)[A-Za-z][A-Za-z0-9_.+-]*", name):
                self.facts.needs.append(NeedFact(NeedKind.BIN, name, at, at + len(name)))

    def _hosts(self, node: ast.Constant) -> None:
        for match in _HOST.finditer(str(node.value)):
            start, end = self._at(node)
            at = self.data.find(match.group(1).encode(), start, end)
            if at >= 0:
                self.facts.needs.append(NeedFact(NeedKind.HOST, match.group(1).lower(), at, at + len(match.group(1))))


def _outside_fstrings(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes in text order, f-strings and marks of context left out, without recursion."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if node.__class__.__name__ in ("JoinedStr", "TemplateStr"):
            continue
        yield node
        below: list[ast.AST] = []
        for name in node._fields:  # as `ast.iter_child_nodes` does, without its generators
            value = getattr(node, name, None)
            if isinstance(value, list):
                below += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                below.append(value)
        below.reverse()
        stack += below


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; the last attribute with a leading dot of anything else; empty otherwise."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def modes(node: ast.Call) -> tuple[bool, bool]:
    """Does `open(...)` read, does it write? An unknown mode does both."""
    mode = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
    if mode is None:
        return True, False
    if not isinstance(mode, ast.Constant) or not isinstance(mode.value, str):
        return True, True
    return "r" in mode.value or "+" in mode.value, any(c in mode.value for c in "wax+")


def _path_call(node: ast.expr) -> ast.expr | None:
    """Argument of `Path("...")`."""
    if isinstance(node, ast.Call) and dotted(node.func).rsplit(".", 1)[-1] == "Path" and len(node.args) == 1:
        return node.args[0]
    return None
