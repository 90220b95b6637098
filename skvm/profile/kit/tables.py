"""Rows of text cells in formats that have a name: written, and read strictly; no reader takes another format for its own."""

from __future__ import annotations

import configparser
import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Literal
from urllib.parse import parse_qsl, quote_plus
from xml.sax.saxutils import escape

from skvm.profile.kit.bodies import lines_of
from skvm.profile.kit.data import Unreadable, read_json, read_xml, read_yaml

Row = dict[str, str]
Rows = list[Row]
ROW = "record"
"""Name of an element or table that holds one row; the root element is its plural."""


@dataclass(frozen=True)
class Format:
    """A format: its name, what more is said of it, how rows are written in it, read from it (raises Unreadable), and written
    in another way that is as good."""

    name: str
    told: str
    write: Callable[[Sequence[Row]], str]
    read: Callable[[str], Rows]
    otherwise: Callable[[Sequence[Row]], str]


def _separated(rows: Sequence[Row], mark: str, quoting: Literal[0, 1] = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, lineterminator="\n", quoting=quoting)
    writer.writerows([list(rows[0]), *(row.values() for row in rows)])
    return out.getvalue()


def _read_separated(text: str, mark: str) -> Rows:
    try:
        grid = [line for line in csv.reader(io.StringIO(text), delimiter=mark, skipinitialspace=True, strict=True) if line]
    except csv.Error as error:
        raise Unreadable(str(error)) from error
    return _with_header(grid)


def _with_header(grid: Sequence[Sequence[str]]) -> Rows:
    """Rows under their header; a row of another length is no row."""
    if not grid or any(len(line) != len(grid[0]) for line in grid):
        raise Unreadable("the rows are not of one length")
    return [{key.strip(): cell.strip() for key, cell in zip(grid[0], line, strict=True)} for line in grid[1:]]


def _piped(rows: Sequence[Row]) -> str:
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _read_piped(text: str) -> Rows:
    grid = [[unescape(cell.strip().replace("\\|", "|")) for cell in _cells(line)] for line in lines_of(text)]
    if len(grid) < 2 or len(grid[0]) < 2 or not all(re.fullmatch(r":?-+:?", cell) for cell in grid[1]):
        raise Unreadable("there is no table with a header and a line of dashes")
    return _with_header([grid[0], *grid[2:]])


def _cells(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))


def _flat(value: Any) -> Row:
    """One row out of data; numbers as text."""
    if not isinstance(value, dict) or not all(type(cell) in (str, int) for cell in value.values()):
        raise Unreadable("a record is not a flat mapping of names to values")
    return {str(key): str(cell).strip() for key, cell in value.items()}


def _listed(value: Any) -> Rows:
    if not isinstance(value, list):
        raise Unreadable("there is no list of records")
    return [_flat(item) for item in value]


def _read_yaml(text: str) -> Rows:
    if text.lstrip().startswith(("[", "{")) or any(line.startswith(("- {", "-{")) for line in lines_of(text)):
        raise Unreadable("it is not in block style")
    return _listed(read_yaml(text))


def _toml(rows: Sequence[Row]) -> str:
    return "\n".join("\n".join([f"[[{ROW}]]", *(f"{k} = {json.dumps(v)}" for k, v in row.items()), ""]) for row in rows)


def _read_toml(text: str) -> Rows:
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unreadable(f"not valid TOML: {error}") from error
    if list(found) != [ROW]:
        raise Unreadable(f"there is something else than [[{ROW}]]")
    return _listed(found[ROW])


def _ini(rows: Sequence[Row]) -> str:
    return "\n".join("\n".join([f"[{ROW} {n}]", *(f"{k} = {v}" for k, v in row.items()), ""]) for n, row in enumerate(rows, 1))


def _read_ini(text: str) -> Rows:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError) as error:
        raise Unreadable(f"not valid INI: {str(error).splitlines()[0]}") from error
    if parser.sections() != [f"{ROW} {n}" for n in range(1, len(parser.sections()) + 1)]:
        raise Unreadable("the sections are not numbered records")
    return [{key: value.strip().strip("\"'") for key, value in parser.items(name)} for name in parser.sections()]


def _xml(rows: Sequence[Row]) -> str:
    inside = "".join(f"  <{ROW}>{''.join(f'<{k}>{escape(v)}</{k}>' for k, v in row.items())}</{ROW}>\n" for row in rows)
    return f"<{ROW}s>\n{inside}</{ROW}s>"


