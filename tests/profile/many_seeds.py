"""The laws over many seeds, in ranges that can be taken up again: `python tests/profile/many_seeds.py OUT PRIMITIVE...`.

For every primitive and level OUT gets a file of lines of JSON, one a range of seeds: what laws were broken (each seen again
with interpreters started anew), seconds of CPU, and for what reasons each mutant failed. Ranges that are there are not run
again unless the probe has another version. A range goes through all primitives and levels before the next one begins.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
from bench_local import LocalBench
from browsing import broken_in_one_browser
from laws import LEVELS, broken_laws_with
from warm_bench import WarmBench

from skvm.adapters.chromium import find_chromium
from skvm.capability import Level
from skvm.profile.kit.instance import Instance, Probe, Verdict
from skvm.profile.kit.plays import Play
from skvm.profile.kit.rehearse import judged
from skvm.profile.probes import probe_of

VARIES = re.compile(r"'[^']*'|\"[^\"]*\"|[\[(].*|\d+|\S*[/.]\S+")
"""Parts of a reason that differ from seed to seed."""

PATIENCE = 6
"""Deadlines are for machines that are not as busy."""


def ranges(size: int, most: int) -> Iterator[range]:
    """Seeds in ranges."""
    return (range(begin, min(begin + size, most)) for begin in range(0, most, size))


def seconds() -> float:
    """CPU of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def browsed(probe: Probe, level: Level, seeds: range) -> dict[str, Any]:
    """One line of the record, for a probe whose plays need a browser; the CPU of the browser is not known."""
    browsers, begin = find_chromium(), seconds()
    if browsers is None:
        raise SystemExit("this machine has no Chromium or no bubblewrap")
    broken = anyio.run(broken_in_one_browser, [probe.instance(level, seed) for seed in seeds], browsers)
    span = {"version": probe.version, "from": seeds.start, "to": seeds.stop}
    return span | {"broken": broken, "cpu": round(seconds() - begin, 2), "reasons": {}}


def run(probe: Probe, level: Level, seeds: range) -> dict[str, Any]:
    """One line of the record."""
    if "browser" in probe.needs:
        return browsed(probe, level, seeds)
    bench, begin = WarmBench(PATIENCE), seconds()
    reasons: dict[str, Counter[str]] = {}

    async def judge(instance: Instance, play: Play) -> Verdict:
        verdict = await judged(instance.task, play, bench)
        for name, mutant in instance.task.mutants.items():
            if mutant is play:
                reasons.setdefault(name, Counter())[VARIES.sub("_", verdict.reason)[:60]] += 1
        return verdict

    async def cold(instance: Instance, play: Play) -> Verdict:
        return await judged(instance.task, play, LocalBench(patience=PATIENCE))

    broken: list[str] = []
    for seed in seeds:
        instance = probe.instance(level, seed)
        if anyio.run(broken_laws_with, [instance], judge):
            broken += anyio.run(broken_laws_with, [instance], cold)
        bench.known.clear()
    bench.close()
    told = {name: dict(counted.most_common(4)) for name, counted in reasons.items()}
    return {
        "version": probe.version,
        "from": seeds.start,
        "to": seeds.stop,
        "broken": broken,
        "cpu": round(seconds() - begin, 2),
    } | {"reasons": told}


def main() -> int:
    """Run what is missing; 1 when a law is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("primitives", nargs="+", metavar="PRIMITIVE[:LEVEL]")
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--size", type=int, default=50)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    worst = 0
    for seeds in ranges(args.size, args.seeds):
        for name in args.primitives:
            primitive, _, only = name.partition(":")
            for level in LEVELS if not only else [Level(only)]:
                probe, file = probe_of(primitive), args.out / f"{primitive}-{level.value}.jsonl"
                lines = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
                if any(
                    (line["from"], line["to"], line["version"]) == (seeds.start, seeds.stop, probe.version) for line in lines
                ):
                    continue
                found = run(probe, level, seeds)
                with file.open("a") as target:
                    target.write(json.dumps(found) + "\n")
                worst |= bool(found["broken"])
                print(
                    f"{primitive} {level.value} {seeds.start}-{seeds.stop} {found['cpu']} s",
                    *found["broken"],
                    sep="\n  ",
                    flush=True,
                )
    return worst


if __name__ == "__main__":
    sys.exit(main())
