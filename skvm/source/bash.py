"""Shell text as a tree: the one door to tree-sitter-bash. Callers bound what they hand in, see `MAX_BYTES`, `MAX_OPERATORS`."""

from __future__ import annotations

import re
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

MAX_BYTES = 64 * 1024
MAX_OPERATORS = 2_000
"""Caps before any analyser (decisions, "Text, spans, limits"): counts, never times."""

_OPERATOR = re.compile(rb"[|&;<>(){}]|\bif\b|\bfor\b|\bwhile\b")
_ASCII = bytes(code if code < 0x80 else ord("x") for code in range(256))
"""tree-sitter-bash hands code points to C's `isalnum`, which reads outside its table for `{` and a character beyond U+FFFF
and kills the process; other bytes than ASCII are shown to it as letters, at the same offsets.
"""


def too_large(data: bytes) -> bool:
    """Is a text over the caps?"""
    return len(data) > MAX_BYTES or (len(data) > MAX_OPERATORS and len(_OPERATOR.findall(data)) > MAX_OPERATORS)


def as_letters(data: bytes) -> bytes:
    """The text with a letter for every byte that is not ASCII: what `bash_tree` may be given."""
    return data if data.isascii() else data.translate(_ASCII)


def bash_tree(plain: bytes) -> Node:
    """Root of the tree of an ASCII text; offsets are bytes."""
    return _parser().parse(plain).root_node


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))
