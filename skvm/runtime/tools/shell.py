"""Commands as text: binding placeholders, finding files of the skill, telling argv from shell. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

_META = re.compile(r"[|&;<>()$`*?\[\]{}~!\n]|(?:^|\s)#|^\s*[A-Za-z_]\w*=")
_NAME = r"[A-Za-z0-9_./@%+,=:-]"


class Unbindable(ValueError):
    """A placeholder stands where its value cannot be put safely, or has no value."""


def needs_shell(text: str) -> bool:
    """Does it use anything that only a shell understands? Quoted characters count: erring here costs a process, no more."""
    if _META.search(text):
        return True
    try:
        return not shlex.split(text)
    except ValueError:
        return True


def bind_argv(words: tuple[str, ...], values: dict[str, Any]) -> list[str]:
    """Words with placeholders replaced by values; a list that stands alone becomes several words."""
    bound: list[str] = []
    for word in words:
        alone = values.get(word)
        if isinstance(alone, list):
            bound += [_safe_start(plain(v)) for v in alone]
            continue
        text = _fill(word, values)
        bound.append(_safe_start(text) if word in values else text)
    return bound


def bind_shell(text: str, values: dict[str, Any]) -> str:
    """Shell text with placeholders replaced by values quoted for where they stand; raises Unbindable in a here-document."""
    if not values:
        return text
    if "<<" in text:
        raise Unbindable("a placeholder in a here-document")
    names = sorted(values, key=len, reverse=True)
    pieces: list[str] = []
    at, quote = 0, ""
    while at < len(text):
        name = next((n for n in names if text.startswith(n, at)), None)
        if name is not None and not (quote == "'" and name.startswith("$")):
            pieces.append(_quoted(values[name], quote))
            at += len(name)
            continue
        char = text[at]
        if char == "\\" and quote != "'":
            pieces.append(text[at : at + 2])
            at += 2
            continue
        if char in "'\"" and quote in ("", char):
            quote = "" if quote else char
        pieces.append(char)
        at += 1
    return "".join(pieces)


def to_skill(text: str, bundle: frozenset[str], here: Callable[[str], bool], skill: str) -> str:
    """Replace words that name files or folders of the bundle, and are not in the work folder, by their place below `skill`.

    `here` tells whether a path exists in the work folder. Works on argv words and on shell text: a name counts only when it
    stands alone, i.e. no other name character touches it.
    """
    folders = {"/".join(n.split("/")[:depth]) for n in bundle for depth in range(1, n.count("/") + 1)}
    for name in sorted(bundle | folders, key=lambda n: (-len(n), n)):
        if name not in text or here(name):
            continue
        pattern = re.compile(rf"(?<![A-Za-z0-9_/@%+,:.-])(?:\./)?{re.escape(name)}(?P<rest>/?)(?!{_NAME})")
        text = pattern.sub(lambda m, name=name: f"{skill}/{name}{m['rest']}", text)  # type: ignore[misc]
    return text


def plain(value: Any) -> str:
    """A value as a word of a command."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return str(value)
    raise Unbindable(f"{type(value).__name__} is not a word")


def _fill(word: str, values: dict[str, Any]) -> str:
    if not values:
        return word
    pattern = re.compile("|".join(re.escape(n) for n in sorted(values, key=len, reverse=True)))
    return pattern.sub(lambda m: _joined(values[m.group()]), word)


def _joined(value: Any) -> str:
    return " ".join(map(plain, value)) if isinstance(value, list) else plain(value)


def _quoted(value: Any, quote: str) -> str:
    if isinstance(value, list):
        if quote:
            raise Unbindable("a list inside quotes")
        return " ".join(shlex.quote(_safe_start(plain(v))) for v in value)
    text = plain(value)
    if "\0" in text:
        raise Unbindable("NUL in a value")
    if quote == "'":
        return text.replace("'", "'\"'\"'")
    if quote == '"':
        return re.sub(r'([\\"$`])', r"\\\1", text)
    return shlex.quote(_safe_start(text))


def _safe_start(text: str) -> str:
    """The text; raises Unbindable where it would be read as an option."""
    if text.startswith("-") and not re.fullmatch(r"-\d+(\.\d+)?", text):
        raise Unbindable("a value that looks like an option")
    return text
