"""The page: head figures, the graph, then tables of what explains it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from skvm.plan.artifact import Artifact
from skvm.plan.describe import explain_json
from skvm.plan.page.drawing import Drawing
from skvm.plan.queue import Rate
from skvm.plan.together_text import KINDS

STYLE = """
:root{--ink:#1a1a1a;--soft:#555;--line:#c9c9c9;--model:#dfe9f7;--code:#d9f0e4;--person:#fdeccb;--block:#f5f5f5}
*{box-sizing:border-box}
body{font:14px/1.5 system-ui,sans-serif;color:var(--ink);background:#fff;margin:1.5rem;color-scheme:light}
h1{font-size:1.35rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}.sub{color:var(--soft);margin:.1rem 0 .8rem}
dl{display:flex;flex-wrap:wrap;gap:.2rem 2rem;margin:0}dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-weight:600}
.frame{overflow:auto;border:1px solid var(--line);padding:.8rem;margin-top:.8rem}
svg text{font:11px system-ui,sans-serif;fill:var(--ink)}.id{font-weight:700}
.node rect{fill:var(--block);stroke:#8a8a8a}.node.model>rect{fill:var(--model)}
.node.code>rect,.node.script>rect{fill:var(--code)}.node.person>rect,.node.gate>rect{fill:var(--person)}
.node.on>rect{stroke:#b3261e;stroke-width:2}.edge{fill:none;stroke:#777;stroke-width:1.3}.edge.on{stroke:#b3261e;stroke-width:2}
.key span{display:inline-block;padding:0 .5rem;border:1px solid #8a8a8a;border-radius:4px;margin-right:.4rem}
table{border-collapse:collapse;margin:.2rem 0}th,td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}
thead th{border-bottom:1px solid var(--line)}tbody tr+tr td{border-top:1px solid #eee}td.n{text-align:right}
.weak,.missing,.not_offered{color:#a33b00;font-weight:600}
@media print{body{margin:0;font-size:10px}.frame{overflow:visible;border:0}svg{max-width:100%;height:auto}
tr{break-inside:avoid}@page{size:A4 landscape;margin:10mm}}
"""

KEY = (
    ("model", "a model does it"),
    ("code", "runs as stated"),
    ("person", "asks a person"),
    ("block", "branch, loop, map, batch, sub-task"),
)


def plan_page(artifact: Artifact, rates: Sequence[Rate] = ()) -> str:
    """The whole page; its policy lets nothing load or run, whatever a skill is called. `rates`: limits asked about."""
    data = explain_json(artifact, rates)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}' 'unsafe-hashes'"
    title = escape(f"{data['skill']} for {artifact.target.name}")
    body = [
        f"<h1>{title}</h1><p class=sub>{escape(data['target']['note'])} · plan {escape(data['digest'][:19])}</p>",
        _figures(data),
        _graph(artifact, "the plan"),
        f"<p class=key>{_key()} red: the longest path. Point at a box or an edge to read why it is there.</p>",
        *_sections(data),
        *(part for item in artifact.skills for part in _other(item)),
    ]
    return (
        f'<!doctype html><html lang=en><head><meta charset=utf-8><meta http-equiv=Content-Security-Policy content="{policy}">'
        f'<meta name=viewport content="width=device-width"><title>{title}</title><style>{STYLE}</style></head><body>'
        + "\n".join(body)
        + "</body></html>\n"
    )


def _graph(artifact: Artifact, what: str) -> str:
    label = escape(f"graph of {what}", quote=True)
    return f'<div class=frame tabindex=0 role=region aria-label="{label}">{Drawing(artifact).svg()}</div>'


def _other(artifact: Artifact) -> Iterable[str]:
    """A skill that is handed over to: its graph, and who does its steps."""
    name = artifact.source.name
    yield f"<h2>{escape(f'The skill {name}, which a step hands over to')}</h2>"
    yield _graph(artifact, f"the skill {name}")
    heads = ("step", "line", "by", "probability", "why", "why not otherwise")
    yield _table(f"Who does each step of {name}", heads, map(_bound, explain_json(artifact)["bindings"]))


def _key() -> str:
    box = '<svg width=14 height=14 class="node {}"><rect width=13 height=13 rx=3 /></svg> {} &nbsp; '
    return "".join(box.format(kind, words) for kind, words in KEY)


def _figures(data: dict[str, Any]) -> str:
    rows = [
        ("work", f"{data['work_seconds']:.1f} s"),
        ("longest path", f"{data['span_seconds']:.1f} s"),
        ("parallelism", f"{data['parallelism']:.2f}"),
        ("tokens", f"{data['tokens']:,}"),
        ("cost", f"${data['cost']:.4f}" if data["cost"] else "price unknown"),
        ("gaps", str(len(data["gaps"]))),
    ]
    if data["weakest"]:
        rows.append(("weakest step", f"{data['weakest']['step']} ({data['weakest']['probability']:.2f})"))
    return "<dl>" + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in rows) + "</dl>"


def _sections(data: dict[str, Any]) -> Iterable[str]:
    heads = ("step", "line", "by", "probability", "why", "why not otherwise")
    yield _table("Who does each step, and why", heads, map(_bound, data["bindings"]))
    if data["gaps"]:
        yield _table("Gaps", ("needs", "verdict", "steps", "lines", "words"), map(_gap, data["gaps"]))
    if data["edges"]:
        yield _table("Why each step waits", ("step", "after", "line", "why", "without it"), map(_waits, data["edges"]))
    if data["together"]:
        yield _table(
            "What runs at the same time", ("kind", "node", "parts", "how", "line", "why it may"), map(_beside, data["together"])
        )
    rows = [(n, f"{seconds:.1f} s") for n, seconds in data["workers"].items()]
    yield _table("What more workers would change", ("workers", "time"), rows)
    limits = [(row["words"], f"{row['seconds']:.1f} s", f"{row['more']:.1f} s") for row in data["rates"]]
    yield _table("What limits of the target would cost", ("limit", "time", "more"), limits)
    if data["assignment"] and len(data["assignment"]["front"]) > 1:
        points = data["assignment"]["front"]
        front = [(f"${p['cost']:.4f}", f"{p['success']:.3f}", f"{p['seconds']:.1f} s", ", ".join(p["targets"])) for p in points]
        yield _table("What more success would cost", ("cost", "success", "longest path", "targets"), front)


def _bound(row: dict[str, Any]) -> Sequence[Any]:
    who = f"{row['executor']} {row['target']}".strip()
    held = "" if row["probability"] is None else f"{row['probability']:.2f}"
    return f"{row['step']} {row['title']}", row["line"], who, held, row["reason"], "; ".join(row["alternatives"])


def _gap(row: dict[str, Any]) -> Sequence[Any]:
    need = f"{row['primitive']} {row['required']}" + (f" ({row['target']})" if row["target"] else "")
    lines = ", ".join(map(str, dict.fromkeys(row["lines"])))
    return need, row["verdict"].replace("_", " "), ", ".join(row["steps"]), lines, " … ".join(row["cites"][:2])


def _beside(row: dict[str, Any]) -> Sequence[Any]:
    parts = "every item" if row["kind"] == "data" else ", ".join(row["members"])
    return KINDS[row["kind"]], row["node"], parts, row["how"], row["line"], f"{row['basis']}: {row['reason']}"


def _waits(row: dict[str, Any]) -> Sequence[Any]:
    saved = f"{row['saves_without']:.1f} s less" if row["saves_without"] > 0 else ""
    return row["after"], row["before"], row["line"], row["why"], saved


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th scope=col>{escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
