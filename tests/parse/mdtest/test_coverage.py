"""Every rule, every numbered oddity and every code of the front end has a case in the suites."""

from __future__ import annotations

import re

from mdkit import cases

from skvm.diag import CODES
from skvm.parse.tables import lark_of

CASES = list(cases())
EXPECTED = [line for case in CASES for line in case.expect]

SETTLED_ELSEWHERE = {
    "SKV603": "what is on this machine is not looked at while reading; tests/cli and tests/app",
}
"""Codes of the front end's families that reading a skill does not report."""


def rules(name: str) -> set[str]:
    """Names of a grammar's rules, or of their aliases; rules whose name begins with `_` leave no node."""
    found = {rule.alias or rule.origin.name for rule in lark_of(name).rules}
    inlined = {"heading", "attached", "list", "part"}
    return {str(rule) for rule in found if not str(rule).startswith("_")} - inlined


def test_every_rule_has_a_case() -> None:
    shown = {line.split()[1] for line in EXPECTED if line.startswith("rule ")}
    wanted = {f"document.{r}" for r in rules("document")} | {f"step.{r}" for r in rules("step")}
    assert wanted - shown == set()
    assert shown - wanted == set()


def test_every_numbered_oddity_has_a_case() -> None:
    found = {int(m.group(1)) for case in CASES if (m := re.match(r"Oddity (\d+):", case.title))}
    assert found == set(range(1, 56))


def test_every_code_of_the_front_end_has_a_case() -> None:
    shown = {m for line in EXPECTED if not line.startswith("no ") for m in re.findall(r"\bSKV\d{3}\b", line)}
    families = {number for number in CODES if number[3] in "1269"}
    assert families - shown == set(SETTLED_ELSEWHERE)


def test_every_case_expects_something() -> None:
    assert [case.name for case in CASES if not case.expect] == []


def test_no_two_cases_share_a_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
