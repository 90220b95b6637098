"""Commands as syntax trees, flattened: the words of a shell text with the part each plays, and what stands between them.

Two readers must agree, else a text is opaque and compared as it is: the tree (`tree`) says which spans are words, keywords,
comments and here-documents; `_Course` goes over the same text by the rules of POSIX and must find every span to be
exactly one word, nothing but blanks and operators between them, and each word in the part the tree gives it. A text that
either reader takes apart wrongly (`a\\` newline `b` is one word to a shell and two to the tree) is opaque.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from skvm.jit.generalise.shell.tree import Span, spans_of
from skvm.jit.generalise.shell.words import OPENERS, QUOTED, RESERVED, Opaque, Piece, Role, lines_up_to, static
from skvm.source.bash import too_large

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

_JOINING = ("word", "opener", "keyword")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_DESCRIPTOR = re.compile(r"[0-9]+|\{[A-Za-z_]\w*\}")


@lru_cache(maxsize=2048)
def read(command: str) -> tuple[Piece, ...] | None:
    """All pieces of a command, in order; None when it is opaque."""
    data = command.encode("utf-8", "surrogatepass")
    if too_large(data) or _CONTROL.search(command):
        return None
    try:
        return tuple(_Course(data, *spans_of(data)).run())
    except Opaque:
        return None


@dataclass
class _Course:
    """The second reader: goes from span to span and checks each."""

    data: bytes
    spans: list[Span]
    bodies: set[tuple[int, int]]
    made: list[Piece] = field(default_factory=list)
    state: str = "command"
    behind: str = ""
    redirect: str = ""
    mark: tuple[str, bool] | None = None
    at: int = 0

    def run(self) -> list[Piece]:
        """All pieces; raises Opaque."""
        comments: list[Span] = []
        for span in self.spans:
            if span.start < self.at:
                if span.kind == "comment":
                    continue  # a line of a body
                raise Opaque
            if span.kind == "comment":
                comments.append(span)
                continue
            self._between(span.start, comments)
            comments = []
            self._span(span)
        self._between(len(self.data), comments)
        if self.redirect or self.mark is not None or self.bodies:
            raise Opaque
        return self.made

    def _text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogatepass")

    def _between(self, end: int, comments: list[Span]) -> None:
        """The glue up to the next span; a here-document that begins at the end of a line belongs to it."""
        if self.mark is not None:
            line = self._end_of_line(end, comments)
            if line is not None:
                inner = [c for c in comments if c.start < line]
                self._glue(line, inner)
                if self.made[-1].value != ";":
                    raise Opaque
                self._body()
                comments = [c for c in comments if c.start >= self.at]
        if self.at > end:
            raise Opaque
        self._glue(end, comments)

    def _end_of_line(self, end: int, comments: list[Span]) -> int | None:
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
        found = lines_up_to(self.data, self.at, tag)
        if found is None:
            raise Opaque
        start, line, ends = found
        body = self._text(start, line)
        seen = {(a, b) for a, b in self.bodies if start <= a and b <= line and not self.data[start:a].strip(b"\n")}
        if body.strip("\n") and not any(b == line for _, b in seen):
            raise Opaque
        self.bodies -= seen
        if not quoted and "\\" in body:
            raise Opaque
        plain = quoted or not re.search(r"[$`]", body)
        self.made.append(Piece(body, Role.TEXT if quoted else Role.OPEN, body if plain else None))
        self.made.append(Piece(self._text(line, ends), Role.END, tag))
        self.at, self.mark, self.behind = ends, None, "end"

    def _glue(self, end: int, comments: list[Span]) -> None:
        raw = self._text(self.at, end)
        text = self._blanked(end, comments)
        if _JOINED.search(text):
            raise Opaque
        ops: list[str] = []
        at = 0
        while at < len(text):
            found = _GLUE.match(text, at)
            if found is None:
                raise Opaque
            if at == 0 and self.behind in _JOINING and found[0][0].isdigit():
                raise Opaque
            at = found.end()
            if found["line"]:
                self._line(ops)
            elif found["op"]:
                self._operator(ops, found["op"])
        if self.behind in _JOINING and end < len(self.data) and not text.replace("\\\n", ""):
            raise Opaque  # one word to a shell
        if end == len(self.data) and ops[-1:] == [";"]:
            ops.pop()
        self.made.append(Piece(raw, Role.GLUE, " ".join(ops)))
        self.at = end

    def _blanked(self, end: int, comments: list[Span]) -> str:
        """The glue without its comments."""
        parts, at = [], self.at
        for comment in comments:
            before = self.data[comment.start - 1 : comment.start]
            own = self._text(comment.start, comment.end)
            joined = self.data[comment.start - 2 : comment.start] == b"\\\n"
            if joined or (before and before not in b" \t\n;&|()") or not own.startswith("#") or "\n" in own:
                raise Opaque
            parts.append(self._text(at, comment.start))
            at = comment.end
        return "".join((*parts, self._text(at, end)))

    def _line(self, ops: list[str]) -> None:
        """A line that ends counts where a semicolon may stand."""
        if self.redirect or self.state in ("for", "in"):
            raise Opaque
        if self.behind not in ("", "opener") if not ops else ops[-1] == ")" or _redirects(ops[-1]):
            ops.append(";")
        self.state = "command"

    def _operator(self, ops: list[str], op: str) -> None:
        """Take one operator; raises Opaque where none may stand."""
        if self.redirect or op in (";;", ";&", ";;&") or op.endswith("<<-") or self.state in ("for", "in"):
            raise Opaque
        ends = self.behind not in ("", "opener") if not ops else ops[-1] == ")"
        if _redirects(op):
            self.redirect = op
        elif op == "(":
            if (self.behind in ("word", "keyword", "end") and not ops) or self.state != "command":
                raise Opaque
        elif op == ")" and ops[-1:] == [";"]:
            ops.pop()
        elif not ends and op != ")":
            raise Opaque
        ops.append(op)
        if not self.redirect:
            self.state = "command"

    def _span(self, span: Span) -> None:
        raw = self._text(span.start, span.end)
        if span.kind != "test_command":
            self._check_word(span, raw)
        if self.mark is not None and "\n" in raw:
            raise Opaque
        value = None if span.nested or span.kind == "test_command" else static(raw)
        role = self._role(span, raw)
        if role is Role.MARK:
            if self.mark is not None or value is None or "\n" in value or not value:
                raise Opaque
            self.mark = value, bool(QUOTED.search(raw))
        self.made.append(Piece(raw, role, raw if role is Role.KEYWORD else value))
        self.at = span.end
        self.behind = ("opener" if raw in OPENERS else "keyword") if role is Role.KEYWORD else "word"

    def _check_word(self, span: Span, raw: str) -> None:
        masked = bytearray(self.data[span.start : span.end])
        for start, end in span.nested:
            if _DOUBTFUL.search(self._text(start, end)):
                raise Opaque
            behind = self._text(span.start, start)
            if (len(behind) - len(behind.rstrip("\\"))) % 2:
                raise Opaque  # an escaped `$` begins nothing
            masked[start - span.start : end - span.start] = b"x" * (end - start)
        text = masked.decode("utf-8", "surrogatepass")
        follows = self.data[span.end : span.end + 1]
        if span.kind != "keyword" and (_WORD.fullmatch(text) is None or raw.startswith("#")):
            raise Opaque
        if follows in (b"<", b">") and _DESCRIPTOR.fullmatch(raw):
            raise Opaque

    def _role(self, span: Span, raw: str) -> Role:
        """The part a word plays where it stands; raises Opaque where the tree thinks otherwise."""
        if self.redirect:
            heredoc = self.redirect.endswith("<<") and not self.redirect.endswith("<<<")
            if heredoc is not (span.kind == "heredoc_start") or span.kind == "keyword" or span.names:
                raise Opaque
            self.redirect = ""
            return Role.MARK if heredoc else Role.TARGET
        found = getattr(self, f"_in_{self.state}")(span, raw)
        assert isinstance(found, Role)
        if (span.kind == "keyword") is not (found is Role.KEYWORD) or span.names is not (found is Role.NAME):
            raise Opaque
        return found

    def _in_command(self, span: Span, raw: str) -> Role:
        if span.kind == "keyword":
            if raw == "in" or (raw == "!" and self.made[-1].value in ("|", "|&")):
                raise Opaque
            self.state = "for" if raw == "for" else "command"
            return Role.KEYWORD
        if span.kind == "test_command":
            self.state = "args"
            return Role.FIXED
        if _ASSIGNMENT.match(raw):
            return Role.SET
        if raw in RESERVED:
            raise Opaque
        self.state = "args"
        return Role.NAME

    def _in_args(self, span: Span, raw: str) -> Role:
        if span.kind == "test_command":
            raise Opaque
        return Role.ARGUMENT

    def _in_for(self, span: Span, raw: str) -> Role:
        if not re.fullmatch(r"[A-Za-z_]\w*", raw):
            raise Opaque
        self.state = "in"
        return Role.FIXED

    def _in_in(self, span: Span, raw: str) -> Role:
        self.state = "items"
        if raw != "in":
            raise Opaque
        return Role.KEYWORD

    def _in_items(self, span: Span, raw: str) -> Role:
        return Role.ITEM


def _redirects(op: str) -> bool:
    return "<" in op or ">" in op
