"""What a right answer does in each step of weather-current; `STATION`: where the station answers."""

import os

from skvm.adapters.simulation.oracle import Call, Done


def ask(ctx):
    place = ctx.said(r"in ([A-Z]\w+)")
    source = ctx.said(r"([\w-]+\.json)") or os.environ.get("STATION", "http://localhost:8931")
    command = f"python3 scripts/current.py {place} --from {source} --out now.json"
    told = yield Call("execute_command", {"command": command})
    return Done({"place": place, "temperature": told.json["temperature"]}, f"The station knows {place}.")


def answer(ctx):
    told = yield Call("read_file", {"path": "now.json"})
    now = told.json
    text = f"{now['place']}: {now['temperature']} °C, wind {now['wind']} km/h, {now['sky']}\n"
    yield Call("write_file", {"path": "answer.md", "content": text})
    return Done({}, "Answer written to answer.md.")


STEPS = {"S1.s1": ask, "S1.s2": answer}
