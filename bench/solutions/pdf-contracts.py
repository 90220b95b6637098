"""What a right answer does in each step of pdf-contracts."""

import csv
import io
import json
import re
from datetime import datetime

from skvm.adapters.simulation.oracle import Call, Done

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def first(text, *patterns):
    return next((found.group(1).strip() for found in (re.search(p, text) for p in patterns) if found), None)


def terms(text):
    start = first(text, r"commences on (\d+ \w+ \d{4})", r"Start date: (\S+)")
    if start and not start[:4].isdigit():
        start = datetime.strptime(start, "%d %B %Y").date().isoformat()
    notice = first(text, r"with (\w+) months?' notice", r"Notice period: (\d+)")
    if notice:
        notice = int(notice) if notice.isdigit() else NUMBERS.index(notice) + 1
    fee = first(text, r"annual fee of [A-Z]{3} ([\d,.]*\d)", r"Yearly fee: ([\d.]*\d)")
    return {
        "party": first(text, r"and (.+) \(the Supplier\)", r"Provider: (.+)"),
        "start": start,
        "notice_months": notice,
        "yearly_fee": fee.replace(",", "") if fee else None,
    }


def prerequisites(ctx):
    yield Call("execute_command", {"command": "python3 --version"})
    return Done({}, "What the script needs is there.")


def extract(ctx):
    pdf = ctx.said(r"([\w-]+\.pdf)")
    yield Call("execute_command", {"command": f"python3 scripts/extract_text.py {pdf} --out out/contract.txt"})
    return Done({}, "Text extracted to out/contract.txt.")


def find(ctx):
    yield Call("read_file", {"path": "out/contract.txt"})
    found = terms(ctx.read("out/contract.txt"))
    yield Call("write_file", {"path": "out/terms.json", "content": json.dumps(found, indent=1) + "\n"})
    return Done(found, "Terms written to out/terms.json.")


def register(ctx):
    command = "python3 scripts/register.py out/terms.json --register out/register.csv"
    result = yield Call("execute_command", {"command": command})
    return Done(result.json, "Contract registered.")


def answer(ctx):
    yield Call("read_file", {"path": "out/register.csv"})
    row = list(csv.DictReader(io.StringIO(ctx.read("out/register.csv"))))[-1]
    text = f"The contract with {row['party']} ({row['yearly_fee']} a year) must be cancelled by {row['notice_by']}.\n"
    yield Call("write_file", {"path": "out/answer.md", "content": text})
    return Done({"notice_by": row["notice_by"]}, "Answer written to out/answer.md.")


STEPS = {"S1.s1": prerequisites, "S2.s1": extract, "S2.s2": find, "S2.s3": register, "S2.s4": answer}
