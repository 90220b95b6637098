"""What a right answer does in each step of contact-scrub."""

import json

from skvm.adapters.simulation.oracle import Call, Done


def name(ctx):
    return ctx.said(r"([\w-]+\.(?:txt|csv))")


def scrub(ctx):
    result = yield Call("execute_command", {"command": f"python scripts/scrub.py {name(ctx)} --out out/{name(ctx)}"})
    return Done(result.json, f"Scrubbed copy written to out/{name(ctx)}.")


def check(ctx):
    result = yield Call("execute_command", {"command": f"python scripts/leaks.py out/{name(ctx)} --report out/leaks.json"})
    return Done(result.json, "Checked the result.")


def report(ctx):
    yield [Call("read_file", {"path": f"out/{name(ctx)}"}), Call("read_file", {"path": "out/leaks.json"})]
    text = ctx.read(f"out/{name(ctx)}")
    state = "clean" if not json.loads(ctx.read("out/leaks.json")) else "NOT finished"
    content = (
        f"E-mail addresses: {text.count('[email]')}\nPhone numbers: {text.count('[phone]')}\n"
        f"Card numbers: {text.count('[card]')}\n\nThe check afterwards was {state}.\n"
    )
    yield Call("write_file", {"path": "out/report.md", "content": content})
    return Done({}, "Report written to out/report.md.")


STEPS = {"S1.s1": scrub, "S2.s1": check, "S3.s1": report}
