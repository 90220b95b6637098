"""Plain data (objects, lists, text, numbers, truth values) as JSON, YAML and XML, written and compared."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any
from xml.sax.saxutils import escape

import yaml

from skvm.profile.kit.bodies import body
from skvm.profile.kit.data import Unreadable, read_json, read_xml, read_yaml, same

FORMATS = ("JSON", "YAML", "XML")
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
ROOT, ITEM = "document", "item"
"""Names of the root element and of an entry of a list in XML."""


def written(form: str, value: Any, compact: bool = False) -> str:
    """A value in a format."""
    if form == "JSON":
        return json.dumps(value, ensure_ascii=False, **({"separators": (",", ":")} if compact else {"indent": 2}))
    if form == "YAML":
        return str(
            yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=compact)
        )
    text = _element(ROOT, value, "" if compact else "\n")
    return text if compact else f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def agrees(form: str, text: str, wanted: Any) -> bool:
    """Whether an answer holds exactly that data in that format, inside a code fence or not; raises Unreadable when invalid."""
    if form == "JSON":
        return same(read_json(_cut(text, "{", "}")), wanted)
    if form == "YAML":
        return same(read_yaml(body(text)), wanted)
    root = read_xml(_cut(text, "<", ">"))
    return root.tag == ROOT and _same_element(root, wanted)


def _cut(text: str, first: str, last: str) -> str:
    """The body without words before its first and after its last character of a kind."""
    plain = body(text)
    begin, end = plain.find(first), plain.rfind(last)
    if begin < 0:
        raise Unreadable(f"there is no {first}")
    return plain[begin : end + 1]


def _element(tag: str, value: Any, gap: str) -> str:
    inner = gap + "  " if gap else ""
    if isinstance(value, dict):
        parts = [_element(key, item, inner) for key, item in value.items()]
    elif isinstance(value, list):
        parts = [_element(ITEM, item, inner) for item in value]
    else:
        return f"<{tag}>{escape(shown(value))}</{tag}>"
    return f"<{tag}>{inner}{inner.join(parts)}{gap}</{tag}>"


def shown(value: Any) -> str:
    """A scalar as text: `true` and `false` for truth values."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _same_element(found: ElementTree.Element, wanted: Any) -> bool:
    children = list(found)
    if isinstance(wanted, dict):
        by_tag = {child.tag: child for child in children}
        return len(children) == len(wanted) == len(by_tag) and all(
            key in by_tag and _same_element(by_tag[key], item) for key, item in wanted.items()
        )
    if isinstance(wanted, list):
        return len(children) == len(wanted) and all(
            child.tag == ITEM and _same_element(child, item) for child, item in zip(children, wanted, strict=True)
        )
    return not children and _same_text((found.text or "").strip(), wanted)


def _same_text(text: str, wanted: Any) -> bool:
    if isinstance(wanted, str | bool):
        return text == wanted if isinstance(wanted, str) else text.lower() == shown(wanted)
    try:
        return bool(float(text) == wanted)
    except ValueError:
        return False
