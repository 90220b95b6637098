"""Requests of the skill that changes one key of a settings file."""

from __future__ import annotations

import json
import random
from typing import Any

from bench.wrong.wording import Grammar
from bench.wrong.worlds import FILE, Files, Values, World, stem

SECTIONS = ("editor", "ui", "server", "cache", "log", "build", "smtp", "search")
KEYS = ("size", "theme", "port", "enabled", "level", "timeout", "mode", "retries", "host", "maxItems", "user_name", "dry-run")
FRESH = ("owner", "since", "limit", "colour", "backup", "tag-line")
WORDS = ("dark", "light", "off", "auto", "debug", "info", "strict", "en-GB", "node1.example.org", "UTF-8", "weekly")


def _value(rng: random.Random) -> Any:
    number, share = rng.randrange(1, 90), round(rng.uniform(0.1, 9.9), 1)
    return rng.choice((number, 100 * number, rng.random() < 0.5, rng.choice(WORDS), rng.choice(WORDS), share))


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _settings(values: Values, rng: random.Random) -> Files:
    """Some sections; `path` is a key that is there, `fresh` one that is new to a section that is."""
    names = rng.sample(SECTIONS, rng.randint(2, 4))
    tree: dict[str, Any] = {name: {key: _more(rng) for key in rng.sample(KEYS, rng.randint(2, 5))} for name in names}
    for key in rng.sample(("version", "name", "profile"), rng.randrange(3)):
        tree[key] = _value(rng)
    for path, there in ((values["fresh"], False), (values["path"], True)):
        *section, key = path.split(".")
        inside = tree.setdefault(section[0], {"locale": "de"}) if section else tree
        inside.pop(key, None)
        if there:
            inside[key] = next(v for v in iter(lambda: _value(rng), None) if _spelled(v) != values["value"])
        rows = rng.sample(list(inside.items()), len(inside))
        inside.clear()
        inside.update(rows or [("note", "kept by hand")])
    text = json.dumps(tree, indent=rng.choice((2, 2, 4, "\t")), ensure_ascii=False)
    return {values["file"]: (text + rng.choice(("\n", "\n", ""))).encode()}


def _more(rng: random.Random) -> Any:
    numbers = [rng.randrange(200) for _ in range(rng.randrange(3))]
    return rng.choice((_value(rng), _value(rng), _value(rng), numbers, {"on": True}))


def _values(rng: random.Random) -> Values:
    section, other = rng.sample(SECTIONS, 2)
    path = rng.choice(KEYS) if rng.random() < 0.1 else f"{section}.{rng.choice(KEYS)}"
    fresh = f"{rng.choice((section, other))}.{rng.choice(FRESH)}"
    return {"file": f"{stem(rng)}.json", "path": path, "fresh": fresh, "value": _spelled(_value(rng))}


SETTINGS = World(
    Grammar(
        (
            "Set {path} to {value} in {file}.",
            "Change {path} to {value} in {file}",
            "In {file}, set {path} to {value}.",
            "{path} in {file} should be {value}.",
            "Add {fresh} with {value} to {file}.",
            "Remove {path} from {file}.",
            "Drop the key {path} from {file}.",
        ),
        {
            "file": FILE.format("json"),
            "path": r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*",
            "fresh": r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*",
            "value": r"[A-Za-z0-9][\w.-]*[A-Za-z0-9]|[A-Za-z0-9]",
        },
        ("file",),
    ),
    _values,
    _settings,
)
