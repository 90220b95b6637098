"""Reads done before the model is asked: as learned from own runs, never anything but a read, exact on resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from runtime_kit import Run, ScriptedModel, artifact, call, finish, reply, run, step
from test_solid import Book

from skvm.diag import StoreError
from skvm.jit import Book as LearningBook
from skvm.jit import ledger
from skvm.jit.foresee import learn
from skvm.jit.foresee.kept import RULES, RuleBook, forget, keep, plain, rule_of, tallies
from skvm.jit.ledger import kept
from skvm.jit.traces.journal import step_traces
from skvm.plan import EventKind, StepResult, StepStatus
from skvm.ports import Foreteller, Foretold, ModelReply, ModelRequest, SolidBook
from skvm.store import open_store

SHELF = step("a", "Find the box that the request names and the shelf it stands on.")
ART = artifact([SHELF])
SKILL = "skill"


def world(folder: Path, number: int) -> tuple[str, dict[str, Path]]:
    """A task that names a box file, which names a shelf file."""
    folder.mkdir(parents=True, exist_ok=True)
    box, shelf = f"box_{number}.json", f"shelf_{7 * number}.json"
    (folder / box).write_text(json.dumps({"id": number, "shelf": shelf}))
    (folder / shelf).write_text(json.dumps({"row": number % 9}))
    return f"Where is the box of {box} to be found?", {name: folder / name for name in (box, shelf)}


async def clerk(request: ModelRequest) -> ModelReply:
    """Reads the box, then the shelf that stands in it, then answers; what it has been shown it does not read again."""
    shown = [json.loads(m.content) for m in request.messages if m.role == "tool" and m.content.startswith("{")]
    if not shown:
        words = request.messages[1].content
        return reply(call("read_file", path=next(w for w in words.split() if w.startswith("box_"))))
    if len(shown) == 1:
        return reply(call("read_file", path=shown[0]["shelf"]))
    return finish(row=shown[1]["row"])


def once(home: Path, store: Any, number: int, model: Any = None, **more: Any) -> Run:
    task, files = world(home / "in" / str(number), number)
    return run(ART, home, model or ScriptedModel(clerk), store=store, task=task, files=files, **more)


def taught(home: Path, store: Any, runs: int = 14, simulated: bool = False) -> RuleBook:
    """A store whose rules were learned from that many runs of its own."""
    names = [once(home, store, n, solid=Book(None)).events[-1].run for n in range(runs)]
    found = [trace for name in names for trace in step_traces(store.journal.read(name))]
    assert {t.key for t in found} == {SHELF.key} and not any(t.simulated for t in found)
    keep(store.blobs, SKILL, SHELF.key, learn([t.run for t in found]), len(found), simulated)
    return RuleBook(store.blobs)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    home = tmp_path_factory.mktemp("school")
    store = open_store(home)
    taught(home, store)
    return home, store


def foretold(one: Run) -> list[tuple[str, bool]]:
    """Kinds of events of the step in order; of intents whether they were foretold."""
    return [(e.kind.value, "foretold" in e.data) for e in one.events if e.node == "a"]


def test_learned_reads_are_done_before_the_model_is_asked(school: tuple[Path, Any]) -> None:
    home, store = school
    model, book = ScriptedModel(clerk), Book(None)
    one = once(home, store, 400, model, solid=book, foreteller=RuleBook(store.blobs))
    assert one.outcome is not None and one.outcome.values == {"a": {"row": 400 % 9}}
    read = [("tool.intent", True), ("tool.result", False)]
    assert foretold(one) == [
        ("node.start", False),
        *read,
        *read,
        ("model.call", False),
        ("model.reply", False),
        ("node.end", False),
    ]
    assert one.outcome.totals.model_calls == len(model.requests) == 1
    shown = model.requests[0].messages[2:]
    assert [m.role for m in shown] == ["assistant", "tool", "assistant", "tool"]
    assert [json.loads(m.calls[0].arguments)["path"] for m in shown[::2]] == ["box_400.json", "shelf_2800.json"]
    assert book.observed == [], "such a run is no evidence for code"
    row = tallies(store.blobs)[SHELF.key]
    assert (row["n"], row["model_calls"], row["reads"], row["repeated"]) == (1, 1, 2, 0)


def test_without_rules_nothing_changes(school: tuple[Path, Any]) -> None:
    home, store = school
    plain_run = once(home, store, 401, solid=Book(None))
    for none in (None, RuleBook(open_store(home / "other").blobs)):
        one = once(home, store, 401, solid=Book(None), foreteller=none)
        assert foretold(one) == foretold(plain_run) and not any(mark for _, mark in foretold(one))


def test_no_solid_turns_it_off_and_a_retry_is_the_model_s(school: tuple[Path, Any]) -> None:
    home, store = school
    assert not any(mark for _, mark in foretold(once(home, store, 402, foreteller=RuleBook(store.blobs))))


class Says:
    """Foretells what it is told, whatever was done."""

    def __init__(self, *wanted: Any) -> None:
        self.wanted = list(wanted)
        self.told: list[tuple[int, int]] = []

    def of(self, skill: str, step: str, simulated: bool) -> Any:
        return self

    def next(self, said: str | None, done: Any) -> Any:
        found = self.wanted.pop(0) if self.wanted else None
        if isinstance(found, Exception):
            raise found
        return found

    def report(self, step: str, result: StepResult, reads: int, repeated: int) -> None:
        self.told.append((reads, repeated))


def wish(tool: str, **args: Any) -> Foretold:
    return Foretold(tool=tool, args=args, rule="r")


def test_a_command_that_only_reads_is_done_too(tmp_path: Path) -> None:
    says = Says(wish("execute_command", command="cat box_1.json"))
    one = once(tmp_path, open_store(tmp_path), 1, foreteller=says, solid=Book(None))
    assert ("tool.intent", True) in foretold(one) and one.outcome is not None and one.outcome.values == {"a": {"row": 1}}


@pytest.mark.parametrize(
    "wanted",
    [
        wish("execute_command", command="cat box_1.json > f"),
        wish("execute_command", command=""),
        wish("write_file", path="f", content="x"),
        wish("edit_file", path="f", old="x", new="y"),
        wish("execute_command", command="touch f"),
        wish("web_fetch", url="http://example.org"),
        wish("ask_user", question="?"),
        wish("browser", action="read"),
        wish("finish", values={}, summary=""),
        wish("read_file"),
        wish("read_file", path=3),
        wish("no_such_tool"),
        ValueError("broken"),
    ],
    ids=str,
)
def test_nothing_but_a_read_is_ever_done(wanted: Any, tmp_path: Path) -> None:
    one = once(tmp_path, None, 1, solid=Book(None), foreteller=Says(wanted))
    assert one.outcome is not None and one.outcome.status == "done"
    assert foretold(one) == foretold(once(tmp_path / "two", None, 1, solid=Book(None)))
    assert one.outcome.outputs == ()


def test_a_read_that_fails_is_not_shown_and_not_made_again(tmp_path: Path) -> None:
    model, says = ScriptedModel(clerk), Says(*[wish("read_file", path="none.json")] * 5)
    one = once(tmp_path, None, 1, model, solid=Book(None), foreteller=says)
    assert one.outcome is not None and one.outcome.values == {"a": {"row": 1}}
    assert [mark for kind, mark in foretold(one) if kind == "tool.intent"] == [True, False, False]
    assert [m.role for m in model.requests[0].messages] == ["system", "user"]
    assert says.told == [(1, 0)]


def test_what_the_model_reads_again_is_counted(tmp_path: Path) -> None:
    async def stubborn(request: ModelRequest) -> ModelReply:
        turns = sum(m.role == "assistant" and not m.calls[0].id.startswith("foretold") for m in request.messages)
        return finish(row=1) if turns else reply(call("read_file", path="box_1.json"))

    says = Says(wish("read_file", path="box_1.json"), None)
    once(tmp_path, None, 1, ScriptedModel(stubborn), solid=Book(None), foreteller=says)
    assert says.told == [(1, 1)]


class Cut(Run):
    """Nothing is journalled from event number `after` on."""

    after = 0

    async def go(self, art: Any, model: Any = None, **more: Any) -> Any:
        append, count = self.store.journal.append, 0

        def dying(*events: Any) -> None:
            nonlocal count
            for event in events:
                count += 1
                if count > self.after:
                    raise StoreError("the journal is gone")
                append(event)

        self.store.journal.append = dying
        try:
            return await super().go(art, model, **more)
        finally:
            self.store.journal.append = append


def resumed(home: Path, store: Any, after: int, later: Any) -> list[Any]:
    """Events of the step of a run that was cut off after so many events and resumed with other rules."""
    task, files = world(home / "in" / "500", 500)
    cut = Cut(home, store=store)
    cut.after = after
    more = {"task": task, "files": files, "solid": Book(None), "foreteller": RuleBook(store.blobs)}
    anyio.run(lambda: cut.go(ART, ScriptedModel(clerk), **more))
    name = cut.events[0].run
    before = [e.data for e in store.journal.read(name) if e.kind is EventKind.TOOL_INTENT]
    run(ART, home, ScriptedModel(clerk), store=store, resume=name, solid=Book(None), foreteller=later)
    events = [e for e in store.journal.read(name) if e.node == "a"]
    made = {e.data["call"]: e.data for e in events if e.kind is EventKind.TOOL_INTENT}
    for data in before:  # what was begun stands, whatever the rules are now
        assert [made[data["call"]][k] for k in ("args", "foretold")] == [data[k] for k in ("args", "foretold")]
    ended = [StepResult.model_validate(e.data["result"]) for e in events if e.kind is EventKind.NODE_END]
    assert ended[-1].status is StepStatus.DONE and ended[-1].values == {"row": 500 % 9}
    assert [c.args["path"] for c in ended[-1].calls if c.tool == "read_file"] == ["box_500.json", "shelf_3500.json"]
    return events


def test_resumed_after_every_event_a_step_goes_on_as_it_began(school: tuple[Path, Any]) -> None:
    home, store = school
    whole = once(home, store, 500, solid=Book(None), foreteller=RuleBook(store.blobs))
    kinds = [e.kind for e in whole.events if e.node == "a" and e.kind is not EventKind.NODE_START]
    for after in range(2, len(whole.events)):  # from the beginning of the run on
        same = resumed(home, store, after, RuleBook(store.blobs))
        ids = {e.data["call"] for e in same if e.kind is EventKind.TOOL_INTENT}
        found = [e for e in same if e.kind is not EventKind.NODE_START]
        assert len(ids) == 2 and len(found) - len(kinds) in (0, 1), "one more where a read or a question was begun"
        none = resumed(home, store, after, None)
        assert len({e.data["call"] for e in none if e.kind is EventKind.TOOL_INTENT}) == 2
        other = resumed(home, store, after, Says(*[wish("list_directory")] * 9))
        assert len({e.data["call"] for e in other if e.kind is EventKind.TOOL_INTENT}) in (2, 3)


def test_kept_rules_are_read_back_as_they_were(school: tuple[Path, Any]) -> None:
    _, store = school
    [(_, row)] = store.blobs.records(RULES)
    rules = [rule_of(entry) for entry in row["rules"]]
    assert rules and [plain(rule) for rule in rules] == json.loads(json.dumps(row["rules"]))
    assert [rule.text() for rule in rules] == [entry["text"] for entry in row["rules"]]


def test_rules_are_for_their_skill_step_toolset_and_kind_of_model(school: tuple[Path, Any], tmp_path: Path) -> None:
    _, store = school
    [(key, row)] = store.blobs.records(RULES)
    book = RuleBook(store.blobs)
    assert isinstance(book, Foreteller) and book.of(SKILL, SHELF.key, False) is not None
    assert book.of("another", SHELF.key, False) is None and book.of(SKILL, "sha256:edited", False) is None
    other = open_store(tmp_path).blobs
    other.save(RULES, key, {**row, "simulated": True})
    assert RuleBook(other).of(SKILL, SHELF.key, False) is None and RuleBook(other).of(SKILL, SHELF.key, True) is not None
    other.save(RULES, key, {**row, "tools": "other"})
    assert not RuleBook(other)
    other.save(RULES, key, {**row, "step": ""})
    assert RuleBook(other).of(SKILL, "any step", False) is not None
    assert forget(other, SKILL) == 1 and not RuleBook(other)


def test_rules_that_save_nothing_fall_silent(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    book = taught(tmp_path, store)
    record = LearningBook(store.blobs)
    once(tmp_path, store, 900, solid=record)  # a baseline of three calls
    cost = {"status": StepStatus.DONE, "model_calls": 2, "prompt_tokens": 1}
    for _ in range(8):
        assert book.of(SKILL, SHELF.key, False) is not None
        book.report(SHELF.key, StepResult.model_validate(cost), 2, 0)
    assert book.of(SKILL, SHELF.key, False) is not None, "two calls instead of three"
    for _ in range(8):
        book.report(SHELF.key, StepResult.model_validate({**cost, "model_calls": 4}), 2, 2)
    assert book.of(SKILL, SHELF.key, False) is None


def test_the_ledger_counts_what_was_foretold(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    taught(tmp_path, store)
    solid = LearningBook(store.blobs)
    assert isinstance(solid, SolidBook)
    for number in range(2):  # too few for code
        once(tmp_path, store, 700 + number, solid=solid)
    for number in range(3):
        once(tmp_path, store, 800 + number, solid=solid, foreteller=RuleBook(store.blobs))
    book = ledger(solid.records(), runs=kept(store.blobs), foretold=tallies(store.blobs))
    [row] = book.rows
    assert (row.observed, row.foretold, row.served) == (2, 3, 0)
    assert row.saved["model_calls"] == 3 * (3 - 1) and row.interval["model_calls"][0] == 6.0
    assert book.total.foretold == 3


def test_a_trace_shows_what_was_foretold(school: tuple[Path, Any]) -> None:
    from skvm.runtime.timeline.rows import trace

    home, store = school
    one = once(home, store, 600, solid=Book(None), foreteller=RuleBook(store.blobs))
    notes = [note for row in trace(one.events).rows for note in row.notes]
    assert [note.split(",")[0] for note in notes] == [
        "foretold: read_file (path=box_600.json)",
        "foretold: read_file (path=shelf_4200.json)",
    ]


def guided(always: bool) -> Any:
    """Reads two notes first, always or for every other box, and in one turn; then works like the clerk."""

    async def answer(request: ModelRequest) -> ModelReply:
        shown = [m.content for m in request.messages if m.role == "tool"]
        number = int(request.messages[1].content.partition("box_")[2].partition(".")[0])
        notes = (
            [call("read_file", path="notes.txt"), call("read_file", path="notes.txt", offset=2)] if always or number % 2 else []
        )
        if len([text for text in shown if text.startswith("note")]) < len(notes):
            return reply(*notes)
        return await clerk(request)

    return answer


def with_notes(home: Path, store: Any, number: int, always: bool, **more: Any) -> Run:
    task, files = world(home / "in" / str(number), number)
    (home / "notes.txt").write_text("note one\nnote two\n")
    model = ScriptedModel(guided(always))
    return run(ART, home, model, store=store, task=task, files={**files, "notes.txt": home / "notes.txt"}, **more)


@pytest.mark.parametrize("always", [True, False])
def test_reads_that_a_step_always_makes_are_foretold_too(always: bool, tmp_path: Path) -> None:
    store = open_store(tmp_path)
    names = [with_notes(tmp_path, store, n, always, solid=Book(None)).events[-1].run for n in range(16)]
    found = [trace.run for name in names for trace in step_traces(store.journal.read(name))]
    rules = learn(found, fixed=True)
    assert not any(rule.fixed for rule in learn(found))
    assert [rule.text().partition("  ")[0] for rule in rules if rule.fixed] == (
        [
            'after the user\'s words: read_file(offset = 2, path = "notes.txt")',
            'after the user\'s words: read_file(path = "notes.txt")',
        ]
        if always
        else []
    )
    assert [rule_of(json.loads(json.dumps(plain(rule)))) for rule in rules] == list(rules)
    keep(store.blobs, SKILL, SHELF.key, rules, len(found), False)
    one = with_notes(tmp_path, store, 301, always, solid=Book(None), foreteller=RuleBook(store.blobs))
    assert one.outcome is not None and one.outcome.values == {"a": {"row": 301 % 9}}
    intents = [e.data for e in one.events if e.kind is EventKind.TOOL_INTENT]
    assert len(intents) == 4 and len({json.dumps(i["args"], sort_keys=True) for i in intents}) == 4
    early = ["foretold" in i for i in intents if i["args"]["path"] == "notes.txt"]
    if always:  # the notes, then what stands in the box, instead of four questions
        assert early == [True, True] and one.outcome.totals.model_calls == 2
    else:
        assert early == [False, False]


def test_the_command_learns_from_own_runs_and_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from skvm.cli.jit_command import command

    def learn_command(*words: str) -> Any:
        return CliRunner().invoke(command, ["learn", *words])

    monkeypatch.setenv("SKVM_HOME", str(tmp_path))
    store = open_store(tmp_path)
    for number in range(14):
        once(tmp_path, store, number, solid=Book(None))
    done = learn_command("--skill", SKILL)
    assert done.exit_code == 0, done.output
    assert "2 rules from 14 runs" in done.output and "SIMULATED" not in done.output
    assert len(foretold(once(tmp_path, store, 99, solid=Book(None), foreteller=RuleBook(store.blobs)))) == 8
    # A run with foretold reads teaches nothing: its reads are not the model's.
    assert "rules from 14 runs" in learn_command("--skill", SKILL).output
    assert learn_command("--skill", SKILL, "--forget").output == "1 sets of rules dropped\n"
    assert not RuleBook(store.blobs)
    nothing = learn_command("--skill", "nobody")
    assert nothing.exit_code != 0 and "no recorded run of this skill" in str(nothing.exception)
    assert learn_command().exit_code != 0 and learn_command("--forget").exit_code != 0


def test_rules_out_of_files_are_for_every_step_of_the_skill(tmp_path: Path) -> None:
    from skvm.app import Settings
    from skvm.app.foreseeing import kept_for, kept_text

    rows = []
    for number in range(15):
        made_call = {"name": "read_file", "arguments": json.dumps({"path": f"box_{number}.json"})}
        said = {"role": "user", "content": f"Where is the box of box_{number}.json to be found?"}
        rows.append(json.dumps({"messages": [said, {"role": "assistant", "tool_calls": [{"id": "1", "function": made_call}]}]}))
    (tmp_path / "r.jsonl").write_text("\n".join(rows) + "\n{half")
    made = kept_for(SKILL, [tmp_path / "r.jsonl"], Settings(home=tmp_path / "home", cache=tmp_path / "cache"))
    assert [(row["step"], row["runs"], len(row["rules"])) for row in made["steps"]] == [("", 15, 1)]
    assert len(made["problems"]) == 1 and "r.jsonl:16" in made["problems"][0]
    assert "every step: 1 rules from 15 runs" in kept_text(made)
    store = open_store(tmp_path / "home")
    one = once(tmp_path / "home", store, 77, solid=Book(None), foreteller=RuleBook(store.blobs))
    assert [mark for kind, mark in foretold(one) if kind == "tool.intent"] == [True, False]
