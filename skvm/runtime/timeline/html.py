"""One HTML page for a run: Gantt by lane, each row opens to its calls. No script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from skvm.plan import Artifact, Event
from skvm.runtime.timeline.rows import CallRow, Trace, TraceRow, trace

MAX_TEXT = 20_000

STYLE = """
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#5a5a5a;--line:#c9c9c9;--back:#fff;--code:#0072b2;--model:#d55e00;
--solid:#009e73;--person:#cc79a7;--other:#767676;--bad:#b00020}
@media(prefers-color-scheme:dark){:root{--ink:#eee;--soft:#aaa;--line:#444;--back:#161616;--bad:#ff8a80}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:2rem auto;max-width:76rem;padding:0 1rem}
h1{font-size:1.3rem;margin:0}.sub{color:var(--soft)}
.sim{display:inline-block;border:2px solid var(--bad);padding:.1rem .5rem;font-weight:600}
table.key{border-spacing:1rem .2rem;margin:.8rem 0}
details{border-top:1px solid var(--line)}
summary{display:grid;
grid-template-columns:17rem 1fr 12rem;gap:.8rem;cursor:pointer;padding:.25rem 0}
summary:focus-visible{outline:3px solid var(--code)}
.name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.track{position:relative;height:1.4rem;background:
repeating-linear-gradient(90deg,transparent 0 calc(10% - 1px),var(--line) calc(10% - 1px) 10%)}
.bar{position:absolute;top:.15rem;height:1.1rem;min-width:3px;border-radius:3px;background:var(--other)}
.bar.code,.bar.script{background:var(--code)}.bar.model{background:var(--model)}.bar.solid{background:var(--solid)}
.bar.person{background:var(--person)}.critical .bar{box-shadow:0 0 0 2px var(--back),0 0 0 4px var(--ink)}
.figures{text-align:right;font-variant-numeric:tabular-nums;color:var(--soft)}.bad{color:var(--bad)}
.call{margin:.4rem 0 .4rem 1.5rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;border-left:3px solid var(--line);
margin:.2rem 0;padding:.2rem .6rem;max-height:24rem;overflow:auto}
.swatch{display:inline-block;width:1rem;height:.8rem;border-radius:2px;position:static;vertical-align:middle;margin-right:.3rem}
"""


def trace_html(events: Iterable[Event], artifact: Artifact | None = None) -> str:
    """The page as text. Every text of the run is escaped; bars are told apart by colour and by words."""
    seen = trace(events, artifact)
    name = artifact.source.name if artifact else seen.skill or "run"
    body = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(name)} {escape(seen.run)}</title>',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<style>{STYLE}</style></head><body>",
        *_head(seen, name),
        *(_row(row, seen.seconds) for row in seen.rows),
        "</body></html>",
    ]
    return "\n".join(body).encode("utf-8", "replace").decode() + "\n"


def _head(seen: Trace, name: str) -> list[str]:
    simulated = ' <span class="sim">SIMULATED model: its numbers are not a real model\'s</span>' if seen.simulated else ""
    reason = f'<p class="bad">{escape(seen.reason)}</p>' if seen.reason else ""
    kinds = ("code", "model", "solid", "person")
    key = "".join(f'<span class="bar swatch {k}"></span>{k} &nbsp; ' for k in kinds)
    critical = [r for r in seen.rows if r.critical]
    waited = sum(r.end - r.start for r in critical)
    return [
        f"<h1>{escape(name)}: {escape(seen.status)}</h1>",
        f'<p class="sub">run {escape(seen.run)} · {seen.seconds:.3f} s · {seen.model_calls} model calls · {seen.tokens} tokens'
        f" · model {escape(seen.model or 'none')}{simulated}</p>",
        reason,
        f"<p>{key} outlined = the path the run waited for ({len(critical)} steps, {waited:.3f} s). Rows open.</p>",
    ]


def _row(row: TraceRow, total: float) -> str:
    left, width = _place(row.start, row.end, total)
    classes = escape(row.executor or "other")
    label = f"{row.node} {row.scope}".strip()
    bad = "" if row.status in ("done", "skipped", "running") else " bad"
    figures = f'{row.end - row.start:.3f} s · <span class="{bad.strip()}">{escape(row.status)}</span>'
    bar = f'<span class="bar {classes}" style="left:{left:.3f}%;width:{width:.3f}%"></span>' if row.status != "skipped" else ""
    critical = ' class="critical"' if row.critical else ""
    spoken = f"{label}, {row.executor}, {row.status}, from {row.start:.3f} to {row.end:.3f} seconds"
    return "".join(
        [
            f"<details{critical}><summary>",
            f'<span class="name" title="{escape(row.title)}"><b>{escape(label)}</b> {escape(row.title)}</span>',
            f'<span class="track" role="img" aria-label="{escape(spoken)}">{bar}</span>',
            f'<span class="figures">{figures}</span></summary>',
            *_inside(row),
            "</details>",
        ]
    )


def _inside(row: TraceRow) -> list[str]:
    parts = [
        f'<p class="call">{escape(row.executor)} · {row.tokens} tokens{" · " + escape(row.reason) if row.reason else ""}</p>'
    ]
    parts += [f'<p class="call">{escape(note)}</p>' for note in row.notes]
    parts += [_call(call) for call in row.calls]
    return parts


def _call(call: CallRow) -> str:
    head = f"{call.kind} {call.name}: {call.start:.3f} + {call.end - call.start:.3f} s"
    tokens = f" · {call.tokens} tokens" if call.tokens else ""
    bad = "" if call.ok else ' <b class="bad">failed</b>'
    return (
        f'<div class="call">{escape(head)}{tokens}{bad}<pre>{escape(call.asked[:MAX_TEXT])}</pre>'
        f"<pre>{escape(call.text[:MAX_TEXT])}</pre></div>"
    )


def _place(start: float, end: float, total: float) -> tuple[float, float]:
    if total <= 0:
        return 0.0, 0.0
    left = min(100.0, 100.0 * start / total)
    return left, max(0.0, min(100.0 - left, 100.0 * (end - start) / total))
