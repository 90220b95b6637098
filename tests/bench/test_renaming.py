"""Names do not matter: with skills, step titles and input files renamed the simulated model does the same work."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from player import SKILLS, SOLUTIONS, needs_programs_of, perform

from skvm.adapters.simulation.model import SimModel
from skvm.adapters.simulation.oracle import Call, SolutionOracle, load_solution
from skvm.app.tasks import Task, load_tasks
from skvm.capability import Profile
from skvm.parse import parse_skill
from skvm.plan import Requires
from skvm.ports import Message, ModelRequest, RequestTag, ToolCall, ToolSpec
from skvm.source import load_skill

TOOLS = tuple(
    ToolSpec(name=name, description="", parameters={"type": "object"})
    for name in ("read_file", "write_file", "edit_file", "list_directory", "execute_command", "ask_user", "finish")
)
ANY = Profile(name="any", model="sim/any", harness="builtin")
NAMES = sorted(p.parent.name for p in SKILLS.glob("*/SKILL.md"))


class Nothing:
    def count(self, text: str) -> int:
        return 0


@dataclass(frozen=True)
class Renamed:
    """A renamed skill and task, and new name -> old name of every input file."""

    skill: Path
    task: Task
    back: dict[str, str]


def renamed(name: str, task: Task, folder: Path) -> Renamed:
    """Skill folder, front matter name, titles, and the input files that no step of the skill names."""
    skill = folder / "zzz-other"
    shutil.copytree(SKILLS / name, skill)
    main = skill / "SKILL.md"
    text = main.read_text(encoding="utf-8")
    steps = "".join(step.text for step in parse_skill(load_skill(SKILLS / name)).program.steps)
    free = [path for path in task.files if Path(path).name not in steps]
    text = re.sub(r"^name: .*$", "name: zzz-other", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^(#+ (?:Phase|Step|Stage) \d+: ).*$", r"\1Gromel", text, flags=re.MULTILINE)
    main.write_text(re.sub(r"^# .*$", "# Gromel", text, count=1, flags=re.MULTILINE), encoding="utf-8")
    back = {}
    for index, path in enumerate(sorted(free)):
        old = Path(path)
        back[str(old.with_name(f"{old.stem[:1]}renamed{index}{old.suffix}"))] = path
    prompt = task.prompt
    for new, old in back.items():
        prompt = prompt.replace(Path(old).name, Path(new).name)
    files = {new: task.files[back.get(new, new)] for new in (*back, *(f for f in task.files if f not in free))}
    return Renamed(skill, task.model_copy(update={"prompt": prompt, "files": files}), back)


def perform_all(skill: Path, solution: Path, task: Task, work: Path) -> list[tuple[str, str]]:
    """Every call of every step in order, with real tools."""
    for name, place in task.files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place, work / name)
    module = load_solution(solution)
    model = SimModel(ANY, SolutionOracle(module, task.prompt, {n: n for n in task.files}), Nothing())
    made: list[tuple[str, str]] = []
    for step in module.STEPS:
        messages: list[Message] = [Message(role="user", content=f"Task: {task.prompt}")]
        for _ in range(20):
            tag = RequestTag(step=step, key=f"key of {step}", workdir=str(work), requires=())
            spoken = model.say(ModelRequest(model="sim/any", messages=tuple(messages), tools=TOOLS, tag=tag))
            assert spoken.calls, spoken
            made += [(tool, args) for tool, args in spoken.calls]
            if spoken.calls[0][0] == "finish":
                break
            calls = tuple(ToolCall(id=str(i), name=n, arguments=a) for i, (n, a) in enumerate(spoken.calls))
            messages = [*messages, Message(role="assistant", calls=calls)]
            for call in calls:
                result = perform(Call(call.name, json.loads(call.arguments)), work, skill, task.env)
                messages.append(Message(role="tool", content=result.text, call_id=call.id))
            messages = _unique(messages)
    return made


def _unique(messages: list[Message]) -> list[Message]:
    """Call ids made unique per turn, as a runtime does."""
    out: list[Message] = []
    turn = -1
    for message in messages:
        turn += message.role == "assistant"
        calls = tuple(c.model_copy(update={"id": f"{turn}.{c.id.split('.')[-1]}"}) for c in message.calls)
        call_id = f"{turn}.{message.call_id.split('.')[-1]}" if message.call_id else None
        out.append(message.model_copy(update={"calls": calls, "call_id": call_id}))
    return out


@pytest.mark.parametrize("name", NAMES)
def test_renaming_changes_nothing_but_the_names(name: str, tmp_path: Path) -> None:
    needs_programs_of(SKILLS / name)
    task = load_tasks(SKILLS / name)[0]
    other = renamed(name, task, tmp_path)
    assert other.back, "no file was renamed"
    ids = [[s.id for s in parse_skill(load_skill(folder)).program.steps] for folder in (SKILLS / name, other.skill)]
    assert ids[0] == ids[1]
    solution = SOLUTIONS / f"{name}.py"
    one = perform_all(SKILLS / name, solution, task, tmp_path / "one")
    two = perform_all(other.skill, solution, other.task, tmp_path / "two")
    assert [_back(args, other.back) for _, args in two] == [args for _, args in one]
    assert [tool for tool, _ in two] == [tool for tool, _ in one]


def _back(text: str, names: dict[str, str]) -> str:
    for new, old in names.items():
        text = text.replace(Path(new).stem, Path(old).stem)
    return text


def test_requirements_are_drawn_by_key_not_by_step() -> None:
    from skvm.adapters.simulation.faults import draw_faults
    from skvm.capability import Level

    requires = tuple(Requires(primitive=p, level=Level.L1) for p in ("tool.exec", "follow.procedure", "reason.logic"))
    for seed in range(50):
        one = RequestTag(step="S1.s1", key="same", run="a", workdir="/x", requires=requires)
        two = one.model_copy(update={"step": "S7.s2", "run": "b", "workdir": "/y"})
        assert draw_faults(ANY, seed, one) == draw_faults(ANY, seed, two)
