"""Reading JSON, YAML and XML that a model wrote: strict about validity, bounded, and without surprises."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import yaml

LONGEST, DEEPEST = 200_000, 64


class Unreadable(ValueError):
    """A text that is not valid in its format, with the reason in a few words."""


def read_json(text: str) -> Any:
    """A JSON value; raises Unreadable also for a key that stands twice in one object."""
    try:
        return json.loads(_bounded(text), object_pairs_hook=_distinct, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not valid JSON: {error}") from error


def read_yaml(text: str, aliases: bool = False) -> Any:
    """A YAML document as data (scalars keep their YAML type, save that dates stay text); no doubled keys, and aliases only
    where they are allowed."""
    if max((len(line) - len(line.lstrip(" -?[{")) for line in _bounded(text).split("\n")), default=0) > 4 * DEEPEST:
        raise Unreadable("nested too deeply")
    try:
        if not aliases and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Plain)):
            raise Unreadable("aliases are not accepted")
        return yaml.load(text, Loader=_Plain)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"not valid YAML: {str(error).splitlines()[0]}") from error


def read_xml(text: str) -> ElementTree.Element:
    """The root element; raises Unreadable also for a document type, whose entities could grow without bound."""
    if "<!DOCTYPE" in _bounded(text) or "<!ENTITY" in text:
        raise Unreadable("a document type is not accepted")
    try:
        return ElementTree.fromstring(text.strip())  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError as error:
        raise Unreadable(f"not valid XML: {error}") from error


def same(found: Any, wanted: Any) -> bool:
    """Equal data; 2 and 2.0 are equal, True and 1 are not, the order of keys is free and that of lists is not."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    return type(found) in (int, float, str, type(None)) and bool(found == wanted)


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise Unreadable("longer than anything that was asked for")
    return text


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Plain(_Base):  # type: ignore[misc]
    """The safe loader, but dates stay text and a doubled key is an error."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if not tag.endswith(":timestamp")]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if any(isinstance(key, (list, dict)) for key in keys) or len(set(map(str, keys))) != len(keys):
            raise yaml.YAMLError("a key stands twice in one mapping or is no scalar")
        return super().construct_mapping(node, deep)
