"""What a bundled Python script does with its arguments: which of them it reads and which it writes.

Arguments are followed from `argparse` or `sys.argv` through one assignment to the calls that open them. What is not seen
to be read or written stays unknown: a script counts as explained only when every file it touches is an argument or a
literal, and it starts no process and opens no connection.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from skvm.parse.fences.facts import MAX_BYTES, CodeFacts, PlaceFact
from skvm.parse.fences.python import analyse_python, dotted, modes, parse_python
from skvm.parse.lexicon import word_set

_READ_NAME = re.compile(
    r"(?a)(?:^|_)(?:in|input|inputs|infile|src|source|from|file|filename|path|csv|json|pdf|data|config|image|doc)(?:_|$)"
)
_WRITE_NAME = re.compile(r"(?a)(?:^|_)(?:out|output|outfile|dest|destination|target|save|to|result|report)(?:_|$)")
_READING = re.compile(
    r"(?a)read|load|open|parse|reader|document|workbook|listdir|glob|walk|scandir|exists|is_file|is_dir|stat", re.IGNORECASE
)
_WRITING = re.compile(r"(?a)write|save|dump|export|^to_|makedirs|mkdir|touch", re.IGNORECASE)
_CHANGING = word_set("remove unlink rename replace rmtree move")
_PLAIN_CALLS = word_set(
    "Path str PurePath abspath resolve expanduser join basename dirname len print format f exit error info debug"
)
MAX_SCRIPT_NODES = 20_000


@dataclass
class ScriptFacts:
    """Arguments of a script. Letters as in `grammar/commands.txt`: r read, w written, u both, `.` neither.

    `options`: flag to letter, "" for a flag without value. `explained`: nothing else is touched. `code`: facts of its text.
    """

    positionals: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    explained: bool = False
    code: CodeFacts = field(default_factory=CodeFacts)


def analyse_script(text: str, own: frozenset[str] = frozenset()) -> ScriptFacts:
    """Facts of one Python script; of a text that is no Python, or over the cap, nothing is known."""
    facts = ScriptFacts(code=analyse_python(text, own))
    tree = parse_python(text) if len(text) <= MAX_BYTES and not facts.code.opaque else None
    if tree is None:
        return facts
    nodes = list(ast.walk(tree))
    if len(nodes) <= MAX_SCRIPT_NODES:
        _Arguments(nodes, facts).run()
    return facts


def places_of_call(facts: ScriptFacts, argv: tuple[str, ...], spans: list[tuple[int, int]]) -> list[PlaceFact]:
    """Places that the words of a call of the script name; `argv` begins behind the script, `spans` are its bytes."""
    out: list[PlaceFact] = []
    position = 0
    at = 0
    while at < len(argv):
        flag, sign, value = argv[at].partition("=")
        letter = facts.options.get(flag)
        begin, end = spans[at]
        if letter is not None and flag.startswith("-"):
            if sign:
                _place(out, letter, value, begin + len(flag.encode()) + 1, end)
            elif letter and at + 1 < len(argv):
                at += 1
                _place(out, letter, argv[at], *spans[at])
        elif not flag.startswith("-"):
            letter = facts.positionals[min(position, len(facts.positionals) - 1)] if facts.positionals else "."
            position += 1
            _place(out, letter, argv[at], begin, end)
        at += 1
    return out


def _place(out: list[PlaceFact], letter: str, text: str, start: int, end: int) -> None:
    if letter in ("r", "w", "u") and text:
        out.append(PlaceFact(text, start, end, letter in "ru", letter in "wu"))


class _Arguments:
    """Follows the arguments of one script."""

    def __init__(self, nodes: list[ast.AST], facts: ScriptFacts) -> None:
        self.nodes = nodes
        self.facts = facts
        self.names: dict[str, str] = {}  # variable -> argument
        self.letters: dict[str, set[str]] = {}  # argument -> letters seen
        self.positional: list[str] = []
        self.flags: list[tuple[tuple[str, ...], str, bool]] = []
        self.unseen = False

    def run(self) -> None:
        """Declared arguments first, then assignments, then uses."""
        for node in self.nodes:
            if isinstance(node, ast.Call) and dotted(node.func).endswith(".add_argument"):
                self._declare(node)
        for node in self.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                argument = self._argument(node.value)
                if argument is not None:
                    self.names[node.targets[0].id] = argument
        for node in self.nodes:
            if isinstance(node, ast.Call):
                self._use(node)
        code = self.facts.code
        self.facts.positionals = [self._letter(name) for name in self.positional]
        for flags, name, valued in self.flags:
            for flag in flags:
                self.facts.options[flag] = self._letter(name) if valued else ""
        unclear = any(
            not self.letters.get(n) and _path_name(n) for n in (*self.positional, *(f[1] for f in self.flags if f[2]))
        )
        self.facts.explained = not (self.unseen or unclear or code.network or code.executes or code.broken or code.opaque)

    def _declare(self, call: ast.Call) -> None:
        texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if not texts:
            return
        keys = {k.arg: k.value for k in call.keywords}
        if not texts[0].startswith("-"):
            self.positional.append(texts[0].replace("-", "_"))
            return
        action = keys.get("action")
        valued = not (
            isinstance(action, ast.Constant) and str(action.value).startswith(("store_", "count", "append_const", "version"))
        )
        dest = keys.get("dest")
        long = next((t for t in texts if t.startswith("--")), texts[0]).lstrip("-").replace("-", "_")
        name = str(dest.value) if isinstance(dest, ast.Constant) else long
        self.flags.append((tuple(texts), name, valued))

    def _argument(self, node: ast.AST) -> str | None:
        """The argument that an expression is, through `Path(...)` and attributes of it."""
        while isinstance(node, ast.Call) and node.args and dotted(node.func).rsplit(".", 1)[-1] in _PLAIN_CALLS:
            node = node.args[0]
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PLAIN_CALLS:
            node = node.func.value
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if node.value.id in ("args", "options", "opts", "arguments", "parsed", "ns") else None
        return self._argv(node)

    def _argv(self, node: ast.AST) -> str | None:
        if (
            isinstance(node, ast.Subscript)
            and dotted(node.value) in ("sys.argv", "argv")
            and isinstance(node.slice, ast.Constant)
        ):
            index = node.slice.value
            if isinstance(index, int) and 0 < index < 20:
                while len(self.positional) < index:
                    self.positional.append(f"argv{len(self.positional) + 1}")
                return self.positional[index - 1]
        return None

    def _use(self, call: ast.Call) -> None:
        name = dotted(call.func)
        last = name.rsplit(".", 1)[-1]
        if last in _CHANGING and "." in name and name.split(".", 1)[0] in ("os", "shutil"):
            self.unseen = True
        owner = self._argument(call.func.value) if isinstance(call.func, ast.Attribute) else None
        if owner is not None:
            self._note(owner, last, call)
        if last == "open" or _READING.search(last) or _WRITING.search(last):
            for argument in call.args[:2]:
                found = self._argument(argument)
                if found is not None:
                    self._note(found, last, call)
            if last == "open" and name in ("open", "io.open") and call.args and self._hidden(call.args[0]):
                self.unseen = True

    def _hidden(self, node: ast.expr) -> bool:
        """Is what is opened neither an argument nor a literal?"""
        return self._argument(node) is None and not isinstance(node, ast.Constant)

    def _note(self, argument: str, last: str, call: ast.Call) -> None:
        seen = self.letters.setdefault(argument, set())
        if last == "open":
            shifted = (
                call
                if not isinstance(call.func, ast.Attribute)
                else ast.Call(call.func, [call.func.value, *call.args], call.keywords)
            )
            reads, writes = modes(shifted)
            seen.update(("r",) * reads + ("w",) * writes)
        elif _WRITING.search(last):
            seen.add("w")
        elif _READING.search(last):
            seen.add("r")

    def _letter(self, name: str) -> str:
        seen = self.letters.get(name, set())
        if seen:
            return "u" if len(seen) > 1 else next(iter(seen))
        if _WRITE_NAME.search(name):
            return "w"
        return "r" if _READ_NAME.search(name) else "."


def _path_name(name: str) -> bool:
    return bool(_WRITE_NAME.search(name) or _READ_NAME.search(name))
