"""`skvm coverage` as a user runs it: table, JSON, one page; and the page in a real browser."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from skvm.app.coverage import coverage
from skvm.app.coverage_html import coverage_html
from skvm.capability import Cell, Level, Profile
from skvm.capability.coverage import Column, Need, SkillNeeds, StepNeeds

CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
HOSTILE = "<script>document.title='owned'</script>\"'&</td>"


def test_one_skill_against_all_profiles(skvm, skill):
    done = skvm("coverage", skill)
    assert done.code == 0
    assert "tidy-csv" in done.out and "qwen3.5-9b@bare-agent" in done.out and "$/M" in done.out
    rows = skvm("coverage", skill, "--format", "json").json
    assert {"targets", "skills", "matrix", "prices"} == set(rows)
    assert len(rows["matrix"]) == len(rows["targets"]) == 20
    for row in rows["matrix"]:
        named = [n for key in ("met", "weak", "missing", "unmeasured", "not_offered") for n in row[key]]
        assert sorted(named) == sorted(f"{r['primitive']} {r['level']}" for r in rows["skills"][0]["requirements"])


def test_targets_profiles_and_a_page(skvm, skill, tmp_path):
    own = {"name": "own@builtin", "model": "own", "harness": "builtin", "cells": {"tool.file.read": {"level": "L0"}}}
    (tmp_path / "own.json").write_text(json.dumps(own))
    page = tmp_path / "out" / "map.html"
    words = ("--target", "sim/weak", "--target", "nobody/knows", "--profile", tmp_path / "own.json", "--html", page)
    done = skvm("coverage", skill, *words, "--format", "json")
    assert done.code == 0
    assert [t["target"] for t in done.json["targets"]] == ["sim/weak", "nobody/knows", "own@builtin"]
    assert [t["synthetic"] for t in done.json["targets"]] == [True, False, False]
    assert done.json["matrix"][1]["status"] == "unmeasured"
    told = [line for line in done.err.splitlines() if "never measured" in line]
    assert len(told) == 1 and told[0].startswith("nobody/knows: ") and "skvm profile nobody/knows" in told[0]
    assert "map.html" in done.err and page.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    "words", [("--target", "sim/nope"), ("--profile", "/dev/null"), ("--target", ""), ("--nonsense",), ("--jobs", "0")]
)
def test_wrong_use(skvm, skill, words):
    done = skvm("coverage", skill, *words)
    assert done.code == 2
    assert done.err.count("\n") == 1 and done.err.startswith("skvm: ")


def small(names=("alpha", "beta", HOSTILE)):
    need = Need("tool.exec", Level.L1)
    both = (need, Need("gen.regex", Level.L2))
    steps = [(StepNeeds("S1.s1", HOSTILE, n, (need,) if n % 2 else both),) for n in range(len(names))]
    skills = [SkillNeeds(name, f"{name}/SKILL.md", row) for name, row in zip(names, steps, strict=True)]
    cells = {"tool.exec": Cell(counts={Level.L1: (9, 9)}), "gen.regex": Cell(counts={Level.L2: (0, 9)})}
    columns = [Column(HOSTILE, Profile(name="x", model="x", harness="builtin", cells=cells)), Column("never", None, HOSTILE)]
    return coverage(skills, columns)


class Page(HTMLParser):
    """Elements and their balance."""

    VOID = ("meta", "input")

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_no_word_of_a_skill_becomes_part_of_the_page():
    page = Page()
    page.feed(coverage_html(small()))
    assert page.open == []
    assert sum(tag == "script" for tag, _ in page.seen) == 2
    assert sum(tag == "td" and "cell" in attrs.get("class", "") for tag, attrs in page.seen) == 6
    assert not any(key.startswith("on") for _, attrs in page.seen for key in attrs)
    assert not any(key in ("src", "href") for _, attrs in page.seen for key in attrs)


def test_the_same_matrix_is_the_same_page():
    assert coverage_html(small()) == coverage_html(small())


DRIVE = """
addEventListener('load',()=>{
 const names=()=>[...document.querySelectorAll('#map tbody th')].filter(e=>!e.parentNode.hidden).map(e=>e.textContent);
 const heads=document.querySelectorAll('#map thead button'),out={title:document.title,plain:names()};
 heads[0].click();heads[0].click();out.down=names();
 heads[1].click();out.worst=names();
 const find=document.getElementById('find');find.value='bet';find.dispatchEvent(new Event('input'));out.found=names();
 document.querySelector('#map tbody td.cell').click();
 out.detail=document.getElementById('detail').textContent;
 dispatchEvent(new KeyboardEvent('keydown',{key:'Escape'}));out.closed=document.getElementById('detail').textContent;
 const pre=document.createElement('pre');pre.id='out';pre.textContent=JSON.stringify(out);document.body.append(pre);
});
"""


def in_browser(tmp_path, page, *words):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    base = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    return subprocess.run([*base, *words, f"file://{tmp_path / 'page.html'}"], capture_output=True, timeout=120)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_page_sorts_finds_and_opens_cells_in_a_browser(tmp_path):
    """Under the page's own policy, to which only the digest of what drives it here is added."""
    digest = base64.b64encode(hashlib.sha256(DRIVE.encode()).digest()).decode()
    page = coverage_html(small())
    assert page.count("script-src ") == 1
    driven = page.replace("script-src ", f"script-src 'sha256-{digest}' ") + f"<script>{DRIVE}</script>"
    dom = in_browser(tmp_path, driven, "--virtual-time-budget=5000", "--dump-dom").stdout.decode()
    found = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None, dom[-500:]
    out = json.loads(html.unescape(found.group(1)))
    assert out["plain"] == ["alpha", "beta", HOSTILE]
    assert out["down"] == sorted(out["plain"], reverse=True)
    assert out["worst"] == ["beta", "alpha", HOSTILE]
    assert out["found"] == ["beta"]
    assert out["title"].startswith("Coverage: 3 skills")
    assert "gen.regex L2" in out["detail"] or "tool.exec L1" in out["detail"]
    assert out["closed"] == ""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_page_is_painted_and_nothing_injected_runs(tmp_path):
    """A picture that is no blank sheet, under the page's own policy, which lets its script run and no other."""
    shot = tmp_path / "shot.png"
    page = coverage_html(small()).replace("</body>", "<script>document.title='owned'</script></body>")
    in_browser(tmp_path, page, "--window-size=900,600", f"--screenshot={shot}")
    assert shot.stat().st_size > 8_000
    dom = in_browser(tmp_path, page, "--virtual-time-budget=5000", "--dump-dom").stdout.decode()
    assert "<title>Coverage: 3 skills, 2 targets</title>" in dom


@pytest.mark.skipif(CHROMIUM is None or shutil.which("pdftotext") is None, reason="no Chromium or no pdftotext here")
def test_every_printed_page_has_its_column_heads_and_one_row_a_skill(tmp_path):
    names = [f"skill-{n:03}" for n in range(200)]
    sheet = tmp_path / "sheet.pdf"
    in_browser(tmp_path, coverage_html(small(names)), "--no-pdf-header-footer", f"--print-to-pdf={sheet}")
    text = subprocess.run(["pdftotext", sheet, "-"], capture_output=True, check=True).stdout.decode()
    pages = text.split("\f")[:-1]
    assert 2 < len(pages) <= 200 / 35 + 1
    assert all("never" in page and "Cheapest that covers it" in page for page in pages)
    assert re.findall(r"skill-\d+", text) == names
    assert "Find a skill" not in text and text.count("skills covered") == 1
