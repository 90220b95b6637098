"""tool.call.batch: two reads in one turn; five and a summary; two rounds of reads, the second for what the first shows."""

from __future__ import annotations

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, tokens_of
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, Call, does, says
from skvm.profile.kit.pools import coined, coined_words, tokens
from skvm.profile.kit.trace import at_once, calls_of, names

TOOLS = ("read_file",)
Rounds = tuple[tuple[str, ...], ...]
"""Paths by round: those of one round are to be read in one turn."""

ONE_TURN = "in one single turn, that is, make all of these calls before you have seen the result of any"


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _two, Level.L2: _five, Level.L3: _rounds}[level](rng)


def _task(
    prompt: str,
    files: dict[str, str],
    rounds: Rounds,
    right: list[str],
    wrong: dict[str, list[str]],
    barred: tuple[str, ...] = (),
) -> Task:
    look = [[_read(path) for path in paths] for paths in rounds]
    text = f"ANSWER: {', '.join(right)}"
    singly = [[call] for turn in look for call in turn]
    halves = [half for turn in look for half in (turn[:1], turn[1:])]
    return Task(
        prompt=f"{prompt} {ASKED}",
        grade=pure(lambda trial: _judge(trial, rounds, right, barred)),
        files={path: body.encode() for path, body in files.items()},
        tools=TOOLS,
        reference=does(*look, text=text),
        variants={
            "dressed": does(*look, text=f"Both judged.\n\n**ANSWER: {' and '.join(f'`{word}`' for word in right)}.**"),
            "in another order": does(*[turn[::-1] for turn in look], text=text),
            "a second look": does(*look, look[0][:1], text=text),
        },
        mutants={
            "one after another": does(*singly, text=text),
            "not all at once": does(*halves, text=text),
            "without reading": says(text),
            **({"everything read": does(*look[:-1], [*look[-1], *map(_read, barred)], text=text)} if barred else {}),
            "refusal": says(REFUSAL),
            "no answer line": does(*look, text=", ".join(right)),
            **{name: does(*look, text=f"ANSWER: {', '.join(found)}") for name, found in wrong.items()},
        },
    )


def _read(path: str) -> Call:
    return Call("read_file", {"path": path})


def _two(rng: Rng) -> Task:
    first, second = (f"{folder}/{stem}.txt" for folder, stem in zip(coined_words(rng, 2), coined_words(rng, 2), strict=True))
    codes = tokens(rng, 4)
    files = {path: f"{coined(rng)}\ncode: {code}\n" for path, code in zip((first, second), codes, strict=False)}
    prompt = (
        f"Read the files {first} and {second} {ONE_TURN}. Each states a code. Report the code of the first and then "
        "that of the second."
    )
    right = codes[:2]
    wrong = {"reordered": right[::-1], "one only": right[:1], "invented": [codes[2], right[1]]}
    return _task(prompt, files, ((first, second),), right, wrong)


def _five(rng: Rng) -> Task:
    folder, *stems = coined_words(rng, 6)
    paths = tuple(f"{folder}/{stem}.txt" for stem in stems)
    codes = dict(zip(paths, tokens(rng, 5), strict=True))
    weights = dict(zip(paths, rng.sample(range(110, 990), 5), strict=True))
    lines = rng.sample(("weight", "code", "place"), 3)
    files = {}
    for path in paths:
        row = {"weight": str(weights[path]), "code": codes[path], "place": coined(rng)}
        files[path] = "\n".join(f"{key}: {row[key]}" for key in lines) + "\n"
    order = [codes[path] for path in sorted(paths, key=lambda path: weights[path])]
    prompt = (
        f"Read the files {', '.join(paths)} {ONE_TURN}. Each states a code and a weight. Sum up: report the codes of all five, "
        "ordered by their weights, the smallest weight first."
    )
    wrong = {
        "largest first": order[::-1],
        "order of the files": [codes[path] for path in paths],
        "dropped": order[1:],
        "two swapped": [*order[:2], order[3], order[2], order[4]],
    }
    return _task(prompt, files, (paths,), order, {name: found for name, found in wrong.items() if found != order})


def _rounds(rng: Rng) -> Task:
    """Offers, of which those in time are looked into; the cheapest of them is wanted. A late one is cheaper still."""
    folder, store, *stems = coined_words(rng, 9)
    count, near = rng.randint(5, 6), rng.randint(3, 4)
    limit = rng.randint(8, 20)
    days = [rng.randint(2, limit) for _ in range(near)] + [rng.randint(limit + 1, limit + 9) for _ in range(count - near)]
    prices = rng.sample(range(200, 900), count)
    cheap = min(range(count), key=lambda i: prices[i])
    late = rng.randint(near, count - 1)
    prices[cheap], prices[late] = prices[late], prices[cheap]
    codes = tokens(rng, count)
    order = rng.sample(range(count), count)
    offers = [f"{folder}/{stems[i]}.txt" for i in range(count)]
    details = [f"{store}/{word}.txt" for word in coined_words(rng, count)]
    files = {offers[i]: f"days: {days[i]}\ndetails: {details[i]}\n" for i in order}
    files |= {details[i]: f"code: {codes[i]}\nprice: {prices[i]}\n" for i in order}
    intime = tuple(details[i] for i in order if i < near)
    ranked = sorted(range(near), key=lambda i: prices[i])
    right = [codes[ranked[0]], codes[ranked[-1]]]
    prompt = (
        f"Read the offers {', '.join(offers[i] for i in order)} {ONE_TURN}. Each states a number of days and a file with "
        f"details. Then read the details of all offers with at most {limit} days, and of no other offer, again in one turn. "
        "Details state a code and a price. Of the offers whose details you read, report the code of the cheapest and then that "
        "of the dearest."
    )
    rounds = (tuple(offers[i] for i in order), intime)
    extra = tuple(details[i] for i in order if i >= near)
    wrong = {
        "days overlooked": [codes[late], right[1]],
        "reordered": right[::-1],
        "second cheapest": [codes[ranked[1]], right[1]],
        "one only": right[:1],
    }
    return _task(prompt, files, rounds, right, wrong, extra)


def _judge(trial: Trial, rounds: Rounds, right: list[str], barred: tuple[str, ...]) -> Verdict:
    for paths in rounds:
        if not at_once(trial, paths):
            return fail(f"no turn reads all of {', '.join(paths)}")
    if any(names(call, path) for call in calls_of(trial) for path in barred):
        return fail("it read what was not to be read")
    line = answer_line(trial.text)
    return PASS if tokens_of(line or "") == right else fail(f"{line!r} is not {', '.join(right)}")


PROBE = Probe("tool.call.batch", 1, _build, needs=("read_file",))
