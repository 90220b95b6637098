"""Coverage as one HTML page: a heat map that can be read, sorted, filtered and printed. Nothing is loaded from elsewhere.

The page can be read without its script, which only sorts, filters and opens a cell. A policy in the page names the digests of
its style and script, so nothing else in it can run or load, whatever a skill is called.

In print the heads are plain text of at most 10rem: browsers repeat on every sheet what is no higher than a quarter of it, and
leave out buttons and what is turned by a transform.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

from skvm.app.coverage import Matrix
from skvm.app.coverage_text import MARKS, price_note, status_word, way_words, weakest_words
from skvm.capability import Verdict
from skvm.capability.coverage import SEVERITY, Choice, Column, Coverage, SkillNeeds

STYLE = """
:root{--ink:#1a1a1a;--soft:#555;--line:#c9c9c9;--back:#fff;--met:#1b9e77;--weak:#e6ab02;--missing:#d95f02;--unmeasured:#9a9a9a;
--not_offered:#b3589a}
*{box-sizing:border-box}
body{font:13px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:1.5rem;color-scheme:light}
h1{font-size:1.35rem;margin:0 0 .2rem}h2{font-size:1.05rem;margin:0}.sub{color:var(--soft);margin:.2rem 0}
.key{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.7rem 0;padding:0;list-style:none}
.key b{display:inline-block;min-width:1.6rem;text-align:center;border-radius:3px;margin-right:.35rem}
label{font-weight:600}input{font:inherit;padding:.25rem .5rem;border:1px solid #767676;border-radius:4px;margin-left:.4rem}
.frame{overflow:auto;max-height:85vh;border:1px solid var(--line);margin-top:.7rem}
table{border-collapse:separate;border-spacing:0}
th,td{border-right:1px solid #fff;border-bottom:1px solid #fff;padding:0;white-space:nowrap}
thead th{position:sticky;top:0;background:#f3f3f3;z-index:2;vertical-align:bottom;font-weight:600}
tbody th,thead th:first-child{position:sticky;left:0;background:#f9f9f9;z-index:1;text-align:left;font-weight:400}
thead th:first-child{z-index:3;background:#f3f3f3}
tbody th{padding:.1rem .6rem;max-width:18rem;overflow:hidden;text-overflow:ellipsis}
th button{font:inherit;font-weight:600;background:none;border:0;cursor:pointer;padding:.4rem .5rem;color:inherit}
th.target button{writing-mode:vertical-rl;writing-mode:sideways-lr;max-height:19rem;padding:.5rem .2rem}
th[aria-sort=ascending] button::after{content:" \\25B2"}th[aria-sort=descending] button::after{content:" \\25BC"}
td.cell{text-align:center;font-variant-numeric:tabular-nums;cursor:pointer;padding:.12rem .3rem;min-width:2.7rem}
td.cell:hover,td.cell:focus-visible,td.open{outline:2px solid var(--ink);outline-offset:-2px}
.met,.weak,.missing,.unmeasured,.not_offered{background:color-mix(in srgb,var(--c) var(--s,55%),#fff);color:var(--ink)}
.met{--c:var(--met)}.weak{--c:var(--weak)}.missing{--c:var(--missing)}.unmeasured{--c:var(--unmeasured)}
.not_offered{--c:var(--not_offered)}
td.take{padding:.1rem .6rem;text-align:left}
tfoot td,tfoot th{background:#f3f3f3;font-weight:600;text-align:center;padding:.2rem .4rem;position:sticky;bottom:0;z-index:2}
tfoot th{left:0;z-index:3;text-align:left;padding-left:.6rem}#detail:empty{display:none}
#detail{position:sticky;bottom:0;z-index:4;max-height:45vh;overflow:auto;background:var(--back);margin-top:.7rem;
border:1px solid var(--line);border-left:4px solid var(--ink);padding:.3rem 1rem;box-shadow:0 -2px 8px #0002}
#detail table{margin:.4rem 0}#detail td{padding:.15rem .7rem}
.s40{--s:40%}.s50{--s:50%}.s60{--s:60%}.s70{--s:70%}.s80{--s:80%}.s90{--s:90%}
@media print{body{margin:0;font-size:8px}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.frame{overflow:visible;max-height:none;border:0}thead th,tbody th,tfoot td,tfoot th{position:static}
.tools,#detail{display:none}thead{display:table-header-group}tfoot{display:table-row-group}tr{break-inside:avoid}
th button{display:contents}th.target{writing-mode:vertical-rl;writing-mode:sideways-lr;vertical-align:middle}
th.target span{display:block;max-inline-size:10rem;overflow:hidden;text-overflow:ellipsis}
thead th{text-align:left}thead th,tbody th,td.take{padding:.05rem .3rem}tbody th{max-width:12rem}
td.cell{min-width:0;padding:.05rem .15rem}
@page{size:A4 landscape;margin:10mm}}
"""

SCRIPT = """
const data=JSON.parse(document.getElementById('data').textContent);
const table=document.getElementById('map'),body=table.tBodies[0],rows=[...body.rows],heads=[...table.tHead.rows[0].cells];
const make=(name,text,kind)=>{
 const e=document.createElement(name);
 if(text!==undefined)e.textContent=text;
 if(kind)e.className=kind;
 return e};
const value=(row,at)=>{const cell=row.cells[at];return at===0?cell.textContent.toLowerCase():Number(cell.dataset.v)};
heads.forEach((head,at)=>head.querySelector('button').addEventListener('click',()=>{
 const up=head.getAttribute('aria-sort')!=='ascending';
 heads.forEach(h=>h.removeAttribute('aria-sort'));
 head.setAttribute('aria-sort',up?'ascending':'descending');
 const order=rows.map((row,n)=>[value(row,at),n,row]);
 order.sort((a,b)=>(a[0]<b[0]?-1:a[0]>b[0]?1:0)*(up?1:-1)||a[1]-b[1]);
 body.append(...order.map(x=>x[2]));
}));
const find=document.getElementById('find'),shown=document.getElementById('shown');
find.addEventListener('input',()=>{
 const word=find.value.toLowerCase();let n=0;
 for(const row of rows){const hit=row.cells[0].textContent.toLowerCase().includes(word);row.hidden=!hit;n+=hit}
 shown.textContent=word?n+' of '+rows.length+' skills':'';
});
const detail=document.getElementById('detail');
const open=cell=>{
 table.querySelectorAll('td.open').forEach(c=>c.classList.remove('open'));
 cell.classList.add('open');
 const skill=data.skills[Number(cell.parentNode.dataset.n)],column=data.targets[cell.cellIndex-1];
 const list=make('table');
 for(const [need,steps] of skill.needs){
  const [verdict,p]=column.holds[need],line=make('tr');
  line.append(make('td',data.marks[verdict]+' '+data.words[verdict],verdict),make('td',need),
   make('td',p===null?'':'p '+p.toFixed(2)),make('td','needed by '+steps.join(', ')));
  list.append(line);
 }
 const note=make('p',column.note+(cell.title?'. Weakest: '+cell.title:''),'sub');
 detail.replaceChildren(make('h2',skill.name+' on '+column.name),make('p',skill.path,'sub'),list,note);
};
body.addEventListener('click',event=>{const cell=event.target.closest('td.cell');if(cell)open(cell)});
addEventListener('keydown',event=>{if(event.key==='Escape'){detail.replaceChildren();
 table.querySelectorAll('td.open').forEach(c=>c.classList.remove('open'))}});
body.addEventListener('keydown',event=>{const cell=event.target.closest('td.cell');
 if(cell&&(event.key==='Enter'||event.key===' ')){event.preventDefault();open(cell)}});
"""


def coverage_html(matrix: Matrix) -> str:
    """The page as text; every word of a skill or profile is escaped."""
    policy = f"default-src 'none'; style-src '{_digest(STYLE)}'; script-src '{_digest(SCRIPT)}'"
    skills, targets = len(matrix.skills), len(matrix.columns)
    covered = sum(1 for row in matrix.rows if any(c.covers for c in row))
    title = f"Coverage: {skills} skill{'s' * (skills != 1)}, {targets} target{'s' * (targets != 1)}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>',
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f'<p class="sub">{covered} of {skills} are covered by some target: everything their steps need of a model was measured '
        f"and is met. A cell says how many needs of how many are met. {escape(price_note())}.</p>",
        _key(),
        '<p class="tools"><label>Find a skill<input id="find" type="search" autocomplete="off"></label>',
        ' <span id="shown"></span>',
        ' <span class="sub">Column heads sort; a cell shows what it is made of (Escape closes it).</span></p>',
        '<div class="frame"><table id="map">',
        _head(matrix),
        "<tbody>",
        *(_row(n, *line) for n, line in enumerate(zip(matrix.skills, matrix.rows, matrix.choices, strict=True))),
        "</tbody>",
        _foot(matrix),
        '</table></div><section id="detail" aria-live="polite"></section>',
        f'<script type="application/json" id="data">{_data(matrix)}</script><script>{SCRIPT}</script></body></html>',
    ]
    return "\n".join(parts).encode("utf-8", "replace").decode() + "\n"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _key() -> str:
    rows = "".join(f'<li><b class="{v.value}">{MARKS[v]}</b>{escape(status_word(v))}</li>' for v in SEVERITY)
    return f'<ul class="key">{rows}</ul>'


def _head(matrix: Matrix) -> str:
    targets = "".join(_target(column) for column in matrix.columns)
    first, last = (
        "<th scope='col'><button>Skill</button></th>",
        "<th scope='col'><button>Cheapest that covers it</button></th>",
    )
    return f"<thead><tr>{first}{targets}{last}</tr></thead>"


def _target(column: Column) -> str:
    price = f"{column.usd:.3f} $/M" if column.usd is not None else "no price known"
    about = escape(f"{column.note}; {price}")
    return f'<th scope="col" class="target" title="{about}"><button><span>{escape(column.name)}</span></button></th>'


def _row(n: int, skill: SkillNeeds, row: tuple[Coverage, ...], choice: Choice) -> str:
    cells = "".join(_cell(found) for found in row)
    head = f'<th scope="row" title="{escape(skill.path)}">{escape(skill.name)}</th>'
    return f'<tr data-n="{n}">{head}{cells}{_take(choice)}</tr>'


def _cell(found: Coverage) -> str:
    """Colour by the worst verdict, stronger the more needs are short of met; `data-v` sorts."""
    total, met = len(found.verdicts), found.count(Verdict.MET)
    short = (total - met) / total if total else 0.0
    strength = 60 if found.covers else 40 + 10 * round(5 * short)
    order = SEVERITY.index(found.status) + min(short, 0.999)
    told = "; ".join(x for x in (weakest_words(found.weakest), way_words(found)) if x)
    words = escape(told or ("" if total else "no step needs anything of a model"))
    return (
        f'<td class="cell {found.status.value} s{strength}" data-v="{order:.3f}" title="{words}" tabindex="0">'
        f"{MARKS[found.status]}{f' {met}/{total}' if total else ''}</td>"
    )


def _take(choice: Choice) -> str:
    """The target to take; skills that none covers sort last."""
    order = choice.usd if choice.usd is not None else 1e6 if choice.target else 0 if choice.why == "needs no model" else 1e9
    price = f" at {choice.usd:.3f} $/M" if choice.usd is not None else ""
    others = f" and {len(choice.tied)} more" if choice.tied else ""
    tied = f"the same price: {', '.join(choice.tied)}" if choice.tied else ""
    words = f"{choice.target}{others}{price}{'; ' + choice.why if choice.why else ''}" if choice.target else choice.why
    return f'<td class="take" data-v="{order}" title="{escape(tied)}">{escape(words)}</td>'


def _foot(matrix: Matrix) -> str:
    counts = "".join(f"<td>{sum(1 for row in matrix.rows if row[n].covers)}</td>" for n in range(len(matrix.columns)))
    return f"<tfoot><tr><th scope='row'>skills covered</th>{counts}<td></td></tr></tfoot>"


def _data(matrix: Matrix) -> str:
    """What the script shows when a cell is opened, as JSON that cannot end its element."""
    needs = sorted({need for skill in matrix.skills for need in skill.distinct()})

    def named(column: Column) -> dict[str, Any]:
        return {f"{n.primitive} {n.level.value}": [column.holds(n).verdict.value, column.holds(n).probability] for n in needs}

    body = {
        "marks": {v.value: mark for v, mark in MARKS.items()},
        "words": {v.value: v.value.replace("_", " ") for v in SEVERITY},
        "targets": [{"name": c.name, "note": c.note, "holds": named(c)} for c in matrix.columns],
        "skills": [
            {
                "name": s.name,
                "path": s.path,
                "needs": [[f"{n.primitive} {n.level.value}", [t.id for t in s.steps if n in t.needs]] for n in s.distinct()],
            }
            for s in matrix.skills
        ],
    }
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
