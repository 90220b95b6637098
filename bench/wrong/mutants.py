"""Requests with one thing changed beside their words: the input files, or the results of earlier steps."""

from __future__ import annotations

import random
import re
from typing import Any

Files = dict[str, bytes]

ODD: tuple[Any, ...] = (None, 0, -1, 7, "7", True, 1.5, [], {}, "", "not", "; rm -rf .", "../x", "a\nb", ["a", "b"], 10**12)
LOOK_ALIKES = str.maketrans({"l": "1", "o": "0", "e": "\u0435", "a": "\u0430", "s": "5", "i": "\u0456", "r": "\u0433"})


def other_files(files: Files, rng: random.Random) -> Files:
    """The input files with one thing changed: a name, what is there, a unit, an order, a size, a field."""
    name = rng.choice(list(files))
    data = files[name]
    rows = data.split(b"\n")
    folder, _, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    renamed = {
        "gone": None,
        "deeper": f"sub dir/{name}",
        "alike": f"{folder}/{stem.translate(LOOK_ALIKES)}{dot}{ending}".lstrip("/"),
        "copy": f"{folder}/{stem} (1){dot}{ending}".lstrip("/"),
    }
    contents = (
        b"",
        rng.randbytes(64),
        b"\n".join(reversed(rows)),
        data.replace(b",", b";"),
        data[: rng.randrange(len(data) + 1)],
        _scaled(data, rng),
        b"\n".join([*rows[:1], *rows[1:] * 40]),
        re.sub(rb"[A-Za-z_]+", b"field", data, count=1),
        data.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data,
        data.replace(b".", b" EUR,"),
        b"\n".join(row.partition(b",")[2] for row in rows),
        re.sub(rb"[0-9]", b"-1", data, count=rng.randrange(1, 4)),
    )
    if rng.random() < 0.7:
        return {**files, name: rng.choice(contents)}
    if rng.random() < 0.3:
        return {**files, f"other_{name.replace('/', '_')}": data}
    if len(files) > 1 and rng.random() < 0.3:
        one, two = rng.sample(list(files), 2)
        return {**files, one: files[two], two: files[one]}
    new = renamed[rng.choice(list(renamed))]
    kept = {n: d for n, d in files.items() if n != name}
    return kept if new is None else {**kept, new: data}


def _scaled(data: bytes, rng: random.Random) -> bytes:
    """Numbers out of the usual range."""
    factor = rng.choice((b"000", b"000000000", b"", b".5"))
    return re.sub(rb"(?<![0-9A-Za-z.-])[0-9]+(?![0-9A-Za-z-])", lambda m: m[0] + factor if factor else b"0", data)


def other_values(seen: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Results of earlier steps with one of them missing, added, exchanged, scaled, or of another kind."""
    if not seen:
        return {"$step.S0.values": rng.choice(ODD)}
    name = rng.choice(list(seen))
    value = seen[name]
    if isinstance(value, dict) and value and rng.random() < 0.8:
        return {**seen, name: _other_field(value, rng)}
    if rng.random() < 0.3:
        return {n: v for n, v in seen.items() if n != name}
    if len(seen) > 1 and rng.random() < 0.3:
        one, two = rng.sample(list(seen), 2)
        return {**seen, one: seen[two], two: seen[one]}
    return {**seen, name: rng.choice(ODD)}


def _other_field(value: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    key = rng.choice(list(value))
    held = value[key]
    draw = rng.random()
    if draw < 0.2:
        return {k: v for k, v in value.items() if k != key}
    if draw < 0.3:
        return {**value, f"{key}_2": held}
    if draw < 0.45 and len(value) > 1:
        one, two = rng.sample(list(value), 2)
        return {**value, one: value[two], two: value[one]}
    if draw < 0.6 and isinstance(held, (int, float)) and not isinstance(held, bool):
        return {**value, key: rng.choice((-held, held * 1000 + 1, held + 0.5, str(held)))}
    if draw < 0.6 and isinstance(held, str):
        return {**value, key: rng.choice((held.upper(), held + " ", f"{held} EUR", f"not {held}", held.translate(LOOK_ALIKES)))}
    return {**value, key: rng.choice(ODD)}
