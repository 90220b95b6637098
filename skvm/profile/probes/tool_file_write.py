"""tool.file.write: one small file; one of some thousand bytes; several files, the last of which tells of the others."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from skvm.capability import Level
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, Call, Play, does, says
from skvm.profile.kit.pools import coined, coined_words, people, token

TOOLS = ("write_file", "edit_file", "read_file", "list_directory")
SMALL, LARGE = 1000, 10_000
"""Bytes between which the file of level 2 lies, and below which that of level 1."""

Files = dict[str, list[str]]
"""Lines by path."""


def _build(level: Level, rng: Rng) -> Task:
    prompt, right, before = {Level.L1: _small, Level.L2: _large, Level.L3: _several}[level](rng)
    last = list(right)[-1]
    rows = right[last]
    where = rng.randrange(len(rows))
    shown = "\n".join(f"{path}:\n" + "\n".join(lines) for path, lines in right.items())
    return Task(
        prompt=prompt,
        grade=pure(lambda trial: _judge(trial, right)),
        files={path: "\n".join(lines).encode() for path, lines in before.items()},
        tools=TOOLS,
        reference=_writes(right),
        variants={
            "closing newline": _writes(right, ending="\n"),
            "other line ends": _writes(right, newline="\r\n", ending="\r\n"),
            "put right afterwards": _corrected(right, last),
            "one a turn": does(*[[call] for call in _calls(right, "\n", "")], text="All written."),
        },
        mutants={
            "dropped row": _writes({**right, last: rows[:where] + rows[where + 1 :]}),
            "changed character": _writes({**right, last: [*rows[:where], _changed(rows[where]), *rows[where + 1 :]]}),
            "reordered": _writes({**right, last: [*rows[1:], rows[0]]}),
            "row too many": _writes({**right, last: [*rows, rows[-1]]}),
            "cut short": _writes({**right, last: [*rows[: len(rows) // 2], "..."]}),
            "fenced": _writes({**right, last: ["```", *rows, "```"]}),
            "wrong place": _writes({**{p: r for p, r in right.items() if p != last}, last.rpartition("/")[2] + ".new": rows}),
            "as an answer only": says(shown),
            "refusal": says(REFUSAL),
        },
    )


def _small(rng: Rng) -> tuple[str, Files, Files]:
    """Lines to be copied, with characters that a careless writer changes."""
    path = f"{coined(rng)}/{coined(rng)}.conf"
    words = coined_words(rng, 8)
    name = rng.choice(people(rng, 3)) + rng.choice(("\u00e9", "\u00f8", "\u00fc", "\u0142"))
    rows = [
        f'title = "{words[0]} & {words[1]}"',
        f"path = C:\\{words[2]}\\new\\{words[3]}",
        f"    indented: '{token(rng)}'",
        f"owner = {name}, {rng.randint(2, 99)} %",
        f"<{words[4]} size={rng.randint(10, 99)}>${{{words[5]}}}</{words[4]}>",
        f"# {words[6]}; {words[7]}",
    ]
    rows = rng.sample(rows[:2], 1) + rng.sample(rows[2:], rng.randint(3, 4))
    return f"Write the file {path} with exactly these {len(rows)} lines:\n\n" + "\n".join(rows), {path: rows}, {}


def _large(rng: Rng) -> tuple[str, Files, Files]:
    """Every pairing of two lists, numbered: easy to work out, but it has to be written to the end."""
    path = f"{coined(rng)}/{coined(rng)}.csv"
    names = people(rng, rng.randint(10, 16))
    things = coined_words(rng, rng.randint(5, 7))
    unit, begin = coined(rng), rng.randint(11, 400)
    rows = [f"{begin + i};{name};{thing};{unit}" for i, (name, thing) in enumerate(product(names, things))]
    prompt = (
        f"Write the file {path}. It has one line for every pairing of a name with a thing: for the first name all things in "
        f"their order, then for the second name all things, and so on ({len(rows)} lines in all). A line is "
        f"`NUMBER;NAME;THING;{unit}`, and the numbers go up by one from {begin}. There is no header and no other line.\n"
        f"Names: {', '.join(names)}\nThings: {', '.join(things)}"
    )
    assert SMALL < len("\n".join(rows)) < LARGE
    return prompt, {path: rows}, {}


def _several(rng: Rng) -> tuple[str, Files, Files]:
    """Files in several folders, one of which is there already with other content; an index of all of them comes last."""
    count = rng.randint(3, 5)
    stems = coined_words(rng, 2 * count + 1)
    right: Files = {}
    for folder, stem in zip(stems[:count], stems[count:-1], strict=True):
        right[f"{folder}/{stem}.txt"] = [f"{coined(rng)}: {token(rng)}" for _ in range(rng.randint(2, 5))]
    old = rng.choice(list(right))
    before = {old: [f"{coined(rng)}: {token(rng)}" for _ in range(7)]}
    index = f"{stems[-1]}.index"
    asked = "\n\n".join(f"{path}:\n" + "\n".join(rows) for path, rows in right.items())
    prompt = (
        f"Write these {count} files, one after another, with exactly the lines given for each. One of them exists already "
        f"and is to be replaced. Then write the file {index} with one line for each of the {count} files, in the order given: "
        f"`PATH NUMBER`, the path as given, a space, and the number of lines of that file.\n\n{asked}"
    )
    right[index] = [f"{path} {len(rows)}" for path, rows in list(right.items())]
    return prompt, right, before


def _calls(files: Files, newline: str, ending: str) -> list[Call]:
    return [Call("write_file", {"path": path, "content": newline.join(rows) + ending}) for path, rows in files.items()]


def _writes(files: Files, newline: str = "\n", ending: str = "") -> Play:
    return does(_calls(files, newline, ending))


def _corrected(files: Files, path: str) -> Play:
    first, rest = files[path][0], files[path][1:]
    broken = {**files, path: ["to be put right", *rest]}
    edit = Call("edit_file", {"path": path, "old": "to be put right", "new": first})
    return does(_calls(broken, "\n", ""), [Call("read_file", {"path": path})], [edit])


def _changed(row: str) -> str:
    at = len(row) // 2
    return row[:at] + ("x" if row[at] != "x" else "y") + row[at + 1 :]


def _judge(trial: Trial, right: Mapping[str, list[str]]) -> Verdict:
    """Line ends, blanks at the end of a line and a closing newline do not count."""
    for path, rows in right.items():
        text = trial.file(path)
        if text is None:
            return fail(f"there is no {path}, or it is not UTF-8")
        found = [row.rstrip() for row in text.removeprefix("\ufeff").rstrip().splitlines()]
        if found != [row.rstrip() for row in rows]:
            wrong = next((i for i, (a, b) in enumerate(zip(found, rows, strict=False)) if a != b.rstrip()), None)
            size = f"{path} has {len(found)} lines instead of {len(rows)}"
            return fail(size if wrong is None else f"{path}:{wrong + 1} differs")
    return PASS


PROBE = Probe("tool.file.write", 1, _build, needs=("write_file",))
