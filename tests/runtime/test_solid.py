from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime_kit import Run, ScriptedModel, artifact, call, chain, finish, reply, run, step

from skvm.jit import Book as LearningBook
from skvm.plan import CallRecord, EventKind, Output, SolidCall, SolidState, SolidStep, StepResult
from skvm.ports import Offer, Refusal, SolidBook, StepContext
from skvm.store import NullStore


def solid(*calls: SolidCall) -> SolidStep:
    return SolidStep(id="abc/1", step_key="k", step_id="a", skill="skill", state=SolidState.PROMOTED, calls=calls)


READ = SolidCall(tool="read_file", args={}, effect="pure")
WRITE = SolidCall(tool="write_file", args={}, effect="idempotent")


class Book:
    """Plays a fixed part and remembers what it was told."""

    def __init__(self, offer: Any, args: list[Any] | None = None, end: Any = ({"x": 1}, "served")) -> None:
        self.offer, self.args, self.end = offer, args or [], end
        self.contexts: list[StepContext] = []
        self.observed: list[StepResult] = []
        self.reports: list[tuple[bool, str]] = []

    def lookup(self, context: StepContext) -> Any:
        self.contexts.append(context)
        return self.offer

    def onward(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> Offer | None:
        return offer

    def following(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> SolidCall | None:
        return offer.code.calls[len(done)] if len(done) < len(offer.code.calls) else None

    def fill(self, offer: Offer, context: StepContext, index: int, done: tuple[CallRecord, ...]) -> dict[str, Any] | None:
        assert len(done) == index
        found = self.args[index]
        if isinstance(found, Exception):
            raise found
        return found

    def finish(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> Any:
        return self.end

    def observe(self, context: StepContext, result: StepResult, simulated: bool) -> tuple[SolidStep, ...]:
        self.observed.append(result)
        return (solid().model_copy(update={"recorded": {"from": "candidate", "reason": "agreed"}}),)

    def report(self, context: StepContext, solid: str, ok: bool, reason: str, result: StepResult | None) -> None:
        self.reports.append((ok, reason))


TWO = Offer(code=solid(WRITE, READ))
ARGS = [{"path": "f", "content": "hello"}, {"path": "f"}]


def go(tmp_path: Path, book: Any, model: ScriptedModel | None = None, **more: Any) -> tuple[Run, ScriptedModel]:
    model = model or ScriptedModel()
    assert isinstance(book, SolidBook)
    one = run(artifact([step("z"), step("a", **more)], chain("z", "a")), tmp_path, model, solid=book, task="T")
    return one, model


def kinds(one: Run, node: str = "a") -> list[str]:
    return [e.kind.value for e in one.events if e.node == node]


class OnlyA(Book):
    """Has something for step `a` only."""

    def lookup(self, context: StepContext) -> Any:
        found = super().lookup(context)
        return found if context.node.id == "a" else None


def test_served_without_a_model(tmp_path: Path) -> None:
    book = OnlyA(TWO, ARGS)
    one, model = go(tmp_path, book)
    assert one.outcome is not None and one.outcome.status == "done"
    assert kinds(one) == ["node.start", "tool.intent", "tool.result", "tool.intent", "tool.result", "solid.serve", "node.end"]
    assert [r.tag.step for r in model.requests] == ["z"]
    row = one.outcome.steps[-1]
    assert (row.executor, row.model_calls, row.tokens) == ("solid", 0, 0)
    assert one.outcome.values["a"] == {"x": 1} and book.reports == [(True, "")]
    assert [o.path for o in one.outcome.outputs] == ["f"]
    assert len(book.observed) == 1, "only the model step is shown to the book"


def test_the_book_is_told_whether_a_simulated_model_would_do_the_step(tmp_path: Path) -> None:
    for simulated in (True, False):
        book = OnlyA(TWO, ARGS)
        model = ScriptedModel()
        model.simulated = simulated
        go(tmp_path, book, model)
        assert [c.guard.simulated for c in book.contexts] == [simulated] * 2


def test_what_a_simulated_model_showed_never_serves_a_real_one(tmp_path: Path) -> None:
    """The whole way, with the real book: learned from simulated runs, served to them, refused for a real model."""
    store = NullStore()
    book = LearningBook(store.blobs)
    node = step("a", inputs=("$task",), effect_class="idempotent")

    def one(task: str, simulated: bool) -> Run:
        answer = reply(call("write_file", path="f", content=f"# {task.split()[1]}")).model_copy(update={"simulated": simulated})
        model = ScriptedModel({"a": [answer, finish().model_copy(update={"simulated": simulated})]})
        model.simulated = simulated
        return run(artifact([node]), tmp_path, model, solid=book, task=task, store=store)

    for task in ("north", "south", "west", "east", "up", "down"):
        one(f"Name {task} please", True)
    served = one("Name right please", True)  # `left` is one of those drawn to be checked with the model
    assert served.outcome is not None and served.outcome.steps[0].executor == "solid"
    real = one("Name right please", False)
    assert real.outcome is not None and real.outcome.steps[0].executor == "model"
    miss = next(e for e in real.events if e.kind is EventKind.GUARD_MISS)
    assert miss.data["guard"] == "simulated"


def test_a_miss_hands_over_with_what_is_done(tmp_path: Path) -> None:
    for args, end, done in (
        ([ARGS[0], None], None, 1),
        ([ARGS[0], ValueError("a bug of the book")], None, 1),
        ([ARGS[0], {"path": "absent"}], None, 2),
        ([None, None], None, 0),
        (ARGS, None, 2),
        ([{"nonsense": 1}, None], None, 0),
    ):
        book = OnlyA(TWO, args, end)
        one, model = go(tmp_path, book)
        assert one.outcome is not None and one.outcome.status == "done"
        miss = next(e for e in one.events if e.kind is EventKind.GUARD_MISS)
        assert miss.data["solid"] == "abc/1" and miss.data["done"] == done and miss.data["reason"]
        calls = [c.name for m in model.requests[-1].messages for c in m.calls]
        assert calls == ["write_file", "read_file"][:done], "the model sees what was done, and nothing is done twice"
        assert sum(e.kind is EventKind.TOOL_INTENT and e.data["tool"] == "write_file" for e in one.events) <= 1
        assert book.reports[0][0] is False
        assert one.outcome.steps[-1].executor == "model"


class Turning(OnlyA):
    """Two codes: after the first call the other one goes on, or none does."""

    def __init__(self, found: Offer | None) -> None:
        super().__init__(Offer(code=solid(READ), others=(Offer(code=OTHER),)), [{"path": "absent"}, ARGS[0]])
        self.found = found

    def onward(self, offer: Offer, context: StepContext, done: tuple[CallRecord, ...]) -> Offer | None:
        return self.found if done else offer


OTHER = solid(READ.model_copy(update={"expect_ok": False}), WRITE).model_copy(update={"id": "abc/2"})


def test_another_code_goes_on_with_what_was_read(tmp_path: Path) -> None:
    book = Turning(Offer(code=OTHER))
    one, model = go(tmp_path, book)
    assert one.outcome is not None and one.outcome.steps[-1].executor == "solid"
    [served] = [e for e in one.events if e.kind is EventKind.SOLID_SERVE]
    assert served.data["solid"] == "abc/2" and len(model.requests) == 1 and book.reports == [(True, "")]
    assert [e.data["tool"] for e in one.events if e.kind is EventKind.TOOL_INTENT] == ["read_file", "write_file"]


def test_where_no_code_goes_on_the_model_sees_what_was_read(tmp_path: Path) -> None:
    one, model = go(tmp_path, Turning(None))
    assert one.outcome is not None and one.outcome.steps[-1].executor == "model"
    assert [c.name for m in model.requests[-1].messages for c in m.calls] == ["read_file"]


def test_values_that_break_the_contract_hand_over(tmp_path: Path) -> None:
    book = OnlyA(TWO, ARGS, ({"other": 1}, "s"))
    model = ScriptedModel({"a": [finish(x=2)]})
    one, _ = go(tmp_path, book, model, outputs=(Output(name="x", required=True),))
    assert one.outcome is not None and one.outcome.values["a"] == {"x": 2}


def test_refusals_shadows_and_broken_books_leave_it_to_the_model(tmp_path: Path) -> None:
    refused, model = go(tmp_path, OnlyA(Refusal(solid="abc/1", guard="slice", reason="the text changed")))
    assert next(e for e in refused.events if e.kind is EventKind.GUARD_MISS).data["guard"] == "slice"
    assert [r.tag.step for r in model.requests] == ["z", "a"]
    shadow, model = go(tmp_path, OnlyA(TWO.model_copy(update={"shadow": True})))
    assert "solid.serve" not in kinds(shadow) and len(model.requests) == 2

    class Broken(Book):
        def lookup(self, context: StepContext) -> Any:
            raise RuntimeError("broken")

        def observe(self, context: StepContext, result: StepResult, simulated: bool) -> Any:
            raise RuntimeError("broken")

    one, _ = go(tmp_path, Broken(None))
    assert one.outcome is not None and one.outcome.status == "done"


def test_model_steps_are_shown_to_the_book(tmp_path: Path) -> None:
    book = Book(None)
    model = ScriptedModel({"a": [reply(call("write_file", path="f", content="x")), finish(n=1)]})
    one, _ = go(tmp_path, book, model, inputs=("$task", "$step.z.values", "$step.z.summary"))
    result = book.observed[-1]
    assert [c.tool for c in result.calls] == ["write_file"] and result.values == {"n": 1} and result.model_calls == 2
    context = book.contexts[-1]
    assert context.task == "T" and context.seen == {"$step.z.values": {}, "$step.z.summary": "done"}
    assert context.guard.slice_digest.startswith("sha256:") and context.guard.sandbox == "fake-1"
    moved = next(e for e in one.events if e.kind is EventKind.JIT_STATE)
    assert moved.data == {"solid": "abc/1", "from": "candidate", "to": "promoted", "reason": "agreed"}


def test_the_slice_digest_follows_what_the_step_sees(tmp_path: Path) -> None:
    digests = []
    for text, bundle in (("same", "1"), ("same", "1"), ("other", "1"), ("same", "2")):
        book = Book(None)
        node = step("a", f"{text}: run scripts/x.py")
        run(artifact([node], bundle={"scripts/x.py": bundle, "unused.md": text}), tmp_path, solid=book)
        digests.append(book.contexts[0].guard.slice_digest)
    assert digests[0] == digests[1] and len(set(digests)) == 3
