"""What a right answer does in each step of ticket-cards."""

import json
from pathlib import PurePosixPath

from skvm.adapters.simulation.oracle import Call, Done

PRODUCTS = ("printer", "scanner", "router")
HIGH = ("nobody can work", "on fire", "smoke", "has to be today")
RANK = ("high", "normal", "low")


def card_of(text):
    body = text.lower()
    named = sorted((body.find(product), product) for product in PRODUCTS if product in body)
    urgency = "high" if any(words in body for words in HIGH) else "low" if "no hurry" in body else "normal"
    sender = next(line.removeprefix("From: ") for line in text.splitlines() if line.startswith("From: "))
    return {"from": sender, "product": named[0][1] if named else "other", "urgency": urgency}


def cards(ctx):
    tickets = [ctx.item] if ctx.item else ctx.glob("tickets/*.txt")
    yield [Call("read_file", {"path": path}) for path in tickets]
    yield [
        Call(
            "write_file", {"path": f"out/cards/{PurePosixPath(path).stem}.json", "content": json.dumps(card_of(ctx.read(path)))}
        )
        for path in tickets
    ]
    return Done({"cards": len(tickets)}, f"Made {len(tickets)} cards.")


def overview(ctx):
    paths = ctx.glob("out/cards/*.json")
    yield Call("list_directory", {"path": "out/cards"})
    yield [Call("read_file", {"path": path}) for path in paths]
    made = {PurePosixPath(path).stem: json.loads(ctx.read(path)) for path in paths}
    order = sorted(made, key=lambda name: (RANK.index(made[name]["urgency"]), name))
    rows = [f"{name},{made[name]['product']},{made[name]['urgency']}" for name in order]
    yield Call("write_file", {"path": "out/overview.csv", "content": "\n".join(["ticket,product,urgency", *rows]) + "\n"})
    return Done({"tickets": len(rows)}, "Overview written to out/overview.csv.")


STEPS = {"S1.s1": cards, "S2.s1": overview}
