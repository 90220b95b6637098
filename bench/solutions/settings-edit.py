"""What a right answer does in each step of settings-edit."""

import json
import re

from skvm.adapters.simulation.oracle import Call, Done

FILE = r"([A-Za-z0-9][\w-]*\.json)"
PATH = r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*"
SETTING = re.compile(
    rf"\b(?:set|change) (?P<path>{PATH}) to (?P<value>[^\s,]+) in {FILE}"
    rf"|\bin {FILE}, set (?P<path2>{PATH}) to (?P<value2>\S+?)[.?!,]*(?:\s|$)"
    rf"|\badd (?P<path4>{PATH}) with (?P<value4>[^\s,]+) to {FILE}"
    rf"|\b(?P<path3>{PATH}) in {FILE} should be (?P<value3>\S+?)[.?!,]*(?:\s|$)",
    re.IGNORECASE,
)
REMOVING = re.compile(rf"\b(?:remove|delete|drop) (?:the key )?(?P<path>{PATH}) from {FILE}", re.IGNORECASE)


def file(ctx):
    return ctx.said(FILE)


def asked(ctx):
    """(path, new value as JSON); the value is None for a key that is to go."""
    found = SETTING.search(ctx.task)
    if found is None:
        return REMOVING.search(ctx.task)["path"].split("."), None
    row = {k.rstrip("234"): v for k, v in found.groupdict().items() if v is not None}
    plain = re.fullmatch(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", row["value"])
    return row["path"].split("."), row["value"] if plain else json.dumps(row["value"], ensure_ascii=False)


def members(text, start):
    """(key, where it begins, where its value begins and ends) of the object whose brace stands at `start`; then its end."""
    decoder, rows, at = json.JSONDecoder(), [], blank(text, start + 1)
    while text[at] != "}":
        key, end = decoder.raw_decode(text, at)
        begins = blank(text, blank(text, end) + 1)
        _, ends = decoder.raw_decode(text, begins)
        rows.append((key, at, begins, ends))
        at = blank(text, ends)
        at = blank(text, at + 1) if text[at] == "," else at
    return rows, at


def blank(text, at):
    while text[at] in " \t\r\n":
        at += 1
    return at


def changed(text, path, value):
    """The text with the one key changed; raises where that cannot be done without touching anything else."""
    if len(json.loads(text)) == 0:
        raise ValueError("nothing is set")
    start = blank(text, 0)
    for key in path[:-1]:
        rows, _ = members(text, start)
        start = next(row[2] for row in rows if row[0] == key)
        if text[start] != "{":
            raise ValueError(f"{key} is no section")
    rows, end = members(text, start)
    names = [row[0] for row in rows]
    if len(set(names)) < len(names):
        raise ValueError("a key stands there twice")
    at = names.index(path[-1]) if path[-1] in names else None
    if value is None:
        return without(text, rows, at, start, end)
    if at is not None:
        if text[rows[at][2]] in "{[":
            raise ValueError(f"{path[-1]} is more than one value")
        return text[: rows[at][2]] + value + text[rows[at][3] :]
    key, begins, value_begins, ends = rows[-1]
    before = text[start + 1 : begins] if len(rows) == 1 else text[text.index(",", rows[-2][3]) + 1 : begins]
    joint = text[begins + len(json.dumps(key)) : value_begins]
    return text[:ends] + "," + before + json.dumps(path[-1]) + joint + value + text[ends:]


def without(text, rows, at, start, end):
    if at is None:
        raise ValueError("there is no such key")
    if len(rows) == 1:
        return text[: start + 1] + text[end:]
    if at == len(rows) - 1:
        return text[: rows[at - 1][3]] + text[rows[at][3] :]
    return text[: rows[at][1]] + text[rows[at + 1][1] :]


def change(ctx):
    path, value = asked(ctx)
    result = yield Call("read_file", {"path": file(ctx)})
    yield Call("write_file", {"path": file(ctx), "content": changed(result.text, path, value)})
    done = {"file": file(ctx), "key": ".".join(path), **({} if value is None else {"value": json.loads(value)})}
    return Done(done, f"Changed {'.'.join(path)} in {file(ctx)}.")


def check(ctx):
    result = yield Call("execute_command", {"command": f"python3 scripts/check_settings.py {file(ctx)}"})
    return Done(result.json, "Checked the file.")


def note(ctx):
    path, value = asked(ctx)
    said = "removed" if value is None else re.fullmatch('"?(.*?)"?', value)[1]
    content = f"File: {file(ctx)}\n{'.'.join(path)}: {said}\n"
    yield Call("write_file", {"path": "out/change.md", "content": content})
    return Done({}, "Note written to out/change.md.")


STEPS = {"S1.s1": change, "S2.s1": check, "S3.s1": note}
