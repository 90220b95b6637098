"""What a right answer does in each step of notes-index."""

import json
import shlex
from pathlib import PurePosixPath

from skvm.adapters.simulation.oracle import Call, Done


def card_call(note):
    name = PurePosixPath(note).stem
    command = shlex.join(["python", "scripts/card.py", note, "--out", f"out/cards/{name}.json"])
    return Call("execute_command", {"command": command})


def cards(ctx):
    notes = [ctx.item] if ctx.item else ctx.glob("notes/*.md")
    yield [card_call(note) for note in notes]
    return Done({"cards": len(notes)}, f"Made {len(notes)} cards.")


def index(ctx):
    result = yield Call("execute_command", {"command": "python scripts/build_index.py out/cards --out out/index.md"})
    return Done(result.json, "Index written to out/index.md.")


def untagged(ctx):
    result = yield Call("execute_command", {"command": "python scripts/untagged.py out/cards --out out/untagged.txt"})
    return Done(result.json, "Untagged notes listed in out/untagged.txt.")


def readme(ctx):
    yield Call("list_directory", {"path": "out/cards"})
    yield [Call("read_file", {"path": path}) for path in ctx.glob("out/cards/*.json")]
    made = [json.loads(ctx.read(path)) for path in ctx.glob("out/cards/*.json")]
    tags = {tag for card in made for tag in card["tags"]}
    longest = max(made, key=lambda card: (card["words"], card["name"]))
    text = f"{len(made)} notes with {len(tags)} tags.\nThe longest note is {longest['title']}.\n"
    yield Call("write_file", {"path": "out/README.md", "content": text})
    return Done({"notes": len(made)}, "Overview written to out/README.md.")


STEPS = {"S1.s1": cards, "S2.s1": index, "S2.s2": untagged, "S2.s3": readme}
