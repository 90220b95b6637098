"""gen.text.structured: JSON, YAML or XML out of notes; flat below 500 bytes, nested below 5 kB, deeply nested above 5 kB.

Only data count: layout, order of keys and code fences do not. Values hold characters that the formats treat specially.
"""

from __future__ import annotations

import copy
from typing import Any

from skvm.capability import Level
from skvm.profile.kit.data import Unreadable
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, Play, says
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.trees import FORMATS, ITEM, ROOT, agrees, shown, written

XML_RULES = (
    f" The root element is <{ROOT}>; every key becomes an element of that name, every entry of a list an <{ITEM}> element "
    "inside the element of the list; use no attributes."
)
Data = dict[str, Any]


def _build(level: Level, rng: Rng) -> Task:
    form = rng.choice(FORMATS)
    notes, value = {Level.L1: _flat, Level.L2: _nested, Level.L3: _deep}[level](rng, form)
    rules = XML_RULES if form == "XML" else ""
    text = written(form, value)
    return Task(
        prompt=f"Write {'an' if form == 'XML' else 'a'} {form} document. {notes}\n\nText stays text, to the letter; numbers "
        f"are numbers, true and false are truth values.{rules} Answer with the {form} only, whole, without comments.",
        grade=pure(lambda trial: _judge(trial, form, value)),
        reference=says(text),
        variants={
            "fenced": says(f"Here it is:\n\n```{form.lower()}\n{text}\n```\n"),
            "on few lines": says(written(form, value, compact=True)),
            "other order of keys": says(written(form, _turned(value))),
        },
        mutants={**_broken(form, text), **_wrong(rng, form, value, level), "refusal": says(REFUSAL)},
    )


def _judge(trial: Trial, form: str, value: Data) -> Verdict:
    try:
        return PASS if agrees(form, trial.text, value) else fail("the data are not those of the notes")
    except Unreadable as error:
        return fail(str(error))


