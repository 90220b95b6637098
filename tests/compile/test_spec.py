from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from skvm.compile import DEFAULT_PIPELINE, CompileRequest, Pass, Unit, compile_program
from skvm.compile.manager import run_passes
from skvm.compile.passes import PASSES
from skvm.compile.registry import known_passes, pipeline
from skvm.compile.spec import build, parse_spec
from skvm.diag import InternalError, UsageError

from .build import Draft, compiled, program, reading

MADE = program([Draft("Read `a.md`.", [reading("a.md")]), Draft("Read `b.md`.", [reading("b.md")])])


def test_the_default_pipeline_is_the_text_of_all_passes() -> None:
    assert ",".join(PASSES) == DEFAULT_PIPELINE
    assert [p.id for p in pipeline(None)] == list(PASSES)


def test_options_are_json_or_words() -> None:
    spec = parse_spec('lower, transform{at_most=2} ,x{a="b, c",d=true}')
    assert [(s.id, s.options) for s in spec] == [("lower", {}), ("transform", {"at_most": 2}), ("x", {"a": "b, c", "d": True})]


@pytest.mark.parametrize("text", ["", " ", "lower,", "lower{", "Lower", "lower;bind", "lower{x}", "lower{at most=1}"])
def test_what_is_not_a_pipeline_is_said_so(text: str) -> None:
    with pytest.raises(UsageError):
        parse_spec(text)


def test_everything_unknown_is_reported_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        build(parse_spec("lower,nope,transform{at_most=two,other=1},neither"), PASSES)
    for words in ("no pass is called nope", "no pass is called neither", "has no option other", "takes a int"):
        assert words in str(caught.value)


def test_missing_facts_are_reported() -> None:
    with pytest.raises(UsageError, match=r"bind needs requirements, which no pass before it gives"):
        pipeline("lower,effects,bind")


def test_a_short_pipeline_still_gives_an_artifact() -> None:
    artifact = compiled(MADE, passes="lower,emit")
    assert [n.id for n in artifact.plan.nodes] == ["S1.s1", "S1.s2"]
    assert [r.id for r in artifact.pipeline] == ["lower", "emit"]


@pytest.mark.parametrize(
    "asked", [{"passes": "lower,emit"}, {"passes": "lower,effects,emit"}, {"stop_after": "lower"}, {"stop_after": "effects"}]
)
def test_nothing_overlaps_in_a_plan_without_a_search_for_hazards(asked: dict[str, str]) -> None:
    """Law 5: what was not proved independent keeps the author's order."""
    assert [(e.before, e.after) for e in compiled(MADE, **asked).plan.edges] == [("S1.s1", "S1.s2")]
    assert not compiled(MADE, stop_after="dependencies").plan.edges


def test_stop_after_and_print_after() -> None:
    seen: list[tuple[str, str]] = []
    artifact = compiled(
        MADE, stop_after="effects", print_after=("lower", "effects"), show=lambda name, text: seen.append((name, text))
    )
    assert [name for name, _ in seen] == ["lower", "effects"]
    assert "step S1.s1 [model] (anything)" in seen[0][1] or "step S1.s1 [model] (pure)" in seen[0][1]
    assert "r:a.md" in seen[1][1]
    assert [r.id for r in artifact.pipeline] == ["lower", "effects"] and artifact.bindings == ()
    with pytest.raises(UsageError, match="not in the pipeline: nope"):
        compiled(MADE, stop_after="nope")


def test_records_name_pass_version_options_and_digest() -> None:
    artifact = compiled(MADE)
    assert [r.id for r in artifact.pipeline] == list(PASSES)
    assert all(r.output.startswith("sha256:") for r in artifact.pipeline if r.id != "emit")
    assert next(r for r in artifact.pipeline if r.id == "transform").options == {"at_most": 4, "only": ""}


@dataclass(frozen=True)
class BadPass(Pass):
    """Leaves an edge that runs backwards."""

    id: ClassVar[str] = "bad"
    gives: ClassVar[tuple[str, ...]] = ("edges",)

    def run(self, unit: Unit) -> Unit:
        """Turns every edge around."""
        return replace(unit, edges=tuple(e.model_copy(update={"before": e.after, "after": e.before}) for e in unit.edges))


class FailingPass(Pass):
    """Raises what no pass may raise."""

    id: ClassVar[str] = "failing"

    def run(self, unit: Unit) -> Unit:
        """Does nothing but that."""
        raise KeyError("oops")


def test_an_invalid_unit_is_a_bug_of_the_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = program([Draft("Think."), Draft("Think again.")])
    unit = Unit(*chain, CompileRequest(target=_target()))
    with pytest.raises(UsageError, match=r"the pass bad left an invalid plan: an edge runs backwards") as caught:
        run_passes(unit, (*pipeline("lower,effects,dependencies"), BadPass()))
    assert caught.value.where == f"{__name__}:BadPass"
    with pytest.raises(UsageError, match=r"the pass failing failed: KeyError: 'oops'"):
        run_passes(unit, (FailingPass(),))
    monkeypatch.setattr(BadPass, "__module__", "skvm.compile.passes.bad")
    monkeypatch.setattr(FailingPass, "__module__", "skvm.compile.passes.bad")
    with pytest.raises(InternalError, match=r"the pass bad left an invalid plan"):
        run_passes(unit, (*pipeline("lower,effects,dependencies"), BadPass()))
    with pytest.raises(KeyError):
        run_passes(unit, (FailingPass(),))


def _target():
    from skvm.capability import Target

    return Target(model="any/model")


@dataclass(frozen=True)
class OwnPass(Pass):
    """A pass of a user."""

    id: ClassVar[str] = "own"
    needs: ClassVar[tuple[str, ...]] = ("nodes",)
    gives: ClassVar[tuple[str, ...]] = ("nodes",)

    def run(self, unit: Unit) -> Unit:
        """Marks every title."""
        return unit.with_nodes(lambda n: n.model_copy(update={"title": n.title + "!"}))


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group="skvm.passes")


def test_passes_of_users_come_through_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    own = point("own", f"{__name__}:OwnPass")
    monkeypatch.setattr("skvm.compile.registry.entry_points", lambda group: [own])
    artifact = compiled(MADE, passes="lower,own,emit")
    assert all(n.title.endswith("!") for n in artifact.plan.nodes)


def test_one_id_has_one_owner() -> None:
    rows = [point("own", f"{__name__}:OwnPass"), point("own", "somewhere:Else"), point("lower", f"{__name__}:OwnPass")]
    with pytest.raises(UsageError) as caught:
        known_passes(rows)
    text = str(caught.value)
    assert f"{__name__}:OwnPass" in text and "somewhere:Else" in text and "lower is given twice: by skvm" in text


def test_a_broken_entry_point_is_named() -> None:
    with pytest.raises(UsageError, match=r"absent_module:X .*cannot be loaded"):
        known_passes([point("x", "absent_module:X")])
    with pytest.raises(UsageError, match="is not a Pass whose id is y"):
        known_passes([point("y", f"{__name__}:OwnPass")])


def test_compile_needs_a_request_only() -> None:
    assert compile_program(*MADE, CompileRequest(_target())).digest.startswith("sha256:")
