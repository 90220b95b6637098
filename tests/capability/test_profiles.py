from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skvm.capability import (
    Cell,
    Level,
    Profile,
    Target,
    find_profile,
    known_harnesses,
    list_profiles,
    load_catalog,
    load_prices,
    load_profile,
    parse_target,
)
from skvm.capability.profiles import model_key, shipped_profiles
from skvm.diag import UsageError
from skvm.source import data_path

ROOT = Path(__file__).resolve().parents[2]
LEVELS = ROOT.parent / "shared" / "data" / "profiles" / "levels.csv"


def test_catalog_has_the_26_primitives_in_four_categories() -> None:
    catalog = load_catalog()
    assert len(catalog.primitives) == 26
    per = {c: sum(p.category == c for p in catalog.primitives) for c in {p.category for p in catalog.primitives}}
    assert per == {"generation": 9, "reasoning": 5, "tool_use": 7, "instruction_following": 5}
    for primitive in catalog.primitives:
        assert set(primitive.levels) == {Level.L1, Level.L2, Level.L3}
        assert set(primitive.hints) <= {Level.L2, Level.L3}
        assert catalog.get(primitive.id) is primitive
    assert [p.id for p in catalog.primitives if Level.L2 not in p.hints] == ["tool.browser"]
    with pytest.raises(KeyError):
        catalog.get("gen.code.cobol")


def test_every_shipped_profile_validates_and_is_called_as_its_file() -> None:
    known = {p.id for p in load_catalog().primitives}
    for path in sorted(data_path("profiles").rglob("*@*.json")):
        profile = load_profile(path)
        assert profile.name == path.stem == f"{profile.model.split('/')[-1]}@{profile.harness}"
        assert set(profile.cells) <= known
        assert profile.source and profile.measured and not profile.synthetic
        assert profile.harness in known_harnesses()
    assert sum(not p.synthetic for p in shipped_profiles()) == 20
    assert [p.name for p in shipped_profiles() if p.synthetic] == ["strong", "weak"]
    for profile in shipped_profiles():
        if profile.synthetic:
            assert set(profile.cells) == known and "synthetic" in profile.source


def test_counts_are_possible() -> None:
    for profile in shipped_profiles():
        for primitive, cell in profile.cells.items():
            assert cell.level is not None, (profile.name, primitive)
            assert all(0 <= passed <= n for passed, n in cell.counts.values())


@pytest.mark.skipif(not LEVELS.is_file(), reason="the measured levels are not beside the checkout")
def test_levels_agree_with_the_measured_table() -> None:
    rows = list(csv.DictReader(LEVELS.open(encoding="utf-8")))
    assert len(rows) == 20
    for row in rows:
        match = find_profile(Target(model=row["model"], harness=row["harness"]))
        assert match.profile is not None and match.profile.harness == row["harness"]
        assert match.profile.measured == row["date"]
        seen = {p.id: "" for p in load_catalog().primitives}
        seen |= {k: c.level or "" for k, c in match.profile.cells.items()}
        assert seen == {p: row[p] for p in seen}


def test_targets_split_only_at_a_known_harness() -> None:
    assert parse_target("openai/gpt-5.4@openclaw") == Target(model="openai/gpt-5.4", harness="openclaw")
    assert parse_target("vertex_ai/claude-opus-4-6@default") == Target(model="vertex_ai/claude-opus-4-6@default")
    assert parse_target("sim/qwen3.5-9b@bare-agent").model == "sim/qwen3.5-9b@bare-agent"
    with pytest.raises(UsageError):
        parse_target(" ")


def test_finding() -> None:
    exact = find_profile(parse_target("qwen/qwen3.5-9b@openclaw"))
    assert exact.profile is not None and exact.profile.name == "qwen3.5-9b@openclaw"
    near = find_profile(parse_target("openrouter/anthropic/claude-opus-4-6-20260205"))
    assert near.profile is not None and near.profile.name == "claude-opus-4.6@bare-agent"
    assert "was not measured on builtin" in near.note
    none = find_profile(parse_target("some/model"))
    assert none.profile is None and "never measured" in none.note
    for text in ("sim/strong", "sim/qwen3.5-9b@bare-agent"):
        match = find_profile(parse_target(text))
        assert match.profile is not None and text.endswith(match.profile.name)
    with pytest.raises(UsageError, match="no profile is called nothing"):
        find_profile(parse_target("sim/nothing"))


def test_own_folder_comes_first_and_broken_files_are_named(tmp_path: Path) -> None:
    own = Profile(
        name="strong", model="sim/strong", harness="builtin", synthetic=True, cells={"gen.regex": Cell(level=Level.L1)}
    )
    (tmp_path / "strong.json").write_text(own.model_dump_json())
    match = find_profile(parse_target("sim/strong"), [tmp_path, tmp_path / "absent"])
    assert match.profile == own
    assert len(list_profiles([tmp_path])) == len(list_profiles())
    (tmp_path / "bad.json").write_text('{"name": "x"}')
    with pytest.raises(UsageError, match=r"bad\.json"):
        try:
            list_profiles([tmp_path])
        except UsageError as error:
            raise UsageError(error.line()) from None
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(UsageError):
        load_profile(tmp_path / "bad.json")


def test_prices() -> None:
    table = load_prices()
    assert "unverified" in table.source and table.date
    for profile in shipped_profiles():
        if not profile.synthetic:
            assert table.get(profile.model) is not None, profile.model
    price = table.get("anthropic/claude-opus-4-6")
    assert price is not None and price.cost(1_000_000, 1_000_000) == pytest.approx(30.0)
    assert price.cost(1_000_000, 0, cached=1_000_000) == pytest.approx(0.5)
    assert table.get("sim/strong") is None


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_target_text_survives(text: str) -> None:
    if text.strip():
        target = parse_target(text)
        assert str(target) == text or target.harness == "builtin"
    assert model_key("vendor/" + text) == model_key(text)
