"""What a right answer does in each step of invoice-check."""

import json

from skvm.adapters.oracle import Call, Done

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
    command = (
        f"python scripts/validate_invoice.py {ctx.said(r'([a-z]+-[0-9]+[.]json)')} --orders orders.csv --out out/findings.json"
    )
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
    yield Call("write_file", {"path": "out/letter.md", "content": LETTERS[chosen].format(**found) + "\n"})
    return Done({"decision": chosen}, f"Decision: {chosen}.")


def record(ctx):
    result = yield Call(
        "execute_command", {"command": "python scripts/register.py out/decision.json --register out/register.csv"}
    )
    return Done(result.json, "Decision recorded.")


def arm(ctx):
    return ORDER.index(decision(findings(ctx)))


STEPS = {"S1.s1": validate, "S2.s1": act, "S3.s1": record}
CHOICES = {"S2": arm}
