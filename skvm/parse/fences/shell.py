"""Shell by tree-sitter: commands, redirections, places, environment variables, hosts and packages.

What is parsed is the text as `plain.as_shell` makes it, of the same length; what is told is the text as written.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from skvm.ir import NeedKind
from skvm.parse.fences.commands import Spec, doubtful, is_system, known_commands, paths_of, spec_for
from skvm.parse.fences.facts import CodeFacts, CommandFact, NeedFact, PlaceFact, StatementFact
from skvm.parse.fences.install import installs
from skvm.parse.fences.plain import as_shell
from skvm.parse.lexicon import word_set
from skvm.source.bash import bash_tree, too_large

_OPEN_PLACE = re.compile(r"(?a)<[^<>]*>|\{[^{}]*\}|\[[A-Za-z][^\[\]]*\]|path/to|\.\.\.")
_HERE = word_set("ls find tree du rg fd")
"""Commands that read the working folder when they name no path."""

_PLURAL = re.compile(rb"[A-Za-z]\(")
"""Before a command: a bracket on a word, as in "address(es)" of a list of options, which is no shell."""

_HOST = re.compile(r"(?a)https?://([A-Za-z0-9.-]+(?::\d+)?)")
_SCRIPT = re.compile(r"(?a)\.(?:sh|py|mjs|js|ts|rb|pl)[\"']?\Z")
_NAME = re.compile(r"(?a)[A-Za-z][A-Za-z0-9_.+-]*\Z")
_ENV = re.compile(r"(?a)[A-Z][A-Z0-9_]{2,}\Z")
_OWN_ENV = word_set(
    "HOME PWD PATH USER SHELL TERM LANG TMPDIR EDITOR HOSTNAME OLDPWD RANDOM SECONDS IFS BASH_SOURCE LOGNAME UID EUID PPID "
    "LINENO OSTYPE PIPESTATUS FUNCNAME REPLY OPTARG OPTIND DISPLAY ARGUMENTS PYTHONPATH CLAUDE_PLUGIN_ROOT CLAUDE_SKILL_DIR "
    "SKILL_DIR BASEDIR LD_LIBRARY_PATH VIRTUAL_ENV CI"
)
_NAMED_VALUE = re.compile(r"(?a)[a-zA-Z_]+(?:=|:(?![/\\\\]))\S")
_COMMAND_VALUE = re.compile(r"""(?a)command[:=]["']?([a-z][a-z0-9_-]*)""")
_WRAPPERS = word_set("sudo time nohup nice env command exec xargs timeout")
_RUNNERS = word_set("python python3 py node bash sh zsh ruby perl Rscript php deno bun source . uv")


class Word(NamedTuple):
    """A word of a command: text without quotes, its bytes, and whether an expansion is in it."""

    text: str
    start: int
    end: int
    dynamic: bool


def analyse_shell(text: str) -> CodeFacts:
    """Facts of a shell text; over a cap it is opaque, with errors in it what could be read is kept."""
    data = text.encode("utf-8", "surrogatepass")
    facts = CodeFacts()
    if too_large(data):
        facts.opaque = facts.unknown = True
        return facts
    plain = as_shell(data)
    root = bash_tree(plain)
    facts.broken = root.has_error
    _Shell(data, plain, facts).walk(root)
    _statements(root, facts)
    return facts


def _statements(root: Node, facts: CodeFacts) -> None:
    """Group commands and places by the top-level statement they stand in."""
    tops = [node for node in root.named_children if node.type != "comment"]
    commands = sorted(facts.commands, key=lambda c: (c.start, c.end))
    starts = [c.start for c in commands]
    for node in tops:
        start, end = node.start_byte, node.end_byte
        inside = tuple(commands[bisect_left(starts, start) : bisect_left(starts, end)])
        loose = [p for p in facts.places if start <= p.start < end] if facts.places else []
        if inside or loose:
            places = tuple([p for c in inside for p in c.places] + loose)
            facts.statements.append(StatementFact(start, end, inside, places))


