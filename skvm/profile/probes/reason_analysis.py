"""reason.analysis: say what short functions do; find the one wrong line; find one cause across several files.

Answers are choices, line numbers and file names, so that no wording decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, several
from skvm.profile.kit.faulty import FUNCTIONS
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined, coined_words


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _purpose, Level.L2: _fault, Level.L3: _cause}[level](rng)


FILTERS: Mapping[str, tuple[str, Callable[[int, int], bool]]] = {
    "even": ("{v} % 2 == 0", lambda v, k: v % 2 == 0),
    "odd": ("{v} % 2 == 1", lambda v, k: v % 2 == 1),
    "greater than {k}": ("{v} > {k}", lambda v, k: v > k),
    "smaller than {k}": ("{v} < {k}", lambda v, k: v < k),
    "divisible by {k}": ("{v} % {k} == 0", lambda v, k: v % k == 0),
    "not divisible by {k}": ("{v} % {k} != 0", lambda v, k: v % k != 0),
}
MAPS: Mapping[str, tuple[str, Callable[[int], int]]] = {
    "": ("{v}", lambda v: v),
    "the squares of ": ("{v} * {v}", lambda v: v * v),
    "the doubles of ": ("2 * {v}", lambda v: 2 * v),
    "the predecessors of ": ("{v} - 1", lambda v: v - 1),
}
FOLDS: Mapping[str, tuple[str, str]] = {
    "the sum of": ("0", "{r} = {r} + {e}"),
    "1 plus the sum of": ("1", "{r} = {e} + {r}"),
    "0 minus the sum of": ("0", "{r} = {r} - ({e})"),
    "the largest (but at least 0) of": ("0", "{r} = max({r}, {e})"),
}


@dataclass(frozen=True)
class _Purpose:
    """What a function does, in parts; `k` is the number in its condition."""

    kept: str
    mapped: str
    fold: str
    k: int

    def words(self) -> str:
        """The purpose as a sentence."""
        return f"{self.fold} {self.mapped}those numbers of the list that are {self.kept.format(k=self.k)}"

    def code(self, rng: Rng) -> tuple[str, str]:
        """Name and text of a function with that purpose, its names coined, in one of three styles."""
        name, items, v, r, i = coined_words(rng, 5)
        start, step = FOLDS[self.fold]
        test = FILTERS[self.kept][0].format(v=v, k=self.k)
        step = step.format(r=r, e=MAPS[self.mapped][0].format(v=v))
        head = f"def {name}({items}):\n    {r} = {start}\n"
        loop = f"    for {v} in {items}:\n        if {test}:\n            {step}\n"
        skip = f"    for {v} in {items}:\n        if not ({test}):\n            continue\n        {step}\n"
        count = (
            f"    {i} = 0\n    while {i} < len({items}):\n        {v} = {items}[{i}]\n        {i} += 1\n        if {test}:\n"
        )
        body = rng.choice((loop, skip, f"{count}            {step}\n"))
        return name, f"{head}{body}    return {r}"


def _purpose(rng: Rng) -> Task:
    """Two functions and six descriptions: a guess passes in one case of thirty."""
    k = rng.randint(3, 9)
    kept, mapped, folds = (rng.sample(list(pool), 3) for pool in (FILTERS, MAPS, FOLDS))
    every = [_Purpose(f, m, g, k) for f in kept[:2] for m in mapped[:2] for g in folds[:2]]
    options = rng.sample(every, 6)
    first, second = rng.sample(range(6), 2)
    (one, text_one), (two, text_two) = options[first].code(rng), options[second].code(rng)
    listed = "\n".join(f"{n}. {option.words()}" for n, option in enumerate(options, 1))
    a, b = first + 1, second + 1
    other = next(n for n in range(1, 7) if n not in (a, b))
    return Task(
        prompt=f"Two Python functions that get a list of whole numbers:\n\n```python\n{text_one}\n\n\n{text_two}\n```\n\n"
        f"Descriptions of what a function returns:\n{listed}\n\nWhich description fits `{one}`, and which `{two}`? {ASKED} "
        f"Put the number of the description of `{one}` there, then that of `{two}`, separated by a comma.",
        grade=pure(lambda trial: _judge_numbers(trial, [a, b])),
        reference=says(f"ANSWER: {a}, {b}"),
        variants={
            "named": says(f"ANSWER: `{one}` = {a}, `{two}` = {b}"),
            "dressed": says(f"The first one keeps a running value.\n\n**Answer:** {a} and {b}."),
        },
        mutants={
            "swapped": says(f"ANSWER: {b}, {a}"),
            "first wrong": says(f"ANSWER: {other}, {b}"),
            "second wrong": says(f"ANSWER: {a}, {other}"),
            "one missing": says(f"ANSWER: {a}"),
            "no answer line": says(f"{a}, {b}"),
            "refusal": says(REFUSAL),
        },
    )


def _judge_numbers(trial: Trial, right: Sequence[int]) -> Verdict:
    found = several(answer_line(trial.text) or "")
    return PASS if found == list(right) else fail(f"{found} is not {list(right)}")


def _fault(rng: Rng) -> Task:
    """Six functions with docstrings, one of them with a wrong line."""
    chosen = rng.sample(FUNCTIONS, 6)
    bad = rng.randint(0, 5)
    place = rng.choice(sorted(chosen[bad].faults))
    lines: list[str] = []
    right = 0
    for n, function in enumerate(chosen):
        holes = {"NAME": coined(rng), "KEY": coined(rng), "K": str(rng.randint(3, 40)), "M": str(rng.randint(3, 40))}
        body = list(function.lines)
        if n == bad:
            body[place] = rng.choice(function.faults[place])
            right = len(lines) + place + 1
        lines += [_filled(line, holes) for line in body] + ["", ""]
    code = [n for n, line in enumerate(lines[:-2], 1) if line.startswith("    ") and '"""' not in line and n != right]
    shown = "\n".join(f"{n:>2} {line}".rstrip() for n, line in enumerate(lines[:-2], 1))
    return Task(
        prompt="Each function below is meant to do exactly what its docstring says. One line is wrong; all others are right. "
        f"(The numbers at the left count the lines.)\n\n```\n{shown}\n```\n\nWhich line is wrong? {ASKED} Put only the number "
        "of the line there.",
        grade=pure(lambda trial: _judge_numbers(trial, [right])),
        reference=says(f"ANSWER: {right}"),
        variants={
            "as a line": says(f"ANSWER: line {right}"),
            "explained": says(f"Line {right} does not agree with the docstring above it.\n\n**ANSWER: {right}**"),
        },
        mutants={
            "the line before": says(f"ANSWER: {right - 1}"),
            "the line after": says(f"ANSWER: {right + 1}"),
            "another line": says(f"ANSWER: {rng.choice(code)}"),
            "two lines": says(f"ANSWER: {right}, {rng.choice(code)}"),
            "no answer line": says(f"It is line {right}."),
            "refusal": says(REFUSAL),
        },
    )


