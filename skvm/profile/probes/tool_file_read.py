"""tool.file.read: one file; several files of which some are missing; lines of a large file, each telling where to go on."""

from __future__ import annotations

import re
from itertools import pairwise

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, tokens_of
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, Call, does, says
from skvm.profile.kit.pools import coined, coined_words, token, tokens
from skvm.profile.kit.trace import calls_of

TOOLS = ("read_file", "list_directory")
AT_ONCE = 400
"""Lines that may be read at once at level 3."""

MISSING = "missing"


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _one, Level.L2: _several, Level.L3: _parts}[level](rng)


def _read(path: str, **more: int) -> Call:
    return Call("read_file", {"path": path, **more})


def _one(rng: Rng) -> Task:
    """Entries of a file, one of which is asked for; the keys of the others are near to it."""
    path = "/".join(coined_words(rng, 3)) + rng.choice((".txt", ".conf", ".list"))
    stem, keys = coined(rng), coined_words(rng, 7)
    keys[0], keys[1] = f"{stem}_{keys[0]}", f"{stem}_{keys[1]}"
    wanted, *others = keys
    values = dict(zip(keys, tokens(rng, len(keys)), strict=True))
    order = rng.sample(keys, len(keys))
    text = rng.choice(("\n", "\r\n")).join(f"{key} = {values[key]}" for key in order)
    right, wrong = values[wanted], values[others[0]]

    def judge(trial: Trial) -> Verdict:
        line = answer_line(trial.text)
        found = tokens_of(line or "")
        return PASS if found == [right] else fail(f"{line!r} is not {right}")

    look = [_read(path)]
    return Task(
        prompt=f"The file {path} has one entry a line. What is the value of {wanted}? {ASKED}",
        grade=pure(judge),
        files={path: text.encode()},
        tools=TOOLS,
        reference=does(look, text=f"ANSWER: {right}"),
        variants={
            "dressed": does(look, text=f"I read it.\n\n**Answer:** `{right}`."),
            "with its key": does(look, text=f"ANSWER: {wanted} = {right}"),
            "looked around first": does([Call("list_directory", {"path": "."})], look, text=f"ANSWER: {right}"),
        },
        mutants={
            "neighbour": does(look, text=f"ANSWER: {wrong}"),
            "digit": does(look, text=f"ANSWER: {_shifted(right)}"),
            "invented": says(f"ANSWER: {token(rng)}"),
            "everything": does(look, text=f"ANSWER: {', '.join(values.values())}"),
            "no answer line": does(look, text=f"It is {right}"),
            "refusal": says(REFUSAL),
        },
    )


def _several(rng: Rng) -> Task:
    """Codes of files that are listed; one or two of them are not there, though names near to theirs are."""
    count = rng.randint(4, 6)
    folder, *stems = coined_words(rng, count + 1)
    paths = [f"{folder}/{stem}.txt" for stem in stems]
    absent = set(rng.sample(range(count), rng.randint(1, 2)))
    codes = tokens(rng, 2 * count)
    files, right = {}, {}
    for i, path in enumerate(paths):
        right[path] = MISSING if i in absent else codes[i]
        place = path.replace(".txt", rng.choice(("s.txt", "2.txt", ".text"))) if i in absent else path
        files[place] = f"owner: {coined(rng)}\ncode: {codes[i]}\nstate: {coined(rng)}\n".encode()
    here = next(p for p in paths if right[p] != MISSING)
    gone = next(p for p in paths if right[p] == MISSING)
    look = [_read(path) for path in paths]
    there = [_read(path) for path in paths if right[path] != MISSING]
    return Task(
        prompt=(
            f"Read these files: {', '.join(paths)}. Some may not exist. Answer with one line for each of them, in the form "
            f"`PATH: CODE` with the code that the file states, or `PATH: {MISSING}` when no file has exactly this path."
        ),
        grade=pure(lambda trial: _judge_rows(trial, right)),
        files=files,
        tools=TOOLS,
        reference=does(look, text=_rows(right)),
        variants={
            "one after another": does(*[[call] for call in look], text=_rows(right)),
            "listed first": does([Call("list_directory", {"path": folder})], there, text=_rows(right)),
            "dressed": does(look, text="Here they are:\n\n" + "\n".join(f"- **`{p}`**: `{c}`" for p, c in right.items())),
            "a table": does(look, text="\n".join(f"| {p} | {c} |" for p, c in right.items())),
        },
        mutants={
            "invented": does(look, text=_rows({**right, gone: codes[-1]})),
            "taken from a neighbour": does(look, text=_rows({**right, gone: codes[paths.index(gone)]})),
            "given up": does(look, text=_rows({**right, here: MISSING})),
            "digit": does(look, text=_rows({**right, here: _shifted(right[here])})),
            "dropped": does(look, text=_rows({p: c for p, c in right.items() if p != here})),
            "swapped": does(look, text=_rows(dict(zip(right, [*list(right.values())[1:], right[paths[0]]], strict=True)))),
            "refusal": says(REFUSAL),
        },
    )


