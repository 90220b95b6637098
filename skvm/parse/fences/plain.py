"""A shell text as its grammar can read it, at the same offsets: what is no shell in it becomes letters.

Placeholders (`<input>`, `{file}`), prompts, bodies of here-documents that expand nothing, and all bytes that are not ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from skvm.source.bash import as_letters

_PLACEHOLDER = re.compile(rb"(?<!<)<[A-Za-z](?:[A-Za-z0-9_ ./|:-]{0,60}[A-Za-z0-9_.])?>")
_FILL_IN = re.compile(rb"(?<![$\w{])\{[A-Za-z_][A-Za-z0-9_ .-]{0,60}\}(?!\})")
_PROMPT = re.compile(rb"^[$%] (?=\S)", re.MULTILINE)
_PROMPTS = (b"$ ", b"% ")
_OPENING = re.compile(rb"(?<!<)<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1[^\n]*\n")
_BODY = re.compile(rb"[^\n]")


def as_shell(data: bytes) -> bytes:
    """The text to parse, of the same length."""
    plain = as_letters(data)
    if b"<" in plain:
        plain = _PLACEHOLDER.sub(lambda m: _letters(m.group()), plain)
    if b"{" in plain:
        plain = _FILL_IN.sub(lambda m: _letters(m.group()), plain)
    if b"<<" in plain:
        plain = _without_bodies(plain)
    if plain.startswith(_PROMPTS) or any(b"\n" + prompt in plain for prompt in _PROMPTS):
        plain = _PROMPT.sub(b"  ", plain)
    return plain


def here_documents(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """Bodies of here-documents, and whether they are literal: their delimiter stands in quotes."""
    done = 0
    for opening in _OPENING.finditer(data):
        if opening.start() < done:
            continue  # stands in a body
        delimiter = re.compile(rb"^[ \t]*" + opening.group(2) + rb"[ \t]*\r?$", re.MULTILINE)
        closing = delimiter.search(data, opening.end())
        if closing is None:
            return
        yield opening.end(), closing.start(), bool(opening.group(1))
        done = closing.start()


def _letters(placeholder: bytes) -> bytes:
    return re.sub(rb"[^A-Za-z0-9_]", b"_", placeholder)


def _without_bodies(plain: bytes) -> bytes:
    """Literal bodies of here-documents as letters: the grammar loses its way in some of them."""
    out: list[bytes] = []
    done = 0
    for start, end, literal in here_documents(plain):
        if literal:
            out += [plain[done:start], _BODY.sub(b"x", plain[start:end])]
            done = end
    return b"".join([*out, plain[done:]])