def _filled(line: str, holes: Mapping[str, str]) -> str:
    return re.sub(r"\b(?:NAME|KEY|K|M)\b", lambda match: holes[match.group()], line)


FACTORS = {"mg": "0.000001", "g": "0.001", "kg": "1", "q": "100", "t": "1000"}
REPORT = (
    "sites, devices, units = load('sites.ini'), load('devices.ini'), load('units.ini')",
    "",
    "def reported_kg(site, reading):",
    "    return reading * float(units[devices[sites[site]]])",
)


def _cause(rng: Rng) -> Task:
    """Sites have devices, devices send units, units have factors. One line in use is wrong, another one is wrong unused."""
    sites, devices = coined_words(rng, 6), [name.capitalize() for name in coined_words(rng, 5)]
    sends = dict(zip(devices, rng.sample(list(FACTORS), 5), strict=True))
    used, spare = devices[:4], devices[4]
    has = dict(zip(sites, rng.sample([*used, *rng.sample(used, 2)], 6), strict=True))
    replaced = {site: next(d for d in rng.sample(used, 4) if d != has[site]) for site in rng.sample(sites, 3)}
    file = rng.choice(("sites.ini", "devices.ini", "units.ini"))
    tables = {"sites.ini": dict(has), "devices.ini": dict(sends), "units.ini": dict(FACTORS)}
    key = {"sites.ini": rng.choice(sorted(replaced)), "devices.ini": rng.choice(used), "units.ini": sends[rng.choice(used)]}[
        file
    ]
    tables[file][key] = {
        "sites.ini": replaced.get(key, ""),
        "devices.ini": rng.choice([unit for unit in FACTORS if unit != sends.get(key)]),
        "units.ini": FACTORS.get(key, "") + "0" if key not in ("mg", "g") else "0.01",
    }[file]
    tables["devices.ini"][spare] = next(unit for unit in FACTORS if unit != sends[spare])
    rows = {name: rng.sample(sorted(table), len(table)) for name, table in tables.items()}
    texts = {name: [f"; {name[:-4]}", *(f"{k} = {tables[name][k]}" for k in rows[name])] for name in tables}
    texts["report.py"] = list(REPORT)
    texts["installed.log"] = _installed(rng, has, replaced)
    texts["manual.txt"] = [f"{device} scales send their readings in {sends[device]}." for device in sorted(devices)]
    texts["manual.txt"] += [f"1 {unit} = {factor} kg" for unit, factor in FACTORS.items()]
    texts["check.log"] = [_checked(rng, site, has, sends, tables) for site in sites]
    right = (file, rows[file].index(key) + 2)
    decoy = ("devices.ini", rows["devices.ini"].index(spare) + 2)
    others = [(name, n) for name in ("sites.ini", "devices.ini", "units.ini") for n in (2, 3, 4) if (name, n) != right]
    shown = "\n\n".join(
        f"--- {name}\n" + "\n".join(f"{n} {line}" for n, line in enumerate(texts[name], 1)) for name in sorted(texts)
    )
    return Task(
        prompt="Some weights in `check.log` were reported wrongly: the reported weight is not the one found by hand. The "
        "manual, the installation log, the program and the weights found by hand are right. (The numbers at the left count "
        f"the lines of a file.)\n\n{shown}\n\nWhich one line of which .ini file causes the wrong weights in `check.log`? (A "
        f"mistake that none of them comes from is not meant.) {ASKED} Put the name of the file and the number of the line "
        "there, as in `some.ini, line 9`.",
        grade=pure(lambda trial: _judge_place(trial, right)),
        reference=says(f"ANSWER: {right[0]}, line {right[1]}"),
        variants={
            "short": says(f"**ANSWER: `{right[0]}`:{right[1]}**"),
            "explained": says(f"The other files agree with the manual.\nAnswer: line {right[1]} of {right[0]}."),
        },
        mutants={
            "the unused mistake": says(f"ANSWER: {decoy[0]}, line {decoy[1]}"),
            "the line after": says(f"ANSWER: {right[0]}, line {right[1] + 1}"),
            "another place": says("ANSWER: {}, line {}".format(*rng.choice(others))),
            "file only": says(f"ANSWER: {right[0]}"),
            "several": says(f"ANSWER: {right[0]}, line {right[1]} and {decoy[0]}, line {decoy[1]}"),
            "refusal": says(REFUSAL),
        },
    )


