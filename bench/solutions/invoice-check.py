"""What a right answer does in each step of invoice-check."""

import json

from skvm.adapters.simulation.oracle import Call, Done

LETTERS = {
    "reject": "The invoice {invoice} of {supplier} was already entered; we do not accept it a second time.",
    "hold": "{supplier} is not in the order book. Please confirm the order behind invoice {invoice} before we go on.",
    "query": "The total of invoice {invoice} is off by {difference}. {supplier}, please explain or send a corrected invoice.",
    "pay": "Invoice {invoice} of {supplier} over {total} agrees with the order and will be paid.",
}
REASONS = {
    "reject": "The invoice number was used before.",
    "hold": "The supplier is not in the order book.",
    "query": "The total differs.",
    "pay": "Lines, total and order agree.",
}
ORDER = ("reject", "hold", "query", "pay")


def findings(ctx):
    return json.loads(ctx.read("out/findings.json"))


def decision(found):
    if found["duplicate"]:
        return "reject"
    if not found["supplier_known"]:
        return "hold"
    return "query" if found["difference"] != "0.00" else "pay"


def validate(ctx):
    invoice = ctx.said(r"([\w-]+\.json)")
    command = f"python scripts/validate_invoice.py {invoice} --orders orders.csv --out out/findings.json"
    result = yield Call("execute_command", {"command": command})
    return Done(result.json, "Findings written to out/findings.json.")


def act(ctx):
    yield Call("read_file", {"path": "out/findings.json"})
    found = findings(ctx)
    chosen = decision(found)
    body = {
        "invoice": found["invoice"],
        "decision": chosen,
        "amount": found["total"],
        "reason": REASONS[chosen],
    }
    yield Call("write_file", {"path": "out/decision.json", "content": json.dumps(body, indent=1) + "\n"})
    return Done({"decision": chosen}, f"Decision: {chosen}.")


def letter(index):
    """The step of one arm: it writes its letter when its decision was taken, else there is nothing to do."""

    def write(ctx):
        yield Call("read_file", {"path": "out/decision.json"})
        chosen = json.loads(ctx.read("out/decision.json"))["decision"]
        if chosen != ORDER[index]:
            return Done({}, f"The decision is {chosen}; nothing to write here.")
        yield Call("read_file", {"path": "out/findings.json"})
        yield Call("write_file", {"path": "out/letter.md", "content": LETTERS[chosen].format(**findings(ctx)) + "\n"})
        return Done({"letter": "out/letter.md"}, "Letter written to out/letter.md.")

    return write


def record(ctx):
    result = yield Call(
        "execute_command", {"command": "python scripts/register.py out/decision.json --register out/register.csv"}
    )
    return Done(result.json, "Decision recorded.")


def arm(index):
    """Index of the arm when all arms are asked about together, else whether this one applies."""

    def choose(ctx):
        chosen = ORDER.index(json.loads(ctx.read("out/decision.json"))["decision"])
        if len(ctx.options) > 2:
            return chosen
        return 0 if chosen == index else "none"

    return choose


def whole(ctx):
    """The whole skill in one conversation: one letter, no file read twice."""
    yield from validate(ctx)
    yield from act(ctx)
    found = findings(ctx)
    yield Call("write_file", {"path": "out/letter.md", "content": LETTERS[decision(found)].format(**found) + "\n"})
    return (yield from record(ctx))


RAW = whole
STEPS = {
    "S1.s1": validate,
    "S2.s1": act,
    **{f"S3.s{n + 1}": letter(n) for n in range(4)},
    "S4.s1": record,
}
CHOICES = {f"S3.s{n + 1}": arm(n) for n in range(4)}
