"""What a run is at right now, kept up to date by its events: who works on what since when, what was used of each limit."""

from __future__ import annotations

from dataclasses import dataclass, field

from skvm.plan import Event, EventKind

Place = tuple[str, str]


@dataclass
class Work:
    """One step under way. `since` and `asked` are seconds of the run; `asked` while a model is thinking about it."""

    node: str
    scope: str
    title: str
    executor: str
    since: float
    doing: str = ""
    asked: float | None = None


@dataclass
class RunStatus:
    """The state of a run. `lanes`: questions under way by model. `cost` is None once a price was unknown."""

    run: str = ""
    skill: str = ""
    simulated: bool = False
    now: float = 0.0
    done: int = 0
    skipped: int = 0
    failed: int = 0
    model_calls: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    working: dict[Place, Work] = field(default_factory=dict)
    lanes: dict[str, int] = field(default_factory=dict)
    _models: dict[Place, str] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take in one event."""
        self.now = max(self.now, event.time)
        place = (event.node, event.scope)
        match event.kind:
            case EventKind.RUN_START:
                self.run, self.skill = event.run, str(event.data.get("skill", ""))
                self.simulated = bool(event.data.get("simulated"))
            case EventKind.NODE_START:
                data = event.data
                title, executor = str(data.get("title", "")), str(data.get("executor", ""))
                self.working[place] = Work(event.node, event.scope, title, executor, event.time)
            case EventKind.NODE_END:
                self.working.pop(place, None)
                self._ended(str((event.data.get("result") or {}).get("status", "")))
            case EventKind.NODE_SKIP:
                self.skipped += 1
            case EventKind.MODEL_CALL:
                self._ask(place, str(event.data.get("model", "")), event.time)
            case EventKind.MODEL_REPLY:
                self._answer(place, event)
            case EventKind.TOOL_INTENT | EventKind.TOOL_RESULT:
                self._tool(place, str(event.data.get("tool", "")) if event.kind is EventKind.TOOL_INTENT else "")
            case _:
                pass

    def _ended(self, status: str) -> None:
        if status == "done":
            self.done += 1
        elif status == "skipped":
            self.skipped += 1
        else:
            self.failed += 1

    def _ask(self, place: Place, model: str, at: float) -> None:
        self._models[place] = model
        self.lanes[model] = self.lanes.get(model, 0) + 1
        if place in self.working:
            self.working[place].asked = at

    def _answer(self, place: Place, event: Event) -> None:
        model = self._models.pop(place, "")
        if model:
            self.lanes[model] -= 1
        if place in self.working:
            self.working[place].asked = None
        if event.data.get("error"):
            return
        usage = event.data.get("usage") or {}
        self.model_calls += 1
        self.tokens += int(usage.get("prompt", 0)) + int(usage.get("completion", 0))
        cost = event.data.get("cost")
        self.cost = None if cost is None or self.cost is None else self.cost + float(cost)

    def _tool(self, place: Place, name: str) -> None:
        if place in self.working:
            self.working[place].doing = name