def _installed(rng: Rng, has: Mapping[str, str], replaced: Mapping[str, str]) -> list[str]:
    begun = [(rng.randint(1, 60), f"{replaced.get(site, device)} scale set up at {site}") for site, device in has.items()]
    changed = [(rng.randint(61, 99), f"{replaced[site]} scale at {site} replaced by {has[site]}") for site in sorted(replaced)]
    return [f"day {day}: {text}" for day, text in sorted(begun + changed)]


def _checked(
    rng: Rng, site: str, has: Mapping[str, str], sends: Mapping[str, str], tables: Mapping[str, Mapping[str, str]]
) -> str:
    reading = rng.randint(12, 980)
    reported = reading * float(tables["units.ini"][tables["devices.ini"][tables["sites.ini"][site]]])
    by_hand = reading * float(FACTORS[sends[has[site]]])
    return f"{site}: reading {reading}, reported {_plain(reported)} kg, by hand {_plain(by_hand)} kg"


def _plain(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _judge_place(trial: Trial, right: tuple[str, int]) -> Verdict:
    line = answer_line(trial.text) or ""
    files = re.findall(r"\b\w+\.(?:ini|py|log|txt)\b", line)
    found = (files, several(line))
    return PASS if found == ([right[0]], [right[1]]) else fail(f"{line!r} is not {right[0]}, line {right[1]}")


PROBE = Probe("reason.analysis", 1, _build)
