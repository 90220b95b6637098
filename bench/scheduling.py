"""`python -m bench.scheduling`: wall over critical path, overhead per step; beside plain asyncio and LangGraph where installed.

Three families (`../shared/reference/peers.md` B14 to B17): 20 random graphs of 20 nodes with up to two parents and 5 to 100 ms
each, seeds 0 to 19; two lanes, 100-10-10 and 10-10-100 ms, after one start; chains. A node of ours is a model step whose
scripted model sleeps and then calls `finish`; plain asyncio is one task a node that awaits its parents and sleeps; LangGraph
a node that sleeps. All in one process, in turns, least of `--rounds`.

Overhead: CPU time a node in chains and in wide graphs without sleep, as a multiple of a bare anyio task. `scheduler` is our
scheduler alone; `empty step` adds all that a step is but the work in it: locks, attempt, result, two events; `model step` also
prompt, reply, `finish` and their two events. `journal`: events go to SQLite, each before what it announces.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import anyio

from skvm.ir import EffectClass, Hazard
from skvm.plan import (
    Artifact,
    Edge,
    Executor,
    ExecutorKind,
    Plan,
    Slice,
    SourceInfo,
    StepNode,
    StepResult,
    StepStatus,
    TargetInfo,
)
from skvm.ports import ModelReply, ModelRequest, ToolCall, Usage
from skvm.runtime import RunPorts, RunRequest, execute
from skvm.runtime.agent.loop import Ended
from skvm.runtime.agent.step import StepRun
from skvm.runtime.flow import scheduler
from skvm.source import Span, digest_text
from skvm.store import NullStore, open_store

SPAN = Span("SKILL.md", 0, 1)
CHAIN = 50
WIDE = 100


@dataclass(frozen=True)
class Graph:
    """Seconds of each node by name, and edges; nodes are in an order that follows the edges."""

    seconds: dict[str, float]
    edges: tuple[tuple[str, str], ...]

    def parents(self, node: str) -> list[str]:
        """Nodes that come right before a node."""
        return [before for before, after in self.edges if after == node]

    @property
    def span(self) -> float:
        """Seconds of the longest path."""
        end: dict[str, float] = {}
        for node, seconds in self.seconds.items():
            end[node] = seconds + max((end[p] for p in self.parents(node)), default=0.0)
        return max(end.values())


def random_graph(seed: int, size: int = 20) -> Graph:
    """Up to two parents among the nodes before, 5 to 100 ms."""
    draw = random.Random(seed)
    names = [f"n{i}" for i in range(size)]
    edges = [(p, n) for i, n in enumerate(names) for p in draw.sample(names[:i], min(i, draw.randint(0, 2)))]
    return Graph({n: draw.uniform(0.005, 0.1) for n in names}, tuple(edges))


def lanes() -> Graph:
    """Two chains whose slow nodes do not meet: a barrier pays for both."""
    one, two = {"a1": 0.1, "a2": 0.01, "a3": 0.01}, {"b1": 0.01, "b2": 0.01, "b3": 0.1}
    return Graph({"s": 0.0, **one, **two}, (("s", "a1"), ("s", "b1"), *pairwise(one), *pairwise(two)))


def chain(size: int, seconds: float = 0.0) -> Graph:
    """One after another."""
    names = [f"n{i}" for i in range(size)]
    return Graph(dict.fromkeys(names, seconds), tuple(pairwise(names)))


def wide(size: int) -> Graph:
    """All at once."""
    return Graph(dict.fromkeys((f"n{i}" for i in range(size)), 0.0), ())


def artifact(graph: Graph) -> Artifact:
    """The graph as a plan of model steps."""
    nodes = tuple(
        StepNode(
            id=name,
            key=digest_text(name),
            title=name,
            span=SPAN,
            executor=Executor(kind=ExecutorKind.MODEL),
            slice=Slice(goal="", text=name),
            effect_class=EffectClass.PURE,
        )
        for name in graph.seconds
    )
    edges = tuple(Edge(before=a, after=b, hazard=Hazard.DECLARED_ORDER) for a, b in graph.edges)
    return Artifact(
        source=SourceInfo(name="bench", digest="sha256:0", program="sha256:0"),
        target=TargetInfo(model="m", harness="builtin"),
        plan=Plan(nodes=nodes, edges=edges),
        skill_text="# Bench\n",
    ).sealed()


class Sleeper:
    """A scripted model: sleeps as long as the node takes, then calls `finish`."""

    simulated = True

    def __init__(self, seconds: dict[str, float], fails: str = "") -> None:
        self.seconds = seconds
        self.fails = fails
        self.done, self.cannot = _finish(), _finish(status="cannot")

    async def complete(self, request: ModelRequest, on_text: Any = None) -> ModelReply:
        """The answer of a node, made before: what a model spends on it is none of the runtime's."""
        await anyio.sleep(self.seconds[request.tag.step])
        return self.cannot if request.tag.step == self.fails else self.done

    async def close(self) -> None:
        """Nothing to close."""


