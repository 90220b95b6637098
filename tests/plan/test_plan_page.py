"""The page of a plan: everything is on it, nothing overlaps, nothing injected runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from skvm.app.asked import CompileOptions
from skvm.app.compiling import compile_source
from skvm.app.settings import Settings
from skvm.plan import Artifact
from skvm.plan.page import plan_page
from skvm.plan.page.drawing import Drawing, Placed
from skvm.source import skill_from_bytes

CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
NOWHERE = Settings(Path("/nonexistent"), Path("/nonexistent"))
HOSTILE = "<script>document.title='owned'</script>\"'&</title></text>"
SKILL = f"""---
name: made
description: Makes things. Use when things are to be made.
---
# Made

## Steps

1. Read `a.txt` and write `a.md`. {HOSTILE}
2. Read `b.txt` and write `b.md`. Run steps 1 and 2 in parallel.
3. For each note in `notes/*.md`, write a card.
4. If the decision is `yes`, write `yes.md`.
5. If the decision is `no`, write `no.md`.
6. Ask the user whether to go on.
"""


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    options = CompileOptions(
        "qwen/qwen3.5-9b@bare-agent", pool=("deepseek/deepseek-v3.2@bare-agent", "anthropic/claude-opus-4.6@bare-agent")
    )
    return compile_source(skill_from_bytes(SKILL.encode()), options, NOWHERE)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action") or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.said += data


def test_everything_is_on_the_page_and_nothing_is_loaded(artifact: Artifact) -> None:
    page = Tags()
    page.feed(plan_page(artifact))
    assert "script" not in page.names and page.links == []
    for node in artifact.plan.nodes:
        assert node.id in page.said
    for binding in artifact.bindings:
        assert binding.reason in page.said
    assert page.said.count(" after ") >= len(artifact.plan.edges)


def test_the_front_is_shown_where_there_is_one(artifact: Artifact) -> None:
    assert artifact.assignment is not None
    point = artifact.assignment.totals
    surer = point.model_copy(update={"cost": 1.25, "success": 0.999})
    front = artifact.assignment.model_copy(update={"front": (point, surer)})
    page = plan_page(artifact.model_copy(update={"assignment": front}))
    assert "What more success would cost" in page and "<td>$1.2500</td><td>0.999</td>" in page
    alone = artifact.assignment.model_copy(update={"front": (point,)})
    assert "What more success" not in plan_page(artifact.model_copy(update={"assignment": alone}))


def every(rows: list[Placed]) -> list[Placed]:
    return [one for row in rows for one in (row, *every(row.inner))]


def test_boxes_do_not_overlap_and_edges_run_to_the_right(artifact: Artifact) -> None:
    drawing = Drawing(artifact)
    assert {one.node.id for one in every(drawing.top)} == {node.id for node in artifact.plan.nodes}

    def apart(rows: list[Placed]) -> None:
        for at, one in enumerate(rows):
            for other in rows[at + 1 :]:
                beside = one.x + one.w <= other.x or other.x + other.w <= one.x
                assert beside or one.y + one.h <= other.y or other.y + other.h <= one.y, (one.node.id, other.node.id)
            for inner in one.inner:
                assert one.x < inner.x and inner.x + inner.w < one.x + one.w and one.y < inner.y
                assert inner.y + inner.h < one.y + one.h
            apart(one.inner)

    apart(drawing.top)
    for edge in artifact.plan.edges:
        before, after = drawing.placed[edge.before], drawing.placed[edge.after]
        assert before.x + before.w < after.x
    assert 'class="node branch' in drawing.svg() and drawing.svg().count("<rect") == len(artifact.plan.nodes)


def test_the_page_is_the_same_bytes_again(artifact: Artifact) -> None:
    assert plan_page(artifact) == plan_page(artifact.model_copy())


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_page_is_painted_in_a_browser_and_nothing_injected_runs(artifact: Artifact, tmp_path: Path) -> None:
    place, shot = tmp_path / "plan.html", tmp_path / "shot.png"
    place.write_text(plan_page(artifact).replace("</body>", "<script>document.title='owned'</script></body>"))
    base = [str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]

    def browse(*words: str) -> str:
        done = subprocess.run([*base, *words, place.as_uri()], capture_output=True, timeout=120, check=True)
        return done.stdout.decode()

    browse("--window-size=1000,700", f"--screenshot={shot}")
    assert shot.stat().st_size > 8_000
    found = re.search("<title>(.*?)</title>", browse("--dump-dom"))
    assert found is not None and "made for qwen" in found.group(1)
