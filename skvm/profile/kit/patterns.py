"""Regular expressions that a model wrote: found in an answer, and tried on strings with what they must find there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from skvm.profile.kit.bodies import sole_block
from skvm.profile.kit.checker import checked
from skvm.profile.kit.instance import PASS, Verdict, Workbench, fail

How = Literal["fullmatch", "search", "finditer"]
"""The function of `re` that a pattern is used with."""

Found = Mapping[str, str | None]
"""A match: text by group, `0` being the match as a whole; None where a group takes no part (an empty text is as good)."""

QUOTED = re.compile(r"(?:\w+\s*=\s*)?(?:re\.compile\(\s*)?[rR]?('''|\"\"\"|'|\")(.*)\1\s*\)?\s*;?", re.DOTALL)
SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)\s?(.+?)\s?(?<!`)\1(?!`)")
ASKED = (
    "The pattern is for the module `re` of Python; no flags are passed to it. Answer with the pattern alone, in one code "
    "block: no quotes or slashes around it and no explanation."
)


@dataclass(frozen=True)
class Case:
    """A string and the matches that a pattern must find in it, none or more."""

    text: str
    matches: Sequence[Found] = ()


def patterns_in(answer: str) -> list[str]:
    """Readings of an answer as one pattern, the plainest first; none where it shows several."""
    text = sole_block(answer)
    if text is None:
        return []
    spans = [match.group(2) for match in SPAN.finditer(text)]
    readings = [text, text.strip()]
    if len(spans) == 1:
        readings.append(spans[0])
    quoted = QUOTED.fullmatch(text.strip())
    if quoted:
        readings.append(quoted.group(2))
    if re.fullmatch(r"/.*/", text.strip(), re.DOTALL):
        readings.append(text.strip()[1:-1])
    return list(dict.fromkeys(reading for reading in readings if reading))


async def tried(bench: Workbench, answer: str, how: How, cases: Sequence[Case]) -> Verdict:
    """Passed when a reading of the answer finds in every string what it must."""
    readings = patterns_in(answer)
    if not readings:
        return fail("there is not one pattern in the answer")
    data = {"patterns": readings, "how": how, "texts": [case.text for case in cases]}
    results = await checked(bench, PROGRAM, data)
    if results is None:
        return fail("the pattern does not come to an end on short strings")
    reasons = [_wrong(result, cases) for result in results]
    return fail(reasons[0]) if all(reasons) else PASS


def _wrong(result: Any, cases: Sequence[Case]) -> str:
    """The first string with which something else comes out, in words; empty when there is none."""
    if isinstance(result, str):
        return f"not a pattern: {result}"
    for case, found in zip(cases, result, strict=True):
        if len(found) != len(case.matches):
            return f"{len(found)} matches instead of {len(case.matches)} in {case.text!r}"
        for match, wanted in zip(found, case.matches, strict=True):
            for name, text in wanted.items():
                if name not in match:
                    return f"there is no group {name}"
                if (match[name] or "") != (text or ""):
                    return f"group {name} is {match[name]!r} in {case.text!r}"
    return ""


PROGRAM = r"""
import json, re, warnings
warnings.simplefilter("ignore")
with open("data.json", encoding="utf-8") as file:
    data = json.load(file)


def groups(match):
    numbered = {str(n): match.group(n) for n in range(match.re.groups + 1)}
    return {**numbered, **match.groupdict()}


def matches(pattern, text):
    if data["how"] == "finditer":
        return [groups(match) for match in pattern.finditer(text)]
    match = getattr(pattern, data["how"])(text)
    return [groups(match)] if match else []


def result(source):
    try:
        pattern = re.compile(source)
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        return str(error)
    return [matches(pattern, text) for text in data["texts"]]


print(json.dumps([result(source) for source in data["patterns"]]))
"""
