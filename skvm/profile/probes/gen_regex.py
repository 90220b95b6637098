"""gen.regex: classes and repetition; groups, alternatives and anchors; look-around and named groups.

A pattern is judged by what it finds in strings that the prompt does not show: some with the form asked for, some that just
miss it in one place. Whether it may also be written differently does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from skvm.capability import Level
from skvm.profile.kit.checker import PYTHON
from skvm.profile.kit.instance import Probe, Rng, Task, Trial, Verdict, Workbench
from skvm.profile.kit.lookaround import conditions, contexts
from skvm.profile.kit.patterns import ASKED, Case, How, tried
from skvm.profile.kit.pieces import (
    BACK,
    Piece,
    Said,
    closed,
    letters,
    listed,
    literal,
    of_two_forms,
    one_of,
    optional,
    repeated,
)
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _plain, Level.L2: _grouped, Level.L3: _looking}[level](rng)


def _task(
    prompt: str, how: How, cases: Sequence[Case], right: str, others: Mapping[str, str], slips: Mapping[str, str]
) -> Task:
    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        return await tried(bench, trial.text, how, cases)

    found = [case.text for case in cases if case.matches]
    listing = "|".join(re.escape(text) for text in found[:2])
    return Task(
        prompt=f"{prompt}\n\n{ASKED}",
        grade=grade,
        reference=says(right),
        variants={
            "fenced": says(f"```regex\n{right}\n```"),
            "as a literal": says(f"```python\npattern = re.compile(r'''{right}''')\n```"),
            **{name: says(text) for name, text in others.items()},
        },
        mutants={
            "refusal": says(REFUSAL),
            "only described": says("The pattern matches each part in turn, with anchors at both ends."),
            "hard-coded": says(listing),
            "everything": says("(.*)"),
            "not a pattern": says(right + "("),
            "two patterns": says(f"```\n{right}\n```\nor\n```\n{right}x\n```"),
            **{name: says(text) for name, text in slips.items()},
        },
    )


def _plain(rng: Rng) -> Task:
    """Runs of characters of a set, with texts between them that have to be escaped."""
    ends = ("", coined(rng), rng.choice("|()[]{}"), coined(rng) + rng.choice("|()[]{}"))
    texts = [mark + rng.choice(ends) for mark in rng.sample(".+*?$^", 3)]
    pieces = [literal(texts[2])] if rng.random() < 0.5 else []
    for text in texts[:2]:
        pieces += [repeated(rng, letters(rng, text[0])), literal(text)]
    pieces.append(repeated(rng, letters(rng, ";")))
    prompt = (
        "Write a regular expression. It is used with `re.fullmatch(pattern, text)` on short strings of printable ASCII "
        "characters, and must match those that consist of these parts one directly after another, and no others:"
    )
    return _chain(rng, prompt, pieces, "fullmatch")


def _grouped(rng: Rng) -> Task:
    """Parts with alternatives, lists, things left out and things said twice; what they say is captured."""
    first, second = rng.sample((one_of, of_two_forms, closed), 2)
    gaps = [literal(gap) for gap in rng.sample((" | ", ": . ", " ? ", " ^ ", "* ", " $ ", " (.) "), 2)]
    middle = [first(rng), gaps[0], second(rng), gaps[1], listed(rng)]
    pieces = [*(middle if rng.random() < 0.5 else [middle[2], gaps[0], middle[4], gaps[1], middle[0]]), optional(rng)]
    prompt = (
        "Write a regular expression. It is used with `re.search(pattern, line)` on single lines of printable ASCII characters "
        "(there is no line break in them). It must match a line that consists, from its first to its last character, of these "
        "parts one directly after another (blanks between backticks count), and must not match any other line. What is to be "
        "captured goes into the capturing groups 1, 2, 3 and so on, in the order of the parts; groups for other purposes must "
        "not capture."
    )
    return _chain(rng, prompt, pieces, "search")


def _chain(rng: Rng, told: str, pieces: Sequence[Piece], how: How) -> Task:
    begin, end = ("^", "$") if how == "search" else ("", "")
    right = begin + _joined([piece.pattern for piece in pieces], pieces) + end
    oracle = re.compile(right)
    cases = _right_cases(rng, pieces)
    texts = [case.text for case in cases[:2]]
    missed = [_line(rng, pieces, i, (text, ()))[0] for i, piece in enumerate(pieces) for text in piece.wrong]
    missed += [edge for text in texts for edge in (f"x{text}", f"{text}x", f" {text}", f"{text} ", f"{text} {text}")]
    cases += [Case(text) for text in dict.fromkeys(missed) if not oracle.fullmatch(text)]
    parts = "\n".join(f"{n}. {piece.told}" for n, piece in enumerate(pieces, 1))
    slips = {
        f"{name} ({n})": begin + _joined([*plain[:n], slip, *plain[n + 1 :]], pieces) + end
        for plain in [[piece.pattern for piece in pieces]]
        for n, piece in enumerate(pieces)
        for name, slip in piece.slips.items()
    }
    slips["part left out"] = begin + _joined([piece.pattern for piece in pieces[:-2]], pieces) + end
    if how == "search":
        slips |= {"no beginning": right.removeprefix("^"), "no end": right.removesuffix("$")}
    other = _joined([piece.other for piece in pieces], pieces)
    others = {"written otherwise": other if how == "fullmatch" else rf"\A{other}\Z"}
    shown = "\n".join(f"`{case.text}`" for case in rng.sample([case for case in cases if case.matches], 2))
    return _task(f"{told}\n{parts}\n\nTwo strings that it matches:\n{shown}", how, cases, right, others, slips)


def _right_cases(rng: Rng, pieces: Sequence[Piece]) -> list[Case]:
    """Every text of every piece once, among texts of the others."""
    lines = [_line(rng, pieces, i, said) for i, piece in enumerate(pieces) for said in piece.right]
    return [Case(text, [{str(n): group for n, group in enumerate(groups, 1)}]) for text, groups in lines]


def _line(rng: Rng, pieces: Sequence[Piece], place: int, said: Said) -> Said:
    """A line with a given text in one place and texts of the right form in the others."""
    parts = [said if i == place else rng.choice(piece.right) for i, piece in enumerate(pieces)]
    return "".join(text for text, _ in parts), tuple(group for _, groups in parts for group in groups)


def _joined(patterns: Sequence[str], pieces: Sequence[Piece]) -> str:
    """The patterns of pieces in a row, with references to the groups that they have there."""
    found, before = "", 0
    for pattern, piece in zip(patterns, pieces, strict=False):
        found += pattern.replace(BACK, f"\\{before + 1}")
        before += len(piece.right[0][1])
    return found


def _looking(rng: Rng) -> Task:
    """Texts that count only next to others, or strings under several conditions at once."""
    rules = rng.choice((contexts, conditions))(rng)
    return _task(rules.told, rules.how, rules.cases, rules.right, rules.others, rules.slips)


PROBE = Probe("gen.regex", 1, _build, programs=(PYTHON,))
