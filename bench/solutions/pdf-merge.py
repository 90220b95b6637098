"""What a right answer does in each step of pdf-merge."""

import re

from skvm.adapters.simulation.oracle import Call, Done


def names(ctx):
    return re.findall(r"[\w-]+\.pdf", ctx.task)


def join(ctx):
    first, second, result = names(ctx)
    yield Call("execute_command", {"command": f"pdfunite {first} {second} {result}"})
    return Done({"result": result}, f"{first} and {second} joined into {result}.")


def answer(ctx):
    result = names(ctx)[2]
    told = yield Call("execute_command", {"command": f"pdfinfo {result}"})
    pages = int(re.search(r"^Pages:\s+(\d+)", told.text, re.MULTILINE)[1])
    yield Call("write_file", {"path": "answer.md", "content": f"{result}: pages {pages}\n"})
    return Done({"pages": pages}, f"{result} has {pages} pages.")


STEPS = {"S1.s1": join, "S1.s2": answer}
