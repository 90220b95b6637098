"""The part of CSS that responsive grids need: which declarations hold for a class at a width of the window."""

from __future__ import annotations

import re

WIDTH = r"([\d.]+)(px|em|rem)"
EM = 16
"""Pixels of an em in a condition on the window."""


def declared(css: str, name: str, width: float) -> dict[str, str]:
    """Declarations for elements of a class in a window so many pixels wide; later ones win. Variables are put in."""
    found: dict[str, str] = {}
    _walk(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL), name, width, False, found)
    return {key: _filled(value, found) for key, value in found.items()}


def columns(declarations: dict[str, str]) -> int:
    """How many columns a grid with these declarations has; 0 where it is no grid or this cannot be told."""
    if "grid" not in declarations.get("display", ""):
        return 0
    short = declarations.get("grid-template") or declarations.get("grid") or ""
    value = declarations.get("grid-template-columns") or short.partition("/")[2] or "none"
    return _tracks(value.replace("!important", "").strip())


def _tracks(value: str) -> int:
    if value in ("none", "initial", "auto"):
        return 1
    value = re.sub(r"\[[^\]]*\]", " ", value)
    many = re.match(r"repeat\(\s*(\d+)\s*,(.*)\)$", value)
    if many:
        return int(many.group(1)) * _tracks(many.group(2).strip())
    if "auto-fi" in value:
        return 0
    while "(" in value:
        plain = re.sub(r"[\w-]*\([^()]*\)", "x", value)
        if plain == value:
            return 0
        value = plain
    return len(value.split())


def _walk(css: str, name: str, width: float, inside: bool, found: dict[str, str]) -> None:
    """Go through a block: `inside` tells whether plain declarations in it are for elements of the class."""
    while css.strip():
        mark = re.search(r"[;{]", css)
        if mark is None or mark.group() == ";":
            end = mark.start() if mark else len(css)
            if inside and ":" in css[:end]:
                key, _, value = css[:end].partition(":")
                found[key.strip().lower()] = value.strip()
            css = css[end + 1 :]
            continue
        head, body, css = css[: mark.start()].strip(), *_block(css[mark.end() :])
        if head.startswith("@media"):
            if _holds(head[6:], width):
                _walk(body, name, width, inside, found)
        elif not head.startswith("@"):
            _walk(body, name, width, _selects(head, name), found)


def _block(css: str) -> tuple[str, str]:
    """What stands before the brace that closes a block, and what follows it."""
    depth = 1
    for n, c in enumerate(css):
        depth += (c == "{") - (c == "}")
        if depth == 0:
            return css[:n], css[n + 1 :]
    return css, ""


def _selects(head: str, name: str) -> bool:
    last = [part.split()[-1] for part in head.split(",") if part.split()]
    return any(part in (":root", "*", "&") or re.fullmatch(rf"\w*\.{re.escape(name)}", part) for part in last)


def _holds(query: str, width: float) -> bool:
    return any(_one_holds(part.lower(), width) for part in query.split(","))


def _one_holds(query: str, width: float) -> bool:
    for test in re.findall(r"\(([^()]*)\)", query):
        plain = re.fullmatch(rf"\s*(min|max)-width\s*:\s*{WIDTH}\s*", test)
        ranged = re.fullmatch(rf"(?:\s*{WIDTH}\s*(<=?)\s*)?width(?:\s*([<>]=?)\s*{WIDTH})?\s*", test.strip())
        if plain:
            size = _pixels(plain.group(2), plain.group(3))
            met = width >= size if plain.group(1) == "min" else width <= size
        elif ranged:
            met = _ranged(ranged, width)
        else:
            met = False
        if not met:
            return False
    return not re.search(r"\b(print|not|speech)\b", query)


def _ranged(test: re.Match[str], width: float) -> bool:
    low, unit, sign, other, high, other_unit = test.groups()
    met = low is None or _compared(_pixels(low, unit), sign, width)
    return met and (high is None or _compared(width, other, _pixels(high, other_unit)))


def _compared(a: float, sign: str, b: float) -> bool:
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


def _pixels(number: str, unit: str) -> float:
    return float(number) * (1 if unit == "px" else EM)


def _filled(value: str, found: dict[str, str]) -> str:
    """A value with the variables in it, as far as they are known here."""
    for _ in range(4):
        value = re.sub(r"var\(\s*(--[\w-]+)\s*(?:,[^()]*)?\)", lambda m: found.get(m.group(1), m.group()), value)
    return value
