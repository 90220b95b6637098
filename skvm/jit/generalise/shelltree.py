"""Commands as syntax trees, flattened: the words of a shell text with the part each plays, and what stands between them.

Two readers must agree, else a text is opaque and compared as it is: the tree (tree-sitter-bash) says which spans are words,
keywords, comments and here-documents; `_Course` goes over the same text by the rules of POSIX and must find every span to be
exactly one word, nothing but blanks and operators between them, and each word in the part the tree gives it. A text that
either reader takes apart wrongly (`a\\` newline `b` is one word to a shell and two to the tree) is opaque.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from tree_sitter import Node

from skvm.source.bash import as_letters, bash_tree, too_large


class Role(StrEnum):
    """What a piece is. GLUE: operators and blanks; SET: an assignment before a command; FIXED: taken as it is written (the
    variable of a loop, a test); TARGET: what a redirection names; ITEM: a word that a loop goes over; MARK and END: the
    delimiters of a here-document, TEXT its body where they are quoted, OPEN where they are not."""

    GLUE = "glue"
    KEYWORD = "keyword"
    SET = "set"
    NAME = "name"
    ARGUMENT = "argument"
    TARGET = "target"
    ITEM = "item"
    FIXED = "fixed"
    MARK = "mark"
    TEXT = "text"
    OPEN = "open"
    END = "end"


class Piece(NamedTuple):
    """A piece of a command; all pieces joined are the command. `value` is what a word or body means, None where the shell
    would expand it; of glue its operators, of a delimiter the word itself."""

    raw: str
    role: Role
    value: str | None


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_WALKED = words(
    "program list pipeline command command_name redirected_statement file_redirect heredoc_redirect herestring_redirect "
    "subshell compound_statement do_group for_statement while_statement if_statement elif_clause else_clause "
    "negated_command declaration_command unset_command variable_assignments"
)
_WORDS = words(
    "word number string raw_string ansi_c_string translated_string concatenation simple_expansion expansion "
    "command_substitution process_substitution brace_expression arithmetic_expansion variable_assignment variable_name "
    "test_command heredoc_start"
)
_NESTED = words("command_substitution process_substitution arithmetic_expansion expansion")
_OPENERS = words("if then elif else while until do { !")
_KEYWORDS = _OPENERS | words("fi done } for in")
_RESERVED = _KEYWORDS | words("case esac select function time coproc [[ ]]")
_DECLARING = frozenset({"declaration_command", "unset_command"})

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DOUBTFUL = re.compile(r"#|<<|\bcase\b|\n")
"""In a substitution: where its end is to be found is too easily got wrong."""

_WORD = re.compile(r"""(?:[^ \t\n|&;<>()'"\\`]|\\.|'[^']*'|"(?:[^"\\`]|\\.)*")+""", re.DOTALL)
_GLUE = re.compile(
    r"""(?P<blank>[ \t]+|\\\n) | (?P<line>\n)
    | (?P<op>[0-9]*(?:<<<|<<-|<<|>>|>&|<&|<>|>\||>|<)|&>>|&>|;;&|;;|;&|&&|\|\||\|&|[;&|()])""",
    re.VERBOSE,
)
_JOINED = re.compile(r"(?<![ \t])\\\n(?![ \t])")
"""A continuation that may make one operator or word out of two."""

_QUOTED = re.compile(r"""['"\\]""")
MAX_BODIES = 16
_DASH = re.compile(rb"(?<=[ \t])-(?=[ \t\n;|&)<>]|\Z)")
_JOINING = ("word", "opener", "keyword")
_PART = re.compile(r"""(?P<plain>[^'"\\]+)|\\(?P<escaped>.)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)["]""", re.DOTALL)
_EXPANDED = re.compile(r"[$`*?\[]|\{.*(?:,|\.\.)|[=:]~", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_DESCRIPTOR = re.compile(r"[0-9]+|\{[A-Za-z_]\w*\}")


class _Opaque(Exception):
    """The text cannot be read with certainty."""


@dataclass(frozen=True)
class _Span:
    """A span of the tree: a word, a keyword, a comment, or the delimiter of a here-document. `nested`: substitutions in it."""

    start: int
    end: int
    kind: str
    names: bool = False
    nested: tuple[tuple[int, int], ...] = ()


@lru_cache(maxsize=2048)
def read(command: str) -> tuple[Piece, ...] | None:
    """All pieces of a command, in order; None when it is opaque."""
    data = command.encode("utf-8", "surrogatepass")
    if too_large(data) or _CONTROL.search(command):
        return None
    try:
        spans: list[_Span] = []
        bodies: set[tuple[int, int]] = set()
        for node in _nodes(_tree(data)):
            if node.type == "heredoc_body":
                bodies.add((node.start_byte, node.end_byte))
            elif node.type != "heredoc_end":
                spans.append(_span(node))
        spans += _dashes(data, [*((s.start, s.end) for s in spans), *bodies])
        return tuple(_Course(data, sorted(spans, key=lambda s: s.start), bodies).run())
    except _Opaque:
        return None


def _tree(data: bytes) -> Node:
    """The tree; bodies whose delimiter is quoted are shown to it as letters, since it takes backslashes in them for escapes.

    Raises _Opaque where there are errors in it.
    """
    plain = bytearray(as_letters(data))
    done = 0
    for _ in range(MAX_BODIES):
        root = bash_tree(bytes(plain))
        mark = next((n for n in _all(root, "heredoc_start") if n.start_byte >= done), None)
        if mark is None:
            break
        raw, done = data[mark.start_byte : mark.end_byte].decode("utf-8", "surrogatepass"), mark.end_byte
        found = _lines_up_to(data, data.find(b"\n", done) + 1, static(raw) or "") if _QUOTED.search(raw) else None
        if found is not None:
            begin, end, _ = found
            plain[begin:end] = re.sub(rb"[^\n]", b"x", plain[begin:end])
    else:
        raise _Opaque
    if root.has_error:
        raise _Opaque
    return root


def _dashes(data: bytes, known: list[tuple[int, int]]) -> Iterator[_Span]:
    """Words that are a lone `-`: before a redirection the tree has none for them."""
    for found in _DASH.finditer(data):
        if not any(start <= found.start() < end for start, end in known):
            yield _Span(found.start(), found.end(), "word")


def _all(root: Node, kind: str) -> Iterator[Node]:
    """Nodes of a kind in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == kind:
            yield node
        stack.extend(reversed(node.children))


def _lines_up_to(data: bytes, start: int, tag: str) -> tuple[int, int, int] | None:
    """Where the lines from `start` begin and end, up to the one that is `tag`, and where that ends; None when there is none."""
    line, wanted = start, tag.encode("utf-8", "surrogatepass")
    while True:
        stop = data.find(b"\n", line)
        if data[line : len(data) if stop < 0 else stop] == wanted:
            return start, line, line + len(wanted)
        if stop < 0:
            return None
        line = stop + 1


def _nodes(root: Node) -> Iterator[Node]:
    """Words, keywords, comments and here-documents of a tree; raises _Opaque for what is not known."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in _WORDS or node.type in ("comment", "heredoc_body", "heredoc_end"):
            yield node
        elif not node.is_named:
            declares = node.parent is not None and node.parent.type in _DECLARING
            if node.type in _KEYWORDS or (declares and node.type.isalpha()):
                yield node
            elif node.type.isalpha() or node.type in ("((", "))"):
                raise _Opaque
        elif node.type in _WALKED:
            stack.extend(node.children)
        elif node.type != "file_descriptor":
            raise _Opaque


def _span(node: Node) -> _Span:
    parent = node.parent.type if node.parent is not None else ""
    declares = not node.is_named and parent in _DECLARING
    kind = "keyword" if not node.is_named and not declares else node.type
    nested: list[tuple[int, int]] = []
    stack = [node]
    while stack and node.is_named:
        here = stack.pop()
        if here.type in _NESTED:
            nested.append((here.start_byte, here.end_byte))
        else:
            stack.extend(here.named_children)
    return _Span(node.start_byte, node.end_byte, kind, parent == "command_name" or declares, tuple(nested))


@dataclass
class _Course:
    """The second reader: goes from span to span and checks each."""

    data: bytes
    spans: list[_Span]
    bodies: set[tuple[int, int]]
    made: list[Piece] = field(default_factory=list)
    state: str = "command"
    behind: str = ""
    redirect: str = ""
    mark: tuple[str, bool] | None = None
    at: int = 0

    def run(self) -> list[Piece]:
        """All pieces; raises _Opaque."""
        comments: list[_Span] = []
        for span in self.spans:
            if span.start < self.at:
                if span.kind == "comment":
                    continue  # a line of a body
                raise _Opaque
            if span.kind == "comment":
                comments.append(span)
                continue
            self._between(span.start, comments)
            comments = []
            self._span(span)
        self._between(len(self.data), comments)
        if self.redirect or self.mark is not None or self.bodies:
            raise _Opaque
        return self.made

    def _text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogatepass")

    def _between(self, end: int, comments: list[_Span]) -> None:
        """The glue up to the next span; a here-document that begins at the end of a line belongs to it."""
        if self.mark is not None:
            line = self._end_of_line(end, comments)
            if line is not None:
                inner = [c for c in comments if c.start < line]
                self._glue(line, inner)
                if self.made[-1].value != ";":
                    raise _Opaque
                self._body()
                comments = [c for c in comments if c.start >= self.at]
        if self.at > end:
            raise _Opaque
        self._glue(end, comments)

    def _end_of_line(self, end: int, comments: list[_Span]) -> int | None:
        """Behind the first newline of the glue that is no continuation and in no comment."""
        at = self.at
        while at < end:
            inside = next((c for c in comments if c.start == at), None)
            if inside is not None:
                at = inside.end
            elif self.data[at : at + 2] == b"\\\n":
                at += 2
            elif self.data[at : at + 1] == b"\n":
                return at + 1
            else:
                at += 1
        return None

    def _body(self) -> None:
        """A here-document as a shell finds it: all lines up to the one that is the delimiter."""
        assert self.mark is not None
        tag, quoted = self.mark
        found = _lines_up_to(self.data, self.at, tag)
        if found is None:
            raise _Opaque
        start, line, ends = found
        body = self._text(start, line)
        seen = {(a, b) for a, b in self.bodies if start <= a and b <= line and not self.data[start:a].strip(b"\n")}
        if body.strip("\n") and not any(b == line for _, b in seen):
            raise _Opaque
        self.bodies -= seen
        if not quoted and "\\" in body:
            raise _Opaque
        plain = quoted or not re.search(r"[$`]", body)
        self.made.append(Piece(body, Role.TEXT if quoted else Role.OPEN, body if plain else None))
        self.made.append(Piece(self._text(line, ends), Role.END, tag))
        self.at, self.mark, self.behind = ends, None, "end"

    def _glue(self, end: int, comments: list[_Span]) -> None:
        raw = self._text(self.at, end)
        text = self._blanked(end, comments)
        if _JOINED.search(text):
            raise _Opaque
        ops: list[str] = []
        at = 0
        while at < len(text):
            found = _GLUE.match(text, at)
            if found is None:
                raise _Opaque
            if at == 0 and self.behind in _JOINING and found[0][0].isdigit():
                raise _Opaque
            at = found.end()
            if found["line"]:
                self._line(ops)
            elif found["op"]:
                self._operator(ops, found["op"])
        if self.behind in _JOINING and end < len(self.data) and not text.replace("\\\n", ""):
            raise _Opaque  # one word to a shell
        if end == len(self.data) and ops[-1:] == [";"]:
            ops.pop()
        self.made.append(Piece(raw, Role.GLUE, " ".join(ops)))
        self.at = end

    def _blanked(self, end: int, comments: list[_Span]) -> str:
        """The glue without its comments."""
        parts, at = [], self.at
        for comment in comments:
            before = self.data[comment.start - 1 : comment.start]
            own = self._text(comment.start, comment.end)
            joined = self.data[comment.start - 2 : comment.start] == b"\\\n"
            if joined or (before and before not in b" \t\n;&|()") or not own.startswith("#") or "\n" in own:
                raise _Opaque
            parts.append(self._text(at, comment.start))
            at = comment.end
        return "".join((*parts, self._text(at, end)))

    def _line(self, ops: list[str]) -> None:
        """A line that ends counts where a semicolon may stand."""
        if self.redirect or self.state in ("for", "in"):
            raise _Opaque
        if self.behind not in ("", "opener") if not ops else ops[-1] == ")" or _redirects(ops[-1]):
            ops.append(";")
        self.state = "command"

    def _operator(self, ops: list[str], op: str) -> None:
        """Take one operator; raises _Opaque where none may stand."""
        if self.redirect or op in (";;", ";&", ";;&") or op.endswith("<<-") or self.state in ("for", "in"):
            raise _Opaque
        ends = self.behind not in ("", "opener") if not ops else ops[-1] == ")"
        if _redirects(op):
            self.redirect = op
        elif op == "(":
            if (self.behind in ("word", "keyword", "end") and not ops) or self.state != "command":
                raise _Opaque
        elif op == ")" and ops[-1:] == [";"]:
            ops.pop()
        elif not ends and op != ")":
            raise _Opaque
        ops.append(op)
        if not self.redirect:
            self.state = "command"

    def _span(self, span: _Span) -> None:
        raw = self._text(span.start, span.end)
        if span.kind != "test_command":
            self._check_word(span, raw)
        if self.mark is not None and "\n" in raw:
            raise _Opaque
        value = None if span.nested or span.kind == "test_command" else static(raw)
        role = self._role(span, raw)
        if role is Role.MARK:
            if self.mark is not None or value is None or "\n" in value or not value:
                raise _Opaque
            self.mark = value, bool(_QUOTED.search(raw))
        self.made.append(Piece(raw, role, raw if role is Role.KEYWORD else value))
        self.at = span.end
        self.behind = ("opener" if raw in _OPENERS else "keyword") if role is Role.KEYWORD else "word"

    def _check_word(self, span: _Span, raw: str) -> None:
        masked = bytearray(self.data[span.start : span.end])
        for start, end in span.nested:
            if _DOUBTFUL.search(self._text(start, end)):
                raise _Opaque
            behind = self._text(span.start, start)
            if (len(behind) - len(behind.rstrip("\\"))) % 2:
                raise _Opaque  # an escaped `$` begins nothing
            masked[start - span.start : end - span.start] = b"x" * (end - start)
        text = masked.decode("utf-8", "surrogatepass")
        follows = self.data[span.end : span.end + 1]
        if span.kind != "keyword" and (_WORD.fullmatch(text) is None or raw.startswith("#")):
            raise _Opaque
        if follows in (b"<", b">") and _DESCRIPTOR.fullmatch(raw):
            raise _Opaque

    def _role(self, span: _Span, raw: str) -> Role:
        """The part a word plays where it stands; raises _Opaque where the tree thinks otherwise."""
        if self.redirect:
            heredoc = self.redirect.endswith("<<") and not self.redirect.endswith("<<<")
            if heredoc is not (span.kind == "heredoc_start") or span.kind == "keyword" or span.names:
                raise _Opaque
            self.redirect = ""
            return Role.MARK if heredoc else Role.TARGET
        found = getattr(self, f"_in_{self.state}")(span, raw)
        assert isinstance(found, Role)
        if (span.kind == "keyword") is not (found is Role.KEYWORD) or span.names is not (found is Role.NAME):
            raise _Opaque
        return found

    def _in_command(self, span: _Span, raw: str) -> Role:
        if span.kind == "keyword":
            if raw == "in" or (raw == "!" and self.made[-1].value in ("|", "|&")):
                raise _Opaque
            self.state = "for" if raw == "for" else "command"
            return Role.KEYWORD
        if span.kind == "test_command":
            self.state = "args"
            return Role.FIXED
        if _ASSIGNMENT.match(raw):
            return Role.SET
        if raw in _RESERVED:
            raise _Opaque
        self.state = "args"
        return Role.NAME

    def _in_args(self, span: _Span, raw: str) -> Role:
        if span.kind == "test_command":
            raise _Opaque
        return Role.ARGUMENT

    def _in_for(self, span: _Span, raw: str) -> Role:
        if not re.fullmatch(r"[A-Za-z_]\w*", raw):
            raise _Opaque
        self.state = "in"
        return Role.FIXED

    def _in_in(self, span: _Span, raw: str) -> Role:
        self.state = "items"
        if raw != "in":
            raise _Opaque
        return Role.KEYWORD

    def _in_items(self, span: _Span, raw: str) -> Role:
        return Role.ITEM


def _redirects(op: str) -> bool:
    return "<" in op or ">" in op


def static(raw: str) -> str | None:
    """The value of a word without expansions; None where the shell would expand something."""
    if raw.startswith("~"):
        return None
    value = ""
    for part in _PART.finditer(raw):
        if part["plain"] is not None:
            if _EXPANDED.search(part["plain"]):
                return None
            value += part["plain"]
        elif part["double"] is not None:
            if re.search(r"[$`]", re.sub(r"\\.", "", part["double"], flags=re.DOTALL)):
                return None
            value += re.sub(r'\\(["\\$`\n])', lambda m: "" if m[1] == "\n" else m[1], part["double"])
        elif part["escaped"] is not None:
            value += "" if part["escaped"] == "\n" else part["escaped"]
        else:
            value += part["single"]
    return value
