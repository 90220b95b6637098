"""What a right answer does in each step of pdf-extract."""

import re

from skvm.adapters.simulation.oracle import Call, Done


def names(ctx):
    pdf = ctx.said(r"([\w-]+\.pdf)")
    return pdf, re.sub(r"\.pdf$", ".txt", pdf)


def text(ctx):
    pdf, made = names(ctx)
    yield Call("execute_command", {"command": f"pdftotext -layout {pdf} {made}"})
    return Done({"text": made}, f"Text of {pdf} written to {made}.")


def answer(ctx):
    pdf, made = names(ctx)
    told = yield Call("execute_command", {"command": f"pdfinfo {pdf}"})
    pages = int(re.search(r"^Pages:\s+(\d+)", told.text, re.MULTILINE)[1])
    yield Call("write_file", {"path": "answer.md", "content": f"{pdf}: pages {pages}, text in {made}\n"})
    return Done({"pages": pages}, f"{pdf} has {pages} pages.")


STEPS = {"S1.s1": text, "S1.s2": answer}
