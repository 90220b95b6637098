"""What the result of a call must look like: what was constant in all observed ones, and limits for what varied.

Comes in: the texts that one call gave in each observation, and what the code uses of them. Goes out: the stored shape that
`prove.apply.unexpected` holds later results against (see `SolidCall.result`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skvm.jit.generalise.parts import parsed
from skvm.jit.generalise.patterns import FREE_AFTER, covering, ignored
from skvm.jit.generalise.unify import Column, Unifier, spelled
from skvm.plan import CallRecord, Template, Unfilled, Var, encode, match_tree
from skvm.plan.guards import SCALARS, json_type
from skvm.plan.ranges import reach
from skvm.source import digest_text

MAX_SHOWN = 2000
MAX_LINES = 40


class Abstain(Exception):
    """There is no code that the observations prove; the message says why."""


def type_of(column: Column, mixed: bool = False) -> str:
    """JSON type of all values of a hole; raises Abstain when they are of several, unless `mixed` allows any scalars."""
    kinds = {json_type(v) for v in column}
    if kinds == {"integer", "number"}:
        return "number"
    if mixed and len(kinds) > 1 and kinds <= SCALARS:
        return "scalar"
    if len(kinds) > 1:
        raise Abstain(f"a hole holds values of several types: {', '.join(sorted(kinds))}")
    return kinds.pop()


def encoded(template: Template) -> Any:
    """Stored form of a template; raises Abstain for one that cannot be stored."""
    try:
        return encode(template)
    except ValueError as error:
        raise Abstain(str(error)) from None


def seen_result(call: CallRecord) -> str:
    """What of a result is compared: standard output of a command, else the text the model saw."""
    return call.stdout if call.stdout is not None else call.result


def result_shape(texts: Sequence[str], used: frozenset[str] = frozenset(), news: str = "all") -> Any:
    """What was constant in the results of one call (see `SolidCall.result`); `used` are spelled columns that later calls hold.

    `news` is `none` for a call that only confirms what it was given, `last` where no call comes after it: then a text
    without a form can decide no call any more; `passed` for one whose text as a whole is passed on changed, and with it all
    single values in it. Raises Abstain for results before other calls that vary without a form, unless `FREE_AFTER`
    different ones changed nothing.
    """
    if len(set(texts)) == 1:
        return {"same": texts[0]} if len(texts[0]) <= MAX_SHOWN else {"digest": digest_text(texts[0])}
    for reading in ("json", "lines"):
        trees = [read_result(t, reading) for t in texts]
        shape = _shape(reading, trees, used, news) if all(t is not None for t in trees) else None
        if shape is not None:
            return shape
    if news in ("all", "passed") and len(set(texts)) < FREE_AFTER:
        raise Abstain(f"what was read differs without a form, and {len(set(texts))} of {FREE_AFTER} such results were seen")
    heads = {t.partition("\n")[0] for t in texts}
    return {"head": heads.pop()} if len(heads) == 1 and all("\n" in t.strip() for t in texts) else None


def _shape(reading: str, trees: list[Any], used: frozenset[str], news: str) -> Any:
    unifier = Unifier("r", stop=whole_texts if reading == "json" else lambda column: False)
    template = unifier.unify(trees)
    if isinstance(template, Var) and reading == "lines":
        return None
    try:
        holes = {name: [type_of(column), *result_limits(column, used, news)] for name, column in unifier.table.items()}
    except Abstain:
        return None
    if reading == "lines" and any(isinstance(match_tree(template, tree), str) for tree in trees):
        return None  # the lines can be read in more than one way
    return {"as": reading, "template": encoded(template), "holes": holes}


def item_shape(items: list[Any], used: frozenset[str]) -> Any:
    """What every item of a list looked like; `used` are spelled columns of its parts that calls hold. Raises Abstain."""
    found = _shape("json", items, used, "all")
    if found is None:
        raise Abstain("the items of a list are of several kinds")
    return found


def whole_texts(column: Column) -> bool:
    """Texts in data differ as a whole."""
    return all(isinstance(v, str) for v in column)


def result_limits(column: Column, used: frozenset[str], news: str) -> tuple[str, str]:
    """Pattern and range of what stands in one place of a result, by whether the code uses it; empty where none fits."""
    if any(isinstance(v, str) and not 0 < len(v) <= 200 for v in column):
        return "", ""
    texts, taken = all(isinstance(v, str) for v in column), spelled(list(column)) in used
    taken = taken or (news == "passed" and not any(isinstance(v, (dict, list)) for v in column))
    limits = reach(column) if taken or news != "none" else ""
    if taken:
        return covering(column) if texts else "", limits
    return ignored(column) if texts or not (limits or news == "none") else "", limits


def read_result(text: str, reading: str) -> Any:
    """A result as JSON (objects and arrays) or as its lines (at most `MAX_LINES`); None where it is not that."""
    if reading == "lines":
        lines = text.split("\n")
        return lines if len(lines) <= MAX_LINES and len(text) <= MAX_SHOWN else None
    try:
        tree = parsed(text)
    except Unfilled:
        return None
    return tree if isinstance(tree, (dict, list)) else None