def _finish(**more: str) -> ModelReply:
    call = ToolCall(id="1", name="finish", arguments=json.dumps({"values": {}, "summary": "done", **more}))
    return ModelReply(text="", calls=(call,), usage=Usage(prompt=1, completion=1), finish="tool_calls", cost=0.0)


@dataclass(frozen=True)
class Took:
    """Seconds of wall and of CPU; `wall` leaves what comes before the first node and after the last away."""

    wall: float
    cpu: float
    whole: float = 0.0


async def ours(graph: Graph, home: Path, journal: bool, fails: str = "") -> tuple[Took, Any]:
    """A run by our runtime; wall from the first node's start to the last one's end."""
    store = open_store(home) if journal else NullStore()
    marks: list[float] = []

    class Sink:
        def emit(self, event: Any) -> None:
            if event.kind.value in ("node.start", "node.end"):
                marks.append(time.perf_counter())

    model = Sleeper(graph.seconds, fails)
    ports = RunPorts(model_for=lambda _: model, journal=store.journal, blobs=store.blobs, sinks=(Sink(),))
    plan = artifact(graph)
    began, cpu = time.perf_counter(), time.process_time()
    outcome = await execute(RunRequest(artifact=plan, model="m", lanes=WIDE), ports, home)
    spent, whole = time.process_time() - cpu, time.perf_counter() - began
    return Took(max(marks) - min(marks) if marks else 0.0, spent, whole), outcome


async def plain(graph: Graph) -> Took:
    """One asyncio task a node that awaits its parents."""
    tasks: dict[str, asyncio.Task[None]] = {}

    async def node(name: str) -> None:
        for parent in graph.parents(name):
            await tasks[parent]
        await asyncio.sleep(graph.seconds[name])

    began, cpu = time.perf_counter(), time.process_time()
    for name in graph.seconds:
        tasks[name] = asyncio.create_task(node(name))
    await asyncio.gather(*tasks.values())
    return Took(time.perf_counter() - began, time.process_time() - cpu)


async def bare(graph: Graph) -> Took:
    """One anyio task a node, started when its last parent is done, with nothing in it."""
    waits = {n: len(graph.parents(n)) for n in graph.seconds}
    after: dict[str, list[str]] = {n: [] for n in graph.seconds}
    for one, two in graph.edges:
        after[one].append(two)

    async def node(name: str) -> None:
        await anyio.lowlevel.checkpoint()
        for other in after[name]:
            waits[other] -= 1
            if not waits[other]:
                group.start_soon(node, other)

    began, cpu = time.perf_counter(), time.process_time()
    async with anyio.create_task_group() as group:
        for name in [n for n, count in waits.items() if not count]:
            group.start_soon(node, name)
    return Took(time.perf_counter() - began, time.process_time() - cpu)


def langgraph(graph: Graph) -> Callable[[], Any] | None:
    """The same graph in LangGraph, None where that is not installed."""
    if find_spec("langgraph") is None:
        return None
    from typing import TypedDict

    from langgraph.graph import END, START, StateGraph  # type: ignore[import-not-found, unused-ignore]

    class State(TypedDict):
        pass

    def node(seconds: float) -> Any:
        async def run(_state: State) -> dict[str, Any]:
            await asyncio.sleep(seconds)
            return {}

        return run

    builder = StateGraph(State)
    ends = {a for a, _ in graph.edges}
    for name, seconds in graph.seconds.items():
        builder.add_node(name, node(seconds))
        parents = graph.parents(name)
        builder.add_edge(parents if len(parents) > 1 else parents[0] if parents else START, name)
        if name not in ends:
            builder.add_edge(name, END)
    made = builder.compile()

    async def run() -> Took:
        began, cpu = time.perf_counter(), time.process_time()
        await made.ainvoke({}, {"recursion_limit": 1000})
        return Took(time.perf_counter() - began, time.process_time() - cpu)

    return run


async def _nothing(*_args: Any, **_options: Any) -> StepResult:
    await anyio.lowlevel.checkpoint()
    return StepResult(status=StepStatus.DONE)


async def _done(*_args: Any) -> Ended:
    await anyio.lowlevel.checkpoint()
    return Ended(StepStatus.DONE)


