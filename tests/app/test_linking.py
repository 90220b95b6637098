"""Skills that hand over to each other: found beside each other, compiled into one plan, told where that cannot be."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from skvm.app.asked import CompileOptions
from skvm.app.compiling import artifact_at
from skvm.app.inputs import expand_inputs
from skvm.app.linking import beside, folders_of
from skvm.app.plans import compile_many
from skvm.app.settings import Settings
from skvm.diag import PlanError
from skvm.plan import Artifact, DelegateNode, load_artifact
from skvm.plan.describe import explain_json, explain_text
from skvm.plan.dry_run import dry_run_json, dry_run_text
from skvm.plan.page import plan_page

HEAD = "---\nname: {name}\ndescription: Does the {name}. Use when the {name} is due.\n---\n# {name}\n\n## Steps\n\n{steps}\n"


def skill(root: Path, name: str, *steps: str) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    lines = "\n".join(f"{i}. {text}" for i, text in enumerate(steps, 1))
    (folder / "SKILL.md").write_text(HEAD.format(name=name, steps=lines))
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


def compiled(folder: Path, settings: Settings) -> Artifact:
    return artifact_at(folder, CompileOptions("sim/strong"), settings)[0]


def told(artifact: Artifact) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in artifact.diagnostics if d.code in ("SKV505", "SKV506")]


FORECAST = ("Use the `cash-flow` skill to get the forecast.", "Write `forecast.md`.")
FLOW = ("Get the rates: `curl -sS https://rates.tidewater.dev/today -o rates.json`", "Read `rates.json` and write `flow.md`.")


def test_a_skill_beside_is_compiled_into_the_plan(tmp_path: Path, settings: Settings) -> None:
    flow, month = skill(tmp_path, "cash-flow", *FLOW), skill(tmp_path, "month-end", *FORECAST)
    made, alone = compiled(month, settings), compiled(flow, settings)
    node = made.plan.nodes[0]
    assert isinstance(node, DelegateNode) and node.skill == "cash-flow"
    assert [s.digest for s in made.skills] == [node.plan] == [alone.digest], "the same plan as when it is compiled by itself"
    assert node.estimate.tokens > 0 and not told(made)
    assert "$step.S1.s1.values" in getattr(made.plan.nodes[1], "inputs", ())
    assert folders_of(made, month) == {alone.digest: flow}
    shutil.copytree(tmp_path / "cash-flow", tmp_path / "else" / "cash-flow")
    shutil.copytree(tmp_path / "month-end", tmp_path / "else" / "month-end")
    assert compiled(tmp_path / "else" / "month-end", settings).digest == made.digest, "wherever the folders lie"


def test_an_edit_of_the_other_skill_is_another_plan_and_never_served_from_the_cache(tmp_path: Path, settings: Settings) -> None:
    flow, month = skill(tmp_path, "cash-flow", *FLOW), skill(tmp_path, "month-end", *FORECAST)

    def digest() -> str:
        (one,) = compile_many(expand_inputs([str(month)]), CompileOptions("sim/strong"), settings, whole=False, jobs=1)
        return one.digest

    before = digest()
    assert digest() == before
    (flow / "SKILL.md").write_text((flow / "SKILL.md").read_text().replace("flow.md", "flow2.md"))
    assert digest() != before


def test_what_is_shown_before_a_run_names_both_skills(tmp_path: Path, settings: Settings) -> None:
    skill(tmp_path, "cash-flow", *FLOW)
    made = compiled(skill(tmp_path, "month-end", *FORECAST), settings)
    text = dry_run_text(made)
    own, _, other = text.partition("the skill cash-flow, in its own steps and nowhere else:")
    assert "host rates.tidewater.dev" in other and "host rates.tidewater.dev" not in own
    assert "S1.s2" in explain_text(made) and "Read rates.json and write flow.md" in explain_text(made).replace("`", ""), (
        "explain shows the steps inside"
    )
    page = plan_page(made)
    assert page.count("<svg") >= 2 and page.count("<marker id=") == len(set(re.findall(r'<marker id="([^"]+)"', page))) == 2
    assert "The skill cash-flow, which a step hands over to" in page
    data = dry_run_json(made)
    assert [s["skill"] for s in data["skills"]] == ["cash-flow"]
    assert {"kind": "bin", "name": "curl", "version": ""} in data["environment"]
    assert [s["skill"] for s in explain_json(made)["skills"]] == ["cash-flow"]


def test_a_missing_skill_is_told_in_one_line(tmp_path: Path, settings: Settings) -> None:
    made = compiled(skill(tmp_path, "month-end", *FORECAST), settings)
    ((code, words),) = told(made)
    assert code == "SKV505" and "cash-flow is not beside this one" in words and "\n" not in words
    node = made.plan.nodes[0]
    assert isinstance(node, DelegateNode) and node.plan == "" and made.skills == ()


def test_a_circle_is_told_and_cut_where_it_would_close(tmp_path: Path, settings: Settings) -> None:
    for name, other in (("draft", "review"), ("review", "polish"), ("polish", "draft")):
        skill(tmp_path, name, f"Use the `{other}` skill to go on.", "Write `out.md`.")
    made = compiled(tmp_path / "draft", settings)
    assert not told(made) and {s.source.name for s in made.skills} == {"review", "polish"}
    polish = next(s for s in made.skills if s.source.name == "polish")
    ((code, words),) = told(polish)
    assert code == "SKV506" and "draft -> review -> polish -> draft" in words
    assert [n.plan for n in polish.plan.nodes if isinstance(n, DelegateNode)] == [""]


def test_a_long_chain_ends(tmp_path: Path, settings: Settings) -> None:
    for i in range(12):
        skill(tmp_path, f"part-{i}", f"Use the `part-{i + 1}` skill to go on.", "Write `out.md`.")
    made = compiled(tmp_path / "part-0", settings)
    assert len(made.skills) == 8
    last = next(s for s in made.skills if s.source.name == "part-8")
    assert [code for code, _ in told(last)] == ["SKV506"]


def test_names_that_are_no_folders_beside_find_nothing(tmp_path: Path) -> None:
    home = skill(tmp_path / "skills", "month-end", "Write `a.md`.")
    skill(tmp_path / "skills", "cash-flow", *FLOW)
    skill(tmp_path, "outside", *FLOW)
    (tmp_path / "skills" / "linked").symlink_to(tmp_path / "outside")
    assert beside(home, "cash-flow") == (tmp_path / "skills" / "cash-flow").resolve()
    assert beside(home, "/tools:cash-flow") == (tmp_path / "skills" / "cash-flow").resolve()
    for name in ("linked", "../outside", "outside", "..", "", "a b", "cash-flow/SKILL.md", "x" * 5000):
        assert beside(home, name) is None, name
    inner = skill(home / "skills", "inner", *FLOW)
    assert beside(home, "inner") == inner.resolve() and beside(None, "inner") is None


def test_a_plan_whose_other_plans_were_edited_or_left_out_is_refused(tmp_path: Path, settings: Settings) -> None:
    skill(tmp_path, "cash-flow", *FLOW)
    made = compiled(skill(tmp_path, "month-end", *FORECAST), settings)
    place = tmp_path / "plan.json"
    place.write_bytes(made.to_bytes())
    assert load_artifact(place) == made
    body = json.loads(place.read_bytes())
    edited = json.loads(json.dumps(body))
    edited["skills"][0]["permissions"]["grants"] = []
    for change, words in ((edited, "cash-flow was edited"), ({**body, "skills": []}, "cash-flow is missing")):
        place.write_text(json.dumps(change))
        with pytest.raises(PlanError, match=words):
            load_artifact(place)
