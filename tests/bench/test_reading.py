"""The measurements of the front end, on a corpus of a few texts made here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.reading import PARTS, declared, gold, mutated, requirements
from bench.reading.command import broken
from bench.reading.common import SHARED, bundles, in_child, share, wilson, with_bundle
from bench.reading.shapes import SHAPES

BODY = "# Steps\n\n1. Run `jq . a.json`.\n2. Set `ACME_TOKEN` and run `curl -H $ACME_TOKEN https://x.example`.\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    place = tmp_path / "corpus"
    (place / "one").mkdir(parents=True)
    for index in range(3):
        (place / "one" / f"s{index}.md").write_text(f"---\nname: s{index}\ndescription: Does things. Use it.\n---\n{BODY}")
    rows = [{"path": "one/s0.md", "bins": ["jq", "absent-tool"], "env": ["ACME_TOKEN"], "primary_env": "ACME_TOKEN"}]
    (place / "declared_requirements.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (place / "bundles.jsonl").write_text(
        json.dumps({"path": "one/s1.md", "files": [["lib/own_tool.py", 10]], "truncated": False})
    )
    return place


def measured(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["reading", "--jobs", "1", "--format", "json", *words]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_lossless_counts_texts_and_open_bytes(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = measured(capsys, "--part", "lossless", "--corpus", str(corpus))["lossless"]
    assert row["texts"] == 3 and row["exceptions"] == [] and row["verifier"] == []
    assert row["byte_exact"]["hits"] == row["byte_exact"]["n"] == 3
    assert set(row["open_share"]) == {"has_procedure", "kind_procedural", "all"}
    assert row["open_share"]["all"]["max"] <= 1


def test_stable_compares_other_interpreters(corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr("bench.reading.stable.SEEDS", 2)
    words = ("--part", "stable", "--corpus", str(corpus), "--python", sys.executable)
    row = measured(capsys, *words)["stable"]
    assert row["texts"] == 3 and row["folders"] >= 8
    assert [run["hits"] == run["n"] > 0 for run in row["runs"]] == [True] * 3
    assert row["differing"] == {}


def test_a_digest_that_differs_is_told(corpus: Path, tmp_path: Path, monkeypatch) -> None:
    from bench.reading import stable
    from bench.reading.common import Options

    fake = {"python": "0", "digests": {}}
    real = stable.digests
    monkeypatch.setattr(stable, "SEEDS", 2)
    monkeypatch.setattr(stable, "digests", lambda *a, **k: real(*a, **k) if k["hash_seed"] == 0 else fake)
    result = stable.measure(Options(corpus=corpus))
    assert len(result["differing"]) >= 3 and broken(result)
    assert any(line.startswith("DIFFERS") for line in stable.text(result))


def test_mutated_measures_a_shape_in_a_child(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = measured(capsys, "--part", "mutated", "--corpus", str(corpus), "--shape", "YAML of maps")["mutated"]
    assert [s["stage"] for s in row["shapes"]] == ["read", "order"]
    assert all(s["ratio"] >= 0 and s["bytes_2n"] > s["bytes_n"] for s in row["shapes"])
    assert row["exceptions"] == [] == row["not_exact"]


def test_a_child_that_dies_or_hangs_is_a_finding() -> None:
    import os
    import time

    def busy() -> dict[str, Any]:
        while True:
            pass

    assert in_child(lambda: {"a": 1}) == {"a": 1}
    assert "code 7" in in_child(lambda: os._exit(7))["exception"]
    assert in_child(lambda: time.sleep(60) or {}, seconds=0.1)["exception"].startswith("no end")
    assert in_child(busy, seconds=1)["exception"].startswith("no end")
    assert broken({"exceptions": ["x"]}) and not broken({"exceptions": []})


def test_shapes_grow_in_proportion() -> None:
    for name, shape in SHAPES.items():
        small, large = len(shape.make(shape.tiny)), len(shape.make(2 * shape.tiny))
        assert 1.2 < large / small < 2.4, name


def test_declared_looks_at_the_body_alone(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = measured(capsys, "--part", "declared", "--corpus", str(corpus), "--sample", "5")["declared"]
    assert row["bin"]["in_body"]["hits"] == 1 and row["bin"]["in_body"]["n"] == 2
    assert row["bin"]["recall"]["hits"] == 1 and row["env"]["recall"]["hits"] == 1 == row["env"]["recall"]["n"]
    assert [e["name"] for e in row["sample"]] == ["curl"] and "curl" in row["sample"][0]["text"]
    assert row["packages"]["standard_library"] == [] == row["packages"]["own_modules"]
    assert declared.strip_front(b"\xef\xbb\xbf---\r\nbins: [jq]\r\n---\r\nx") == b"x"
    assert declared.strip_front(b"# no front\n---\n") == b"# no front\n---\n"
    assert declared.whole_word("go", "gopher ago go.") == 11 and declared.whole_word("go", "gopher") is None


def test_bundle_names_are_known_to_the_reader(corpus: Path) -> None:
    from bench.reading.common import Options

    files = bundles(Options(corpus=corpus))["one/s1.md"]
    assert with_bundle(corpus / "one" / "s1.md", files).paths == {"s1.md", "lib/own_tool.py"}


def test_gold_scores_halves_beside_the_bars(capsys: pytest.CaptureFixture[str]) -> None:
    if not (SHARED / "gold" / "score.py").is_file():
        pytest.skip("no gold annotations beside the checkout")
    row = measured(capsys, "--part", "gold", "--limit", "2")["gold"]
    assert row["skills"] == 2 == sum(row["halves"].values()) and row["failed"] == []
    assert set(gold.AIMS) >= {"steps", "order"} and row["all"]["kind"]["n"] == 2
    assert len(gold.text(row)) > len(gold.AIMS)


def test_gold_without_annotations_is_a_usage_error(corpus: Path) -> None:
    assert main(["reading", "--part", "gold", "--corpus", str(corpus), "--gold", str(corpus)]) == 2
    assert main(["reading", "--corpus", str(corpus / "none")]) == 2


def test_speed_counts_skills_and_modules(corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setattr("bench.reading.speed.REPEATS", 1)
    row = measured(capsys, "--part", "speed", "--corpus", str(corpus), "--profile")["speed"]
    assert row["skills"] == 3 and row["warm_ms"]["both"]["median"] > 0
    assert row["check"]["cold"]["cpu"] > 0 and row["version"]["modules"] > 10
    assert not {"litellm", "networkx"} & set(row["version"]["heavy"])
    assert any("tottime" in line for line in row["profile"])


def test_text_is_printed_for_every_part(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [w for part in ("lossless", "declared", "dependencies", "mutated") for w in ("--part", part)]
    assert main(["reading", *words, "--corpus", str(corpus), "--shape", "YAML of maps", "--jobs", "1"]) == 0
    shown = capsys.readouterr().out
    assert all(f"== {part}" in shown for part in ("lossless", "declared", "dependencies", "mutated"))
    assert len(PARTS) == 8 and mutated.TARGET == 2.5


def test_intervals_are_wilson_s() -> None:
    low, high = wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)  # the worked example of most textbooks
    assert wilson(0, 0) == (0.0, 1.0) and share(0, 0)["share"] is None


def test_the_constant_knows_all_skills_but_the_one_it_is_asked_about() -> None:
    gold_levels = [{"a": "L1", "b": "L3"}, {"a": "L1"}, {"a": "L2"}, {"c": "L3"}]
    read = [{"a": "L1", "b": "L1"}, {"a": "L3", "c": "L1"}, {}, {"c": "L2"}]
    found = requirements.cases(["w", "x", "y", "z"], read, gold_levels)
    assert [case.constant for case in found] == [{"a": "L1", "b": "L2"}, {"a": "L1"}, {"a": "L1"}, {"c": "L2"}]
    row = requirements.figures(found)
    assert (row["gold"], row["read"], row["right"], row["f1"]) == (5, 5, 4, 0.8)
    assert (row["level"], row["within_one"], row["constant"], row["above_constant"]) == (0.25, 0.5, 0.5, -0.25)
    assert requirements.by_primitive(found)["c"]["f1"] == round(2 / 3, 4)
    assert requirements.figures([])["f1"] is None and requirements.intervals([], 1) == {}


def test_requirements_agree_with_the_scorer(capsys: pytest.CaptureFixture[str]) -> None:
    if not (SHARED / "gold" / "score.py").is_file():
        pytest.skip("no gold annotations beside the checkout")
    ours = measured(capsys, "--part", "requirements", "--limit", "4")["requirements"]
    theirs = measured(capsys, "--part", "gold", "--limit", "4")["gold"]["all"]
    assert ours["all"]["f1"] == pytest.approx(theirs["requirements"]["f1"], abs=1e-4)
    assert ours["all"]["level"] == pytest.approx(theirs["requirement_level"]["accuracy"], abs=1e-4)
    assert len(requirements.text(ours)) > len(ours["primitives"])
