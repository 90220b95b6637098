"""The first reader: tree-sitter says which spans of a command are words, keywords, comments and here-documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from skvm.jit.generalise.shell.words import KEYWORDS, QUOTED, Opaque, lines_up_to, static, words
from skvm.source.bash import as_letters, bash_tree

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
_DECLARING = frozenset({"declaration_command", "unset_command"})

MAX_BODIES = 16
_DASH = re.compile(rb"(?<=[ \t])-(?=[ \t\n;|&)<>]|\Z)")


@dataclass(frozen=True)
class Span:
    """A span of the tree: a word, a keyword, a comment, or the delimiter of a here-document. `nested`: substitutions in it."""

    start: int
    end: int
    kind: str
    names: bool = False
    nested: tuple[tuple[int, int], ...] = ()


def spans_of(data: bytes) -> tuple[list[Span], set[tuple[int, int]]]:
    """All spans of a command in order, and where bodies of here-documents lie; raises Opaque for what is not known."""
    spans: list[Span] = []
    bodies: set[tuple[int, int]] = set()
    for node in _nodes(_tree(data)):
        if node.type == "heredoc_body":
            bodies.add((node.start_byte, node.end_byte))
        elif node.type != "heredoc_end":
            spans.append(_span(node))
    spans += _dashes(data, [*((s.start, s.end) for s in spans), *bodies])
    return sorted(spans, key=lambda s: s.start), bodies


def _tree(data: bytes) -> Node:
    """The tree; bodies whose delimiter is quoted are shown to it as letters, since it takes backslashes in them for escapes.

    Raises Opaque where there are errors in it.
    """
    plain = bytearray(as_letters(data))
    done = 0
    for _ in range(MAX_BODIES):
        root = bash_tree(bytes(plain))
        mark = next((n for n in _all(root, "heredoc_start") if n.start_byte >= done), None)
        if mark is None:
            break
        raw, done = data[mark.start_byte : mark.end_byte].decode("utf-8", "surrogatepass"), mark.end_byte
        found = lines_up_to(data, data.find(b"\n", done) + 1, static(raw) or "") if QUOTED.search(raw) else None
        if found is not None:
            begin, end, _ = found
            plain[begin:end] = re.sub(rb"[^\n]", b"x", plain[begin:end])
    else:
        raise Opaque
    if root.has_error:
        raise Opaque
    return root


def _dashes(data: bytes, known: list[tuple[int, int]]) -> Iterator[Span]:
    """Words that are a lone `-`: before a redirection the tree has none for them."""
    for found in _DASH.finditer(data):
        if not any(start <= found.start() < end for start, end in known):
            yield Span(found.start(), found.end(), "word")


def _all(root: Node, kind: str) -> Iterator[Node]:
    """Nodes of a kind in the order of the text."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == kind:
            yield node
        stack.extend(reversed(node.children))


def _nodes(root: Node) -> Iterator[Node]:
    """Words, keywords, comments and here-documents of a tree; raises Opaque for what is not known."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in _WORDS or node.type in ("comment", "heredoc_body", "heredoc_end"):
            yield node
        elif not node.is_named:
            declares = node.parent is not None and node.parent.type in _DECLARING
            if node.type in KEYWORDS or (declares and node.type.isalpha()):
                yield node
            elif node.type.isalpha() or node.type in ("((", "))"):
                raise Opaque
        elif node.type in _WALKED:
            stack.extend(node.children)
        elif node.type != "file_descriptor":
            raise Opaque


def _span(node: Node) -> Span:
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
    return Span(node.start_byte, node.end_byte, kind, parent == "command_name" or declares, tuple(nested))