def command_words(text: str) -> list[str]:
    """Words of the first command of a one-line text; empty when there is none."""
    facts = analyse_shell(text)
    return list(facts.commands[0].argv) if facts.commands else []


class _Shell:
    """One walk over one tree."""

    def __init__(self, data: bytes, plain: bytes, facts: CodeFacts) -> None:
        self.data = data
        self.plain = plain
        self.facts = facts
        self.assigned: set[str] = set()
        self.functions: set[str] = set()
        self.folder = ""
        self.moved = False  # where later paths are is not told: they are not relative to the work folder

    def walk(self, root: Node) -> None:
        """Visit all nodes in text order, without recursion."""
        handlers = {name[3:]: getattr(self, name) for name in _HANDLERS}
        stack = [root]
        while stack:
            node = stack.pop()
            handler = handlers.get(node.type)
            if handler is not None:
                handler(node)
            if node.named_child_count:  # most nodes are words, and asking for children makes objects
                stack.extend(reversed(node.named_children))

    def text(self, node: Node) -> str:
        """Text of a node, placeholders as written."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def on_function_definition(self, node: Node) -> None:
        """A function is not an executable."""
        name = node.child_by_field_name("name")
        if name is not None:
            self.functions.add(self.text(name))
            self.facts.defined.add(self.text(name))

    def on_variable_assignment(self, node: Node) -> None:
        """An exported variable with a literal value configures a tool; a used one is read from outside."""
        name = node.child_by_field_name("name")
        if name is None:
            return
        value = node.child_by_field_name("value")
        if value is not None:
            for used in _descendants(value, ("simple_expansion", "expansion")):
                self._variable(used)
        parent = node.parent
        script = value is not None and _SCRIPT.search(self.text(value)) is not None  # where a tool of the text itself lies
        kept = parent is not None and parent.type in ("declaration_command", "command", "program")
        if parent is not None and kept and not script and self._exported(node, parent):
            self._env(name)
        self.assigned.add(self.text(name))
        if value is not None and parent is not None and parent.type in ("program", "list"):
            self.facts.defined.add(self.text(name))

    def _exported(self, node: Node, parent: Node) -> bool:
        if parent.type == "declaration_command":
            return self.text(parent).startswith("export") and not _descendants(
                node, ("command_substitution", "simple_expansion")
            )
        return parent.type == "command" and not _descendants(node, ("simple_expansion",))

    def on_simple_expansion(self, node: Node) -> None:
        """`$NAME`."""
        self._variable(node)

    def on_expansion(self, node: Node) -> None:
        """`${NAME}`, `${NAME:-default}`."""
        self._variable(node)

    def _variable(self, node: Node) -> None:
        name = next((c for c in node.named_children if c.type == "variable_name"), None)
        if name is None or self.text(name) in self.assigned:
            return
        if "_" in self.text(name) or ":-" in self.text(node):  # a single word is as often a placeholder of the text
            self._env(name)

    def _env(self, name: Node) -> None:
        text = self.text(name)
        if _ENV.match(text) and text not in _OWN_ENV:
            self.facts.needs.append(NeedFact(NeedKind.ENV, text, name.start_byte, name.end_byte))

    def on_for_statement(self, node: Node) -> None:
        """The loop variable is assigned."""
        name = node.child_by_field_name("variable")
        if name is not None:
            self.assigned.add(self.text(name))

    def on_redirected_statement(self, node: Node) -> None:
        """`> file`, `>> file`, `< file` of anything that is not a plain command (those are read with their command)."""
        if not any(child.type == "command" for child in node.named_children):
            for place in self._redirections(node):
                self.facts.places.append(place)

    def on_command(self, node: Node) -> None:
        """A command with its words and redirections."""
        head = node.child_by_field_name("name")
        if head is None:
            return
        if _PLURAL.search(self.data, max(0, node.start_byte - 2), node.start_byte):
            return
        words = [self._word(head)] + [self._word(c) for c in node.children_by_field_name("argument")]
        name = words[0].text
        if not name or name in self.functions or (words[0].dynamic and "/" not in name):
            self.facts.unknown |= bool(name) and words[0].dynamic
            return
        if name in ("which", "type", "hash") or (name == "command" and words[1:2] and words[1].text == "-v"):
            for word in words[1:]:
                self._need(word)
        if name == "read":
            self.assigned.update(w.text for w in words[1:])
        parent = node.parent
        whole = parent if parent is not None and parent.type == "redirected_statement" else node
        self._command(words, whole)

    def _command(self, words: list[Word], node: Node) -> None:
        start = 0
        while start + 1 < len(words) and words[start].text in _WRAPPERS:
            self._need(words[start])
            start += 1
            while start + 1 < len(words) and (words[start].text.startswith("-") or "=" in words[start].text):
                start += 1
        words = words[start:]
        argv = tuple(w.text for w in words)
        if argv[0] in ("cd", "pushd") and len(argv) > 1:
            self.folder = argv[1]
            self.moved |= argv[1] not in (".", "./")
        needs, install = installs(argv)
        spec = spec_for(argv)
        for index, kind, name, version in needs:
            at = words[index]
            begin = at.start + max(0, self.data[at.start : at.end].decode("utf-8", "replace").find(name))
            self.facts.needs.append(NeedFact(kind, name, begin, begin + len(name.encode()), version))
        alternative = self.data[max(0, words[0].start - 1) : words[0].start] == b"|"
        if _tool_call(argv):
            self._called(words)
        elif not alternative:  # `a|b|c` without spaces lists values, it does not pipe
            self._need(words[0])
        places = self._redirections(node) + self._places(words, argv, spec)
        self._hosts(words)
        effect = spec.effect if spec is not None else "exec"
        unknown = spec is None or effect in ("exec", "net", "effect") or doubtful(spec, argv)
        unknown |= any(_untold(p.place) for p in places) or (self.moved and bool(places))
        last = self._statement_end(node)
        text = self.data[node.start_byte : last].decode("utf-8", "replace")
        self.facts.commands.append(
            CommandFact(
                argv[0].rsplit("/", 1)[-1],
                argv,
                text,
                node.start_byte,
                last,
                tuple(places),
                effect,
                unknown,
                install,
                _script(argv),
                tuple((w.start, w.end) for w in words),
            )
        )
        self.facts.executes = True
        self.facts.network |= effect == "net"

    def _statement_end(self, node: Node) -> int:
        """End of a command, without the body of a here-document."""
        body = next((c for c in node.named_children if c.type == "heredoc_redirect"), None)
        if body is None:
            return node.end_byte
        first = next(iter(body.named_children), None)
        return first.end_byte if first is not None else node.end_byte

    def _need(self, word: Word) -> None:
        name = word.text.rsplit("/", 1)[-1]
        if word.dynamic or "/" in word.text or not _NAME.match(name) or name in self.functions:
            return
        if name[0].isupper() and name not in known_commands():
            return  # prose in a fence
        if not is_system(name) and not name.endswith((".py", ".sh", ".js", ".md")):
            self.facts.needs.append(NeedFact(NeedKind.BIN, name, word.start, word.end))

    def _called(self, words: list[Word]) -> None:
        """`bash command:"node x.js"`: a call of an agent's tool; a command line among its values is one."""
        for word in words[1:]:
            raw = self.data[word.start : word.end].decode("utf-8", "replace")
            match = _COMMAND_VALUE.match(raw)
            if match is not None and match.group(1) in known_commands() and not is_system(match.group(1)):
                begin = word.start + match.start(1)
                self.facts.needs.append(NeedFact(NeedKind.BIN, match.group(1), begin, begin + len(match.group(1))))

    def _places(self, words: list[Word], argv: tuple[str, ...], spec: Spec | None) -> list[PlaceFact]:
        if spec is None or (spec.effect == "effect" and spec.name not in known_commands()):
            return []
        out: list[PlaceFact] = []
        for use in paths_of(spec, argv):
            word = words[use.word]
            if word.text and word.text != "-" and not word.text.startswith(("http://", "https://")):
                shown = self.data[word.start : word.end].decode("utf-8", "replace")
                out.append(PlaceFact(shown, word.start, word.end, use.letter in "ru", use.letter in "wu"))
        if not out and argv[0] in _HERE:
            out.append(PlaceFact("./", words[0].start, words[0].end, True, False))
        return out

    def _redirections(self, node: Node) -> list[PlaceFact]:
        out: list[PlaceFact] = []
        inner = [c for h in node.named_children if h.type == "heredoc_redirect" for c in h.named_children]
        for redirect in (*node.named_children, *inner):  # `cat <<EOF > file` puts the file into the here-document
            if redirect.type != "file_redirect":
                continue
            target = redirect.child_by_field_name("destination")
            sign = self.plain[redirect.start_byte : target.start_byte].strip() if target is not None else b""
            if target is None or b"&" in sign[1:]:
                continue
            word = self._word(target)
            if not word.text.startswith("/dev/") and not word.text.isdigit():
                reads = sign.startswith(b"<")
                out.append(PlaceFact(word.text, word.start, word.end, reads, not reads))
        return out

    def _hosts(self, words: list[Word]) -> None:
        for word in words[1:]:
            for match in _HOST.finditer(word.text):
                if "." not in match.group(1) and not match.group(1).startswith("localhost"):
                    continue  # a placeholder
                raw = self.data[word.start : word.end].decode("utf-8", "replace")
                at = raw.find(match.group(1))
                if at >= 0:
                    begin = word.start + len(raw[:at].encode())
                    self.facts.needs.append(NeedFact(NeedKind.HOST, match.group(1).lower(), begin, begin + len(match.group(1))))
                    self.facts.network = True

    def _word(self, node: Node) -> Word:
        raw = self.text(node)
        dynamic = any(mark in raw for mark in _EXPANDS) and bool(_descendants(node, _DYNAMIC))
        inner = node
        while inner.type == "command_name" and inner.named_child_count == 1:
            inner = inner.named_children[0]
        start, end = node.start_byte, node.end_byte
        if inner.type in ("string", "raw_string") and len(raw) >= 2:
            raw, start, end = raw[1:-1], start + 1, end - 1
        elif inner.type == "concatenation":
            raw = raw.replace('"', "").replace("'", "")
        return Word(raw, start, end, dynamic)


