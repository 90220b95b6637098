#!/usr/bin/env python3
"""Filter, group, join, sort and cut CSV or JSON-lines tables with the standard library."""

import argparse
import csv
import json
import os
import re
import sys
from decimal import Decimal, InvalidOperation


class Problem(Exception):
    """Something the caller must correct."""


def load(path):
    if not os.path.exists(path):
        raise Problem(f"no such file: {path}")
    with open(path, newline="", encoding="utf-8") as handle:
        if path.endswith(".jsonl"):
            rows = [{k: "" if v is None else str(v) for k, v in json.loads(line).items()} for line in handle if line.strip()]
            return list(dict.fromkeys(k for row in rows for k in row)), rows
        reader = csv.DictReader(handle)
        rows = list(reader)
        return list(reader.fieldnames or []), rows


def need(columns, name):
    if name not in columns:
        raise Problem(f"no column {name!r}; there are: {', '.join(columns)}")


def number(text):
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def condition(text, columns):
    found = re.match(r"\s*(\S+)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*$", text)
    if not found:
        raise Problem(f"not a condition: {text!r}")
    column, operator, value = found.groups()
    need(columns, column)
    return lambda row: holds(row[column] or "", operator, value)


def holds(cell, operator, value):
    if operator == "~":
        return value.lower() in cell.lower()
    left, right = number(cell), number(value)
    if left is None or right is None:
        if operator in ("=", "!="):
            return (cell == value) is (operator == "=")
        return bool(cell) and {"<": cell < value, "<=": cell <= value, ">": cell > value, ">=": cell >= value}[operator]
    table = {"=": left == right, "!=": left != right, "<": left < right, "<=": left <= right}
    return table[operator] if operator in table else {">": left > right, ">=": left >= right}[operator]


def filter_rows(args):
    columns, rows = load(args.table)
    keep = condition(args.condition, columns)
    return columns, [row for row in rows if keep(row)]


def group(args):
    columns, rows = load(args.table)
    need(columns, args.by)
    if args.sum:
        need(columns, args.sum)
    groups = {}
    for row in rows:
        entry = groups.setdefault(row[args.by], [0, Decimal(0)])
        entry[0] += 1
        entry[1] += (number(row[args.sum]) or Decimal(0)) if args.sum else Decimal(0)
    extra = [f"sum_{args.sum}"] if args.sum else []
    made = [{args.by: k, "count": n, **({extra[0]: f"{total:.2f}"} if extra else {})} for k, (n, total) in groups.items()]
    return [args.by, "count", *extra], made


def join(args):
    left, rows = load(args.table)
    right, others = load(args.other)
    need(left, args.on)
    need(right, args.on)
    names = {name: name + "_2" if name in left else name for name in right if name != args.on}
    partners = {}
    for other in others:
        partners.setdefault(other[args.on], []).append(other)
    made = [{**row, **{names[n]: p[n] for n in names}} for row in rows for p in partners.get(row[args.on], [])]
    return left + list(names.values()), made


def sort(args):
    columns, rows = load(args.table)
    need(columns, args.by)
    numeric = all(number(row[args.by]) is not None for row in rows)
    rows.sort(key=lambda row: number(row[args.by]) if numeric else row[args.by], reverse=args.desc)
    return columns, rows


def cut(args):
    columns, rows = load(args.table)
    chosen = args.columns.split(",")
    for name in chosen:
        need(columns, name)
    return chosen, [{name: row[name] for name in chosen} for row in rows]


def head(args):
    columns, rows = load(args.table)
    return columns, rows[: args.n]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    subs = parser.add_subparsers(required=True)
    for name, function in (("head", head), ("filter", filter_rows), ("group", group), ("join", join), ("sort", sort), ("cut", cut)):
        sub = subs.add_parser(name)
        sub.set_defaults(function=function)
        sub.add_argument("table")
        sub.add_argument("--out")
        if name == "head":
            sub.add_argument("-n", type=int, default=10)
        elif name == "filter":
            sub.add_argument("condition")
        elif name == "cut":
            sub.add_argument("columns")
        elif name == "join":
            sub.add_argument("other")
            sub.add_argument("--on", required=True)
        else:
            sub.add_argument("--by", required=True)
        if name == "group":
            sub.add_argument("--sum")
        if name == "sort":
            sub.add_argument("--desc", action="store_true")
    return parser.parse_args()


def main():
    args = arguments()
    try:
        columns, rows = args.function(args)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    if args.out:
        os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
    with open(args.out, "w", newline="", encoding="utf-8") if args.out else sys.stdout as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
