"""What a right answer does with release-notes."""

import json
import re

from skvm.adapters.simulation.oracle import Call, Done

SECTIONS = (("breaking", "Breaking changes"), ("feature", "New"), ("bug", "Fixed"))


def entry(change):
    text = change.get("summary") or re.sub(r"^\w+(\([^)]*\))?!?: *", "", change["title"])
    return f"- {text[:1].upper()}{text[1:].rstrip('.')} (#{change['number']})"


def notes(product, changes):
    parts = [f"# {product}"]
    left = sorted(changes, key=lambda change: change["number"])
    for label, heading in SECTIONS:
        chosen = [change for change in left if label in change["labels"]]
        left = [change for change in left if label not in change["labels"]]
        if chosen:
            parts += [f"## {heading}", "\n".join(map(entry, chosen))]
    return "\n\n".join(parts) + "\n"


def write(ctx):
    name = ctx.said(r"([\w-]+\.json)")
    yield Call("read_file", {"path": name})
    product = ctx.said(r"notes for (\w+ [\d.]+)")
    yield Call("write_file", {"path": "out/notes.md", "content": notes(product, json.loads(ctx.read(name)))})
    return Done({"file": "out/notes.md"}, "Release notes written to out/notes.md.")


STEPS = {"*": write}