def _judge_rows(trial: Trial, right: dict[str, str]) -> Verdict:
    for path, value in right.items():
        lines = [line for line in trial.text.splitlines() if re.search(rf"(?<![\w/]){re.escape(path)}(?!\w)", line)]
        found = {said for line in lines for said in _said(line.lower().rpartition(path)[2])}
        if found != {value}:
            return fail(f"{path}: {sorted(found) or 'nothing'} is not {value}")
    return PASS


def _said(rest: str) -> list[str]:
    return tokens_of(rest) + ([MISSING] if re.search(rf"\b{MISSING}\b", rest) else [])


def _parts(rng: Rng) -> Task:
    """A chain through a file that is too large to be shown at once: each line names the next one."""
    count = rng.randint(2600, 4200)
    path = f"{coined(rng)}/{coined(rng)}.log"
    stops = rng.sample(range(900, count - 10), rng.randint(4, 5))
    words = coined_words(rng, 60)
    drawn = [rng.randrange(60 * 9000 * count) for _ in range(count)]
    codes = [f"{words[n % 60]}-{1000 + n // 60 % 9000}" for n in drawn]
    jumps = [1 + n // 540_000 for n in drawn]
    for here, there in pairwise(stops):
        jumps[here - 1] = there
    rows = [f"{words[i % 59]} {words[i % 53]} {code} go to {jumps[i]}" for i, code in enumerate(codes)]
    right = [codes[stop - 1] for stop in stops]
    beside = [codes[stop] for stop in stops]

    def look(size: int = 1) -> list[list[Call]]:
        return [[_read(path, offset=stop, limit=size)] for stop in stops]

    def end(found: list[str]) -> str:
        return f"ANSWER: {', '.join(found)}"

    return Task(
        prompt=(
            f"The file {path} has {count} lines, the first of which is line 1. Each line holds a code (a word, a hyphen, four "
            f"digits) and ends with the number of the line to go to. Begin at line {stops[0]} and follow the number "
            f"{len(stops) - 1} times. Report the codes of the {len(stops)} lines, in this order. Read only parts of the file, "
            f"with offset and limit: never more than {AT_ONCE} lines in one read. {ASKED}"
        ),
        grade=pure(lambda trial: _judge_parts(trial, right, frozenset(codes))),
        files={path: "\n".join(rows).encode()},
        tools=TOOLS,
        reference=does(*look(), text=end(right)),
        variants={
            "with surroundings": does(*look(AT_ONCE), text=end(right)),
            "dressed": does(*look(3), text=f"Done.\n**ANSWER: {' -> '.join(right)}**"),
        },
        mutants={
            "line beside": does(*look(2), text=end(beside)),
            "one too few": does(*look()[:-1], text=end(right[:-1])),
            "reordered": does(*look(), text=end(right[::-1])),
            "digit": does(*look(), text=end([*right[:-1], _shifted(right[-1])])),
            "whole file": does([_read(path)], *look(), text=end(right)),
            "without reading": says(end(right)),
            "refusal": says(REFUSAL),
        },
    )


def _judge_parts(trial: Trial, right: list[str], codes: frozenset[str]) -> Verdict:
    line = answer_line(trial.text)
    if tokens_of(line or "") != right:
        return fail(f"{line!r} is not {', '.join(right)}")
    shown = [sum(code in codes for code in tokens_of(call.result)) for call in calls_of(trial)]
    if not any(shown):
        return fail("nothing of the file was read")
    return PASS if max(shown) <= AT_ONCE else fail(f"{max(shown)} lines were read at once")


def _rows(rows: dict[str, str]) -> str:
    return "\n".join(f"{path}: {value}" for path, value in rows.items())


def _shifted(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


PROBE = Probe("tool.file.read", 1, _build, needs=("read_file",))
