"""What a right answer does in each step of json-repair.

In a plan the loop runs the body once an iteration; asked for the whole skill, the body is repeated here.
"""

import json
import re

from skvm.adapters.simulation.oracle import Call, Done

VALIDATE = "python3 scripts/validate.py out/fixed.json --schema references/shape.json"
ROUNDS = 3
WORDS = {
    "trailing comma": "a trailing comma was removed",
    "python literal": "a Python literal was replaced",
    "single quotes": "single quotes were replaced",
    "unclosed": "the open list and object were closed",
    "type": "a number was written as text",
}


PIECES = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""", re.DOTALL)


def outside(text, pattern, new):
    """The text with a pattern replaced, but not inside of strings: values are data."""
    parts = PIECES.split(text)
    return "".join(part if at % 2 else re.sub(pattern, new, part) for at, part in enumerate(parts))


def repaired(text, problem):
    """The text without one defect; the same text when it cannot be repaired without guessing."""
    kind = problem.get("problem")
    if kind == "trailing comma":
        return outside(text, r",(\s*[\]}])", r"\1")
    if kind == "python literal":
        for old, new in (("True", "true"), ("False", "false"), ("None", "null")):
            text = outside(text, rf"([:\[,]\s*){old}\b", rf"\1{new}")
        return text
    if kind == "single quotes":
        return text.replace("'", '"')
    if kind == "unclosed":
        return text.rstrip() + "]" * (text.count("[") - text.count("]")) + "}" * (text.count("{") - text.count("}")) + "\n"
    if kind == "type" and problem.get("wanted") == "number":
        return re.sub(rf'("{problem["field"]}"\s*:\s*)"(-?[0-9.]+)"', r"\1\2", text)
    return text


def original(ctx):
    return ctx.said(r"([\w-]+\.json)")


def copy(ctx):
    yield Call("execute_command", {"command": f"python3 scripts/copy_file.py {original(ctx)} out/fixed.json"})
    return Done({"file": "out/fixed.json"}, "Copied to out/fixed.json.")


def one_round(text):
    """Validate, and repair the first problem; returns the text afterwards and what the validator said. Whether it can be
    repaired shows only in the file itself, which is read for that."""
    result = yield Call("execute_command", {"command": VALIDATE})
    said = result.json if '"ok"' in result.text else diagnosis(text)  # a third identical call is refused
    if said["ok"]:
        return text, said
    shown = yield Call("read_file", {"path": "out/fixed.json"})
    better = repaired(shown.text, said)
    if better != shown.text:
        yield Call("write_file", {"path": "out/fixed.json", "content": better})
    return repaired(text, said), said


def before(ctx):
    """The text at the start of this iteration: the original after the repairs of the iterations before it."""
    text = ctx.read(original(ctx))
    for _ in range(ctx.iteration or 0):
        text = repaired(text, diagnosis(text))
    return text


def repair(ctx):
    try:
        text = before(ctx)
    except (OSError, ValueError, AttributeError):
        yield Call("execute_command", {"command": VALIDATE})  # what cannot be read is for the validator to say
        raise
    for _ in range(ROUNDS if ctx.iteration is None else 1):
        text, said = yield from one_round(text)
        if said["ok"]:
            break
    return Done({"ok": said["ok"]}, "One round of validation and repair is done.")


def diagnosis(text):
    """The validator's verdict on a text, from an own reading of the rules in the skill."""
    try:
        value = json.loads(text)
    except ValueError:
        for kind, pattern in (
            ("trailing comma", r",\s*[\]}]"),
            ("python literal", r"[:\[,]\s*(True|False|None)\b"),
            ("single quotes", r"[{,]\s*'"),
            ("unclosed", r"."),
        ):
            if re.search(pattern, text):
                return {"ok": False, "problem": kind}
        return {"ok": False, "problem": "unknown"}
    if isinstance(value.get("limit"), str):
        return {"ok": False, "problem": "type", "field": "limit", "wanted": "number"}
    if not isinstance(value.get("active"), bool):
        return {"ok": False, "problem": "type", "field": "active", "wanted": "boolean"}
    return {"ok": True}


def report(ctx):
    yield [Call("read_file", {"path": "out/fixed.json"}), Call("read_file", {"path": original(ctx)})]
    text, lines = ctx.read(original(ctx)), []
    for _ in range(ROUNDS):
        said = diagnosis(text)
        better = repaired(text, said)
        if said["ok"] or better == text:
            break
        lines.append(f"- {WORDS[said['problem']]}")
        text = better
    left = diagnosis(text)
    tail = "" if left["ok"] else f"\nLeft open: {left['problem']} of {left.get('field', 'the file')}.\n"
    content = f"Repairs: {len(lines)}\n\n" + "\n".join(lines) + "\n" + tail
    yield Call("write_file", {"path": "out/repair.md", "content": content})
    return Done({"repairs": len(lines)}, "Report written to out/repair.md.")


def stop(ctx):
    yield Call("read_file", {"path": "out/fixed.json"})
    left = diagnosis(ctx.read("out/fixed.json"))
    return Done({"ok": left["ok"]}, "The file is valid." if left["ok"] else f"Still broken: {left['problem']}.")


def finished(ctx):
    """Has the validator said so, at the start of this round?"""
    return diagnosis(before(ctx))["ok"]


def broken(ctx):
    return "none" if diagnosis(ctx.read("out/fixed.json"))["ok"] else 0


STEPS = {"S1.s1": copy, "S1.s2": repair, "S1.s3": report, "S1.s4": stop}
CHOICES = {"S1.s2": finished, "S1.s4": broken}
