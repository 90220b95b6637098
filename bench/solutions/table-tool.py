"""What a right answer does with table-tool: the sub-commands that the request needs."""

import re

from skvm.adapters.simulation.oracle import Call, Done

TAB = "python scripts/tab.py"


def commands(ctx):
    out = ctx.said(r"(out/[\w-]+\.csv)")
    tables = re.findall(r"(?<!out/)\b[\w-]+\.(?:csv|jsonl)\b", ctx.task)
    if ctx.said(r"(open) orders"):
        return [
            f'{TAB} filter {tables[0]} "status = open" --out out/open.csv',
            f"{TAB} group out/open.csv --by customer --sum amount --out {out}",
        ]
    if ctx.said(r"(returned) orders"):
        return [
            f'{TAB} filter {tables[0]} "status = returned" --out out/step.csv',
            f"{TAB} join out/step.csv {tables[1]} --on customer --out {out}",
        ]
    limit = ctx.said(r"quantity below (\d+)")
    if limit:
        return [
            f'{TAB} filter {tables[0]} "quantity < {limit}" --out out/few.csv',
            f"{TAB} sort out/few.csv --by quantity --out out/sorted.csv",
            f"{TAB} cut out/sorted.csv sku,quantity --out {out}",
        ]
    word = ctx.said(r"about a (\w+)")
    return [f'{TAB} filter {tables[0]} "title ~ {word}" --out {out}']


def answer(ctx):
    for command in commands(ctx):
        yield Call("execute_command", {"command": command})
    out = ctx.said(r"(out/[\w-]+\.csv)")
    yield Call("read_file", {"path": out})
    return Done({"file": out}, f"The table is in {out}.")


STEPS = {"*": answer}
