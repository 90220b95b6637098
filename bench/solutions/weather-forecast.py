"""What a right answer does in each step of weather-forecast; `STATION`: where the station answers."""

import os

from skvm.adapters.simulation.oracle import Call, Done


def ask(ctx):
    place, days = ctx.said(r"in ([A-Z]\w+)"), ctx.said(r"(\d+) days")
    source = ctx.said(r"([\w-]+\.json)") or os.environ.get("STATION", "http://localhost:8931")
    command = f"python3 scripts/forecast.py {place} --days {days} --from {source} --table days.csv --out summary.json"
    told = yield Call("execute_command", {"command": command})
    return Done({"place": place, "wet": told.json["wet"]}, f"{days} days in {place} kept in days.csv.")


def answer(ctx):
    told = yield Call("read_file", {"path": "summary.json"})
    found = told.json
    warm, cold = found["warmest"], found["coldest"]
    text = (
        f"{found['place']}, {found['days']} days: warmest {warm['day']} ({warm['high']} °C), "
        f"coldest {cold['day']} ({cold['low']} °C), wet days: {found['wet']}\n"
    )
    yield Call("write_file", {"path": "answer.md", "content": text})
    return Done({}, "Answer written to answer.md.")


STEPS = {"S1.s1": ask, "S1.s2": answer}