_HANDLERS = tuple(name for name in vars(_Shell) if name.startswith("on_"))
_DYNAMIC = ("simple_expansion", "expansion", "command_substitution", "process_substitution")
_EXPANDS = ("$", "`", "(")
"""A word without one of these is taken as it is written."""


def _descendants(node: Node, types: tuple[str, ...]) -> list[Node]:
    out: list[Node] = []
    stack = [node]
    while stack:
        at = stack.pop()
        if at.type in types:
            out.append(at)
        if at.named_child_count:
            stack.extend(reversed(at.named_children))
    return out


def _tool_call(argv: tuple[str, ...]) -> bool:
    """Is it a call of an agent's tool, `name key=value` or `name key:value` throughout, and no known executable?"""
    known = argv[0] in known_commands() and not is_system(argv[0])
    return len(argv) > 1 and not known and all(_NAMED_VALUE.match(word) for word in argv[1:])


def _untold(place: str) -> bool:
    """Is the place one that cannot be told: an expansion, a placeholder, or a glob outside the work folder?"""
    if _OPEN_PLACE.search(place):
        return True
    return "$" in place or "`" in place or (any(c in place for c in "*?[") and place.startswith(("/", "~", "..")))


def _script(argv: tuple[str, ...]) -> str | None:
    """The script that a command runs, as written; None when it runs none."""
    words: Iterator[str] = iter(argv)
    name = next(words)
    if "/" in name and name.endswith((".py", ".sh", ".js", ".rb", ".pl", ".ts", ".mjs")):
        return name
    if name.rsplit("/", 1)[-1] not in _RUNNERS:
        return None
    for word in words:
        if word in ("-c", "-m", "-e"):
            return None
        if word in ("run", "python", "python3") or word.startswith("-"):
            continue
        return word
    return None