def least(rounds: int, work: Callable[[], Any]) -> Took:
    """The run with the least wall, and the least CPU of all."""
    found = [work() for _ in range(rounds)]
    best = min(found, key=lambda t: t.wall)
    return Took(best.wall, min(t.cpu for t in found), min(t.whole for t in found))


def ratios(rounds: int, home: Path) -> list[dict[str, Any]]:
    """Wall over critical path: a row for each graph."""
    graphs = {f"random {seed}": random_graph(seed) for seed in range(20)}
    graphs |= {"two lanes": lanes(), f"chain of {CHAIN} x 1 ms": chain(CHAIN, 0.001)}
    rows = []
    for name, graph in graphs.items():
        peer = langgraph(graph)
        row: dict[str, Any] = {"graph": name, "critical path ms": round(graph.span * 1000, 1)}
        found = {
            "asyncio": least(rounds, lambda g=graph: asyncio.run(plain(g))),
            "skvm": least(rounds, lambda g=graph: anyio.run(ours, g, home, False)[0]),
            "skvm, journal": least(rounds, lambda g=graph: anyio.run(ours, g, home, True)[0]),
        }
        if peer is not None:
            found["langgraph"] = least(rounds, lambda p=peer: asyncio.run(p()))
        rows.append({**row, **{who: round(took.wall / graph.span, 4) for who, took in found.items()}})
    return rows


def overhead(rounds: int, home: Path) -> list[dict[str, Any]]:
    """CPU microseconds a node, and as a multiple of a bare anyio task."""
    rows = []
    for name, graph, size in (("chain", chain(CHAIN * 4), CHAIN * 4), ("wide", wide(WIDE), WIDE)):
        base = least(rounds, lambda g=graph: anyio.run(bare, g)).cpu / size
        fixed = {
            journal: least(rounds, lambda j=journal: anyio.run(ours, chain(1), home, j)[0]).cpu for journal in (False, True)
        }

        def net(journal: bool, g: Graph = graph, size: int = size, fixed: dict[bool, float] = fixed) -> float:
            took = least(rounds, lambda: anyio.run(ours, g, home, journal)[0])
            return (took.cpu - fixed[journal]) / (size - 1)

        with patch.object(scheduler, "run_step", _nothing):
            alone = net(False)
        with patch.object(StepRun, "_do", _done):
            empty, written = net(False), net(True)
        found = {"bare anyio task": base, "scheduler": alone, "empty step": empty, "empty step, journal": written}
        found |= {"model step": net(False), "model step, journal": net(True)}
        peer = langgraph(graph)
        if peer is not None:
            found["langgraph"] = least(rounds, lambda p=peer: asyncio.run(p())).cpu / size
        rows += [
            {"graph": name, "what": what, "us": round(spent * 1e6, 1), "times": round(spent / base, 2)}
            for what, spent in found.items()
        ]
    return rows


def failing(rounds: int, home: Path) -> dict[str, Any]:
    """One of ten at once fails after 10 ms, the others would take 10 s: ms from the failure to the end of the run."""
    graph = Graph({"first": 0.0, **dict.fromkeys((f"n{i}" for i in range(10)), 10.0), "bad": 0.01}, (("first", "bad"),))
    found = [anyio.run(ours, graph, home, True, "bad") for _ in range(rounds)]
    took, outcome = min(found, key=lambda f: f[0].whole)
    done = [row.id for row in outcome.steps if row.status == "done"]
    return {
        "status": outcome.status,
        "exit": outcome.exit_code,
        "steps with a result": len(outcome.steps),
        "done before": done,
        "ms from failure to end of the last step": round((took.wall - 0.01) * 1000, 2),
        "ms of the whole run without the 10 ms": round((took.whole - 0.01) * 1000, 2),
    }


def main() -> int:
    """Exit 1 when a run of ours did not end as it should."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=("ratios", "overhead", "failing"), action="append")
    options = parser.parse_args()
    parts = options.part or ["ratios", "overhead", "failing"]
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="skvm-bench-") as made:
        home = Path(made)
        if "ratios" in parts:
            rows = ratios(options.rounds, home)
            who = [k for k in rows[0] if k not in ("graph", "critical path ms")]
            spread = {w: [row[w] for row in rows[:20]] for w in who}
            result["wall over critical path"] = rows
            result["random graphs"] = {w: {"mean": round(mean(v), 4), "max": max(v)} for w, v in spread.items()}
        if "overhead" in parts:
            result["overhead"] = overhead(options.rounds, home)
        if "failing" in parts:
            result["failing"] = failing(options.rounds, home)
    print(json.dumps(result, indent=1))
    return int(result.get("failing", {}).get("exit", 4) != 4)


if __name__ == "__main__":
    raise SystemExit(main())
