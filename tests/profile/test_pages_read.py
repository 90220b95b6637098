"""Pages and styles as different people write them read the same."""

from __future__ import annotations

import pytest

from skvm.profile.kit.data import Unreadable
from skvm.profile.kit.markup import page
from skvm.profile.kit.pagespec import Block, blocks, label_of
from skvm.profile.kit.scripts import FOREIGN, LOOP, QUOTED
from skvm.profile.kit.styles import columns, declared

GRIDS = {
    "smallest first": """
        .box { display: grid; grid-template-columns: 1fr; gap: 1rem }
        @media (min-width: 640px) { .box { grid-template-columns: 1fr 1fr } }
        @media only screen and (min-width: 960px) { .box { grid-template-columns: repeat(4, minmax(0, 1fr)); } }""",
    "largest first": """
        /* four, then fewer; */ main > .box{display:grid;grid-template-columns:repeat(4,1fr)}
        @media (max-width:959.98px){.box{grid-template-columns:repeat(2,1fr)}}
        @media (max-width:639px){.box{grid-template-columns:none}}""",
    "without a template at first": """
        .box, .other { display: inline-grid; }
        @media screen and (min-width: 40em) and (max-width: 959px) { div.box { grid-template-columns: 50% 50%; } }
        @media (width >= 960px) { .box { grid-template: none / [a] 1fr [b] 1fr 1fr minmax(10px, 1fr); } }""",
    "variables": """
        :root { --columns: 1; } .box { display: grid; grid-template-columns: repeat(var(--columns, 1), 1fr); }
        @media (640px <= width < 960px) { :root { --columns: 2; } } @media (width > 959px) { .box { --columns: 4; } }""",
    "nested": """
        .box { display: grid; @media (min-width: 640px) { grid-template-columns: 1fr 1fr; }
               @media (min-width: 960px) { grid-template-columns: repeat(4, 1fr); } &:hover { color: red; } }""",
    "print and others": """
        .box { display: grid; } .box > div { display: grid; grid-template-columns: repeat(9, 1fr); }
        @media print { .box { grid-template-columns: repeat(7, 1fr); } }
        @media (min-width: 640px) { .box { grid-template-columns: repeat(2, 1fr); } .boxes { grid-template-columns: 1fr; } }
        @media (min-width: 960px) { .box { grid-template-columns: repeat(4, 1fr); } }""",
}


@pytest.mark.parametrize("name", GRIDS)
def test_columns_follow_the_window(name: str):
    found = [columns(declared(GRIDS[name], "box", width)) for width in (320, 639, 640, 959, 960, 1600)]
    assert found == [1, 1, 2, 2, 4, 4]


def test_what_is_no_grid_or_cannot_be_told_has_no_columns():
    assert columns(declared(".box { display: flex; grid-template-columns: 1fr 1fr }", "box", 800)) == 0
    assert columns(declared(".box { display: grid; grid-template-columns: repeat(auto-fit, 9em) }", "box", 800)) == 0


@pytest.mark.parametrize(
    "text",
    [
        "<h1>A &amp; b</h1><p>one <em>two</em></p><ul><li>x<li>y</ul>",
        "<!doctype html><html><body><main><h1>A & b</h1>\n<p>one\ntwo<ul><li><p>x</p></li><li><a href=#>y</a></li></ul></main>",
        "Here:\n```html\n<header><h1><b>A &#38; b</b></h1></header><p>one two</p><nav><ul><li>x</li><li>y</ul></nav>\n```",
    ],
)
def test_headings_paragraphs_and_lists_are_found_however_they_are_dressed(text: str):
    assert blocks(page(text)) == [Block("h1", ("A & b",)), Block("p", ("one two",)), Block("ul", ("x", "y"))]


@pytest.mark.parametrize(
    "text", ["<div><p>x</p>", "<ul><li>x</ol>", "<b><i>x</b></i>", "no page", "```\n<p>\n```\n```\n<p>\n```"]
)
def test_wrong_nesting_and_no_page_are_told(text: str):
    with pytest.raises(Unreadable):
        page(text)


@pytest.mark.parametrize(
    "text",
    [
        "<label for=a>Name:</label><input id=a>",
        "<label>Name <input></label>",
        "<label>Name <span>*</span> <select><option>x</option></select></label>",
    ],
)
def test_labels_belong_by_id_or_by_standing_around(text: str):
    root = page(text)
    assert label_of(root, root.first("input", "select")) == "Name"


def test_a_label_for_something_else_is_no_label():
    root = page("<label for=b>Name</label><input id=a>")
    assert label_of(root, root.first("input")) == ""


@pytest.mark.parametrize(
    ("script", "loops", "foreign"),
    [
        ("awk '{ for (i = 1; i < 3; i++) while (x) y() }' f | sort", False, False),
        ("for f in *; do cat $f; done", True, False),
        ("cat x | while read -r l; do echo $l; done", True, False),
        ("grep for x; echo while; ls python3 # for a in b", False, False),
        ("x=$(python3 -c 'print(1)')", False, True),
        ("cat f | /usr/bin/perl -ne 'print'", False, True),
        ("ls | xargs python script.py", False, True),
    ],
)
def test_loops_and_other_languages_are_seen_outside_of_quotes_only(script: str, loops: bool, foreign: bool):
    bare = QUOTED.sub("_", script)
    assert (bool(LOOP.search(bare)), bool(FOREIGN.search(bare))) == (loops, foreign)
