"""What a right answer does in each step of log-triage."""

import csv
import io

from skvm.adapters.simulation.oracle import Call, Done


def log(ctx):
    return ctx.said(r"([\w.-]+\.log)")


def run(command):
    return Call("execute_command", {"command": command})


def collect(ctx):
    result = yield run(f"python scripts/parse_log.py {log(ctx)} --out out/events.json")
    return Done({"events": result.json["events"]}, "Log parsed into out/events.json.")


def timeline(ctx):
    service = ctx.said(r"service (\w+)")
    result = yield run(f"python scripts/error_rate.py {log(ctx)} --service {service} --table out/minutes.csv")
    found = result.json
    text = f"# Errors in {found['service']}\nFirst: {found['first']}\nLast: {found['last']}\nCount: {found['errors']}\n"
    yield Call("write_file", {"path": "out/timeline.md", "content": text})
    return Done({"errors": found["errors"]}, f"Timeline of {found['service']} written to out/timeline.md.")


def signatures(ctx):
    result = yield run("python scripts/signatures.py out/events.json --out out/signatures.csv")
    return Done({"signatures": result.json["signatures"]}, "Signatures written to out/signatures.csv.")


def incident(ctx):
    yield [Call("read_file", {"path": "out/timeline.md"}), Call("read_file", {"path": "out/signatures.csv"})]
    lines = dict(line.split(": ", 1) for line in ctx.read("out/timeline.md").splitlines() if ": " in line)
    top = next(csv.DictReader(io.StringIO(ctx.read("out/signatures.csv"))), {"count": 0, "signature": "none", "service": "-"})
    text = (
        f"# Incident\n\n## What happened\n\n{lines['Count']} errors between {lines['First']} and {lines['Last']}.\n\n"
        f"## Since when\n\nThe first error was at {lines['First']}.\n\n## Most frequent error\n\n"
        f"`{top['signature']}` in {top['service']}, {top['count']} times.\n"
    )
    yield Call("write_file", {"path": "out/incident.md", "content": text})
    return Done({}, "Incident note written to out/incident.md.")


def approve(ctx):
    yield Call("read_file", {"path": "out/incident.md"})
    return Done({"approved": True}, "The incident note was shown and approved.")


def archive(ctx):
    result = yield run(f"python scripts/archive.py {log(ctx)} --to archive")
    return Done({"sha256": result.json["sha256"]}, "Log archived.")


STEPS = {
    "S1.s1": collect,
    "S1.s2": timeline,
    "S2.s1": signatures,
    "S2.s2": incident,
    "S3.s1": approve,
    "S4.s1": archive,
}