def _read_xml(text: str) -> Rows:
    root = read_xml(text)
    cells = [cell for item in root for cell in item]
    if root.tag != f"{ROW}s" or {item.tag for item in root} != {ROW} or any(len(cell) for cell in cells):
        raise Unreadable("the elements are not those asked for")
    if any(element.attrib for element in root.iter()):
        raise Unreadable("there are attributes")
    return [{cell.tag: (cell.text or "").strip() for cell in item} for item in root]


def _form(rows: Sequence[Row]) -> str:
    return "\n".join("&".join(f"{k}={quote_plus(v)}" for k, v in row.items()) for row in rows)


def _read_form(text: str) -> Rows:
    try:
        found = [
            parse_qsl(line.removeprefix("?"), keep_blank_values=True, strict_parsing=True, max_num_fields=50)
            for line in lines_of(text)
        ]
    except ValueError as error:
        raise Unreadable("a line is not made of name=value pairs") from error
    if any(re.search(r"[ \"{}<|]", line) for line in lines_of(text)):
        raise Unreadable("characters are not encoded")
    return [dict(line) for line in found]


def _yaml(rows: Sequence[Row], cell: Callable[[str], str]) -> str:
    return "\n".join(f"{'- ' if n == 0 else '  '}{k}: {cell(v)}" for row in rows for n, (k, v) in enumerate(row.items()))


def _bare(cell: str) -> str | int:
    return int(cell) if cell.isdecimal() else cell


_HEADED = "The first row is the header."
_FORMATS = (
    Format(
        "CSV",
        _HEADED,
        lambda rows: _separated(rows, ","),
        lambda text: _read_separated(text, ","),
        lambda rows: _separated(rows, ",", csv.QUOTE_ALL),
    ),
    Format(
        "TSV (tab-separated values)",
        _HEADED,
        lambda rows: _separated(rows, "\t"),
        lambda text: _read_separated(text, "\t"),
        lambda rows: _separated(rows, "\t").rstrip(),
    ),
    Format(
        "Markdown table",
        "The column names are its header.",
        _piped,
        _read_piped,
        lambda rows: "\n".join(line.strip("| ").replace("---", ":--") for line in _piped(rows).split("\n")),
    ),
    Format(
        "JSON",
        "It is one array of flat objects.",
        json.dumps,
        lambda text: _listed(read_json(text)),
        lambda rows: json.dumps([{key: _bare(cell) for key, cell in row.items()} for row in rows], indent=4),
    ),
    Format(
        "JSON Lines",
        "Every record is one flat object on one line.",
        lambda rows: "\n".join(map(json.dumps, rows)),
        lambda text: [_flat(read_json(line)) for line in lines_of(text)],
        lambda rows: "\n".join(json.dumps({key: _bare(cell) for key, cell in row.items()}) for row in rows),
    ),
    Format(
        "YAML",
        "It is one list of flat mappings in block style (no braces or brackets around them).",
        lambda rows: _yaml(rows, json.dumps),
        _read_yaml,
        lambda rows: "---\n" + _yaml(rows, str),
    ),
    Format(
        "TOML",
        f"Every record is a table of the array of tables `{ROW}`.",
        _toml,
        _read_toml,
        lambda rows: re.sub(r'"(\d+)"', r"\1", _toml(rows)),
    ),
    Format(
        "INI",
        f"Every record is a section; they are called `{ROW} 1`, `{ROW} 2` and so on.",
        _ini,
        _read_ini,
        lambda rows: _ini(rows).replace(" = ", "="),
    ),
    Format(
        "XML",
        f"The root element is <{ROW}s>; every record is an element <{ROW}> in it with one element for each column; there are "
        "no attributes.",
        _xml,
        _read_xml,
        lambda rows: '<?xml version="1.0" encoding="UTF-8"?>\n' + _xml(rows).replace("><", ">\n    <"),
    ),
    Format(
        "URL query string",
        "Every record stands on a line of its own, percent-encoded as in an HTML form.",
        _form,
        _read_form,
        lambda rows: _form(rows).replace("+", "%20").replace("%2C", ","),
    ),
)
NAMED: Mapping[str, Format] = {form.name: form for form in _FORMATS}
"""Formats by name."""
