"""gen.code.html: headings, lists and links; sections, forms, tables and a drawing; a chart, columns by width, accessibility.

A page is read into a tree, whose parts are tested one by one; how it is laid out, and what more it holds, does not matter.
"""

from __future__ import annotations

from skvm.capability import Level
from skvm.profile.kit.data import Unreadable
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.markup import page
from skvm.profile.kit.pagespec import Page, failing
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.richpages import rich
from skvm.profile.kit.simplepages import outline, sections


def _build(level: Level, rng: Rng) -> Task:
    asked = {Level.L1: outline, Level.L2: sections, Level.L3: rich}[level](rng)
    changed = {name: asked.right.replace(old, new) for name, (old, new) in asked.slips.items()}
    assert asked.right not in changed.values(), "a slip that changes nothing"
    return Task(
        prompt=f"Write a web page as one HTML file. {asked.told}\n\nThe texts given in backticks are to be taken over to the "
        f"letter. Answer with the whole page, from its doctype to its end, in one code block, and no explanation.",
        grade=pure(lambda trial: _judge(trial, asked)),
        reference=says(asked.right),
        variants={
            "fenced": says(f"Here is the page:\n\n```html\n{asked.right}\n```\n"),
            "written otherwise": says(asked.other),
            "on one line": says(asked.right.replace("\n", " ")),
        },
        mutants={
            "refusal": says(REFUSAL),
            "only described": says("The page has a heading, a list and links as asked."),
            "cut short": says(asked.right[: len(asked.right) * 3 // 4]),
            "escaped": says(asked.right.replace("<", "&lt;")),
            "twice": says(f"```html\n{asked.right}\n```\n```html\n{asked.right}\n```"),
            **{name: says(text) for name, text in changed.items()},
        },
    )


def _judge(trial: Trial, asked: Page) -> Verdict:
    try:
        wrong = failing(page(trial.text), asked.tests)
    except Unreadable as error:
        return fail(str(error))
    return fail(f"not as asked: {', '.join(wrong[:4])}") if wrong else PASS


PROBE = Probe("gen.code.html", 2, _build)