def _broken(form: str, text: str) -> dict[str, Play]:
    """Documents that are not valid, or not the format."""
    other = {"JSON": "YAML", "YAML": "XML", "XML": "JSON"}[form]
    found = {"cut off": says(text[: len(text) * 7 // 8]), "only announced": says(f"The {form} has all the values you gave.")}
    if form == "JSON":
        found["comma too many"] = says(text.rstrip().removesuffix("}").rstrip() + ",\n}")
    if form == "XML":
        found["bare ampersand"] = says(text.replace("&amp;", "&"))
        found["tag not closed"] = says(text.replace(f"</{ROOT}>", ""))
    if form == "YAML":
        found["indentation"] = says(text + " x: 1\n  y: 2\n z: 3\n")
    return found | {"the other format": says(f"```{other.lower()}\nnone\n```")}


def _wrong(rng: Rng, form: str, value: Data, level: Level) -> dict[str, Play]:
    """Valid documents with other data."""
    other = {"JSON": "YAML", "YAML": "XML", "XML": "JSON"}[form]
    found = {"other format": written(other, value)}
    paths = list(_leaves(value))
    numbers = [path for path in paths if type(_at(value, path)) in (int, float)]
    for name, change in (("off by one", lambda v: v + 1), ("number as text", str)):
        if name == "off by one" or form != "XML":
            found[name] = written(form, _changed(value, rng.choice(numbers), change))
    last = paths[-1]
    found["a value dropped"] = written(form, _changed(value, last, None))
    renamed = _changed(value, last, None)
    _at(renamed, last[:-1])[f"{last[-1]}_"] = _at(value, last)
    found["wrong key"] = written(form, renamed)
    found["a key too many"] = written(form, {**value, "note": "none"})
    if level is not Level.L1:
        key = next(key for key, item in value.items() if isinstance(item, list))
        found["an entry dropped"] = written(form, {**value, key: value[key][:-1]})
        found["reordered"] = written(form, {**value, key: list(reversed(value[key]))})
        found["flat"] = written(form, {".".join(map(str, path)): _at(value, path) for path in paths} if form != "XML" else {})
    return {name: says(text) for name, text in found.items()}


Path = tuple[str | int, ...]


def _leaves(value: Any, path: Path = ()) -> list[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    return [path] if items is None else [leaf for key, item in items for leaf in _leaves(item, (*path, key))]


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _changed(value: Data, path: Path, change: Any) -> Data:
    """A copy in which one value is changed, or dropped when `change` is None."""
    found = copy.deepcopy(value)
    place = _at(found, path[:-1])
    if change is None:
        del place[path[-1]]
    else:
        place[path[-1]] = change(place[path[-1]])
    return found


def _turned(value: Any) -> Any:
    """The same data with keys in the opposite order."""
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(item) for item in value] if isinstance(value, list) else value


def _awkward(rng: Rng) -> str:
    """A short text with characters that have a meaning in one of the formats."""
    a, b, c = coined_words(rng, 3)
    return rng.choice(
        (
            f'{a} & {b}: "{c}"',
            f"{a} <{b}> & {c}",
            f'# {a} "{b}" & {c}',
            f"- {a}: {b} & '{c}'",
            f"{a} & {b}, {{{c}}}",
            f"@{a} & [{b}]",
        )
    )


def _decimal(rng: Rng) -> float:
    return rng.randint(101, 9899) / 100


def _flat(rng: Rng, form: str) -> tuple[str, Data]:
    keys = coined_words(rng, 6)
    values: list[Any] = [_awkward(rng), " ".join(coined_words(rng, 3)), rng.randint(2, 9999), _decimal(rng)]
    values += [rng.choice((True, False)), str(rng.randint(100, 999))]
    pairs = list(zip(keys, values, strict=True))
    rng.shuffle(pairs)
    kinds = {bool: "truth value", int: "number", float: "number", str: "text"}
    lines = "\n".join(f"- {key} ({kinds[type(value)]}): {shown(value)}" for key, value in pairs)
    return f"It holds one flat object (below 500 bytes) with exactly these keys and values:\n{lines}", dict(pairs)


def _nested(rng: Rng, form: str) -> tuple[str, Data]:
    names = coined_words(rng, 3)
    rows: list[tuple[str, str, str, float, list[int]]] = []
    for who in coined_words(rng, rng.randint(8, 11)):
        sizes = [rng.randint(1, 60) for _ in range(rng.randint(1, 3))]
        rows.append((names[len(rows)] if len(rows) < 3 else rng.choice(names), who, _awkward(rng), _decimal(rng), sizes))
    value: Data = {
        "title": _awkward(rng),
        "total": len(rows),
        "groups": [
            {
                "name": name,
                "members": [
                    {"id": who, "label": label, "price": price, "stock": {"sizes": sizes, "many": sum(sizes) > 60}}
                    for group, who, label, price, sizes in rows
                    if group == name
                ],
            }
            for name in names
        ],
    }
    table = "\n".join(f"{g} | {who} | {label} | {price} | {' '.join(map(str, sizes))}" for g, who, label, price, sizes in rows)
    return (
        "It is nested and below 5 kB. The top has the keys title (text), total (the number of rows) and groups (list, in the "
        "order in which the groups first appear in the table). A group has the keys name and members (list, in the order of "
        "the table). A member has the keys id, label, price (number) and stock; stock has the keys sizes (list of numbers) "
        f"and many (true when the sizes add up to more than 60, else false).\n\nTitle: {value['title']}\n\nTable (group | id "
        f"| label | price | sizes):\n{table}"
    ), value


KEYS = (("regions", "towns"), ("towns", "streets"), ("streets", "houses"), ("houses", "rooms"))


def _deep(rng: Rng, form: str) -> tuple[str, Data]:
    """Regions, towns, streets, houses, rooms; more rooms until even the tightest writing in the format is above 5 kB."""
    for rooms in range(1, 9):
        lines: list[str] = []
        value: Data = {"register": _awkward(rng), "regions": [_region(rng, lines, rooms) for _ in range(2)]}
        if len(written(form, value, compact=True)) > 5200:
            break
    listed = "\n".join(lines)
    return (
        "It is deeply nested and above 5 kB. The top has the keys register (text) and regions (list). A region has the keys "
        "name and towns (list), a town name and streets (list), a street name and houses (list), a house name and rooms "
        "(list). A room has the keys name (text), floor_area (number) and is_heated (truth value). All lists are in the order "
        f"given here, and nothing may be left out.\n\nRegister: {value['register']}\n{listed}"
    ), value


def _region(rng: Rng, lines: list[str], rooms: int) -> Data:
    region: Data = {"name": coined_words(rng, 1)[0], "towns": []}
    lines.append(f"REGION {region['name']}")
    for town in coined_words(rng, 2):
        lines.append(f"TOWN {town}")
        streets = []
        for street in coined_words(rng, 2):
            lines.append(f"STREET {street}")
            houses = [{"name": house, "rooms": _rooms(rng, rooms)} for house in coined_words(rng, 3)]
            lines += [f"{house['name']}: {_room_list(house['rooms'])}" for house in houses]
            streets.append({"name": street, "houses": houses})
        region["towns"].append({"name": town, "streets": streets})
    return region


def _rooms(rng: Rng, count: int) -> list[Data]:
    return [
        {"name": name, "floor_area": _decimal(rng), "is_heated": rng.choice((True, False))} for name in coined_words(rng, count)
    ]


def _room_list(rooms: Any) -> str:
    return ", ".join(f"{room['name']} {room['floor_area']} {'heated' if room['is_heated'] else 'unheated'}" for room in rooms)


PROBE = Probe("gen.text.structured", 1, _build)
