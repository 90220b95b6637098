"""What a right answer does in each step of sales-report."""

from skvm.adapters.simulation.oracle import Call, Done


def export(ctx):
    return ctx.files.get(ctx.said(r"([\w.-]+\.csv)"), ctx.said(r"([\w.-]+\.csv)"))


def check(ctx):
    result = yield Call("execute_command", {"command": f"python scripts/check_export.py {export(ctx)}"})
    rows = result.json["rows"]
    return Done({"rows": rows}, f"The export has {rows} rows and all needed columns.")


def report(ctx):
    by = ctx.said(r"by (\w+)")
    result = yield Call(
        "execute_command", {"command": f"python scripts/summarize.py {export(ctx)} --by {by} --table out/groups.csv"}
    )
    found = result.json
    text = (
        f"# Sales by {found['by']}\n\nOrders: {found['rows']}\nRevenue: {found['total']}\n"
        f"Best: {found['top']} ({found['top_total']})\n"
    )
    yield Call("write_file", {"path": "out/report.md", "content": text})
    return Done({"total": found["total"], "top": found["top"]}, f"Report by {by} written to out/report.md.")


def outliers(ctx):
    command = f"python scripts/outliers.py {export(ctx)} --out out/outliers.csv"
    result = yield Call("execute_command", {"command": command})
    return Done({"outliers": result.json["outliers"]}, "Unusual orders written to out/outliers.csv.")


def summary(ctx):
    yield [Call("read_file", {"path": "out/report.md"}), Call("read_file", {"path": "out/outliers.csv"})]
    lines = dict(line.split(": ", 1) for line in ctx.read("out/report.md").splitlines() if ": " in line)
    odd = len(ctx.read("out/outliers.csv").splitlines()) - 1
    best = lines["Best"].split(" (")[0]
    text = f"Revenue was {lines['Revenue']}, and {best} brought in most of it. There are {odd} unusual orders in the export.\n"
    yield Call("write_file", {"path": "out/summary.md", "content": text})
    return Done({}, "Summary written to out/summary.md.")


STEPS = {"S1.s1": check, "S1.s2": report, "S1.s3": outliers, "S1.s4": summary}
