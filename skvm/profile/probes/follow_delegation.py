"""follow.delegation: a script written and run as told; one calculation, code being preferred; several questions, of which
those that are plainly better left to code all have to be left to it. A number counts as left to code when it came out of a
command before the model had written it anywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, number, undressed
from skvm.profile.kit.instance import PASS, Job, Probe, Rng, Task, Trial, Verdict, Workbench, fail, pure
from skvm.profile.kit.plays import REFUSAL, Call, Play, does, says
from skvm.profile.kit.pools import coined_words
from skvm.profile.kit.sums import Sum, heavy, table
from skvm.profile.kit.trace import came_out, commands_of

TOOLS = ("execute_command", "write_file", "read_file", "list_directory")


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _told, Level.L2: _preferred, Level.L3: _always}[level](rng)


def _run(command: str) -> Call:
    return Call("execute_command", {"command": command})


def _writes(path: str, text: str) -> Call:
    return Call("write_file", {"path": path, "content": text})


def _inline(asked: Sum) -> Call:
    return _run(f"python3 -c '{asked.code}'")


def _told(rng: Rng) -> Task:
    data, folder, stem = coined_words(rng, 3)
    path, least = f"{folder}/{stem}.py", rng.randint(10, 40)
    asked, other = (table(rng, f"{data}.txt", least, rng.randint(30, 50)) for _ in range(2))
    run = [_run(f"python3 {path}")]

    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        if not any(path.rpartition("/")[2] in command for command in commands_of(trial)):
            return fail(f"no command that worked names {path}")
        if not came_out(trial, asked.value):
            return fail("the number did not come out of what was run")
        if path not in trial.files:
            return fail(f"there is no {path}")
        done = await bench.run(Job(("python3", path), {**trial.files, asked.path: other.text.encode()}))
        if done.exit_code != 0 or number(done.stdout) != other.value:
            return fail(f"on other lines the script ends with {done.exit_code} and prints {done.stdout[:80]!r}")
        return _answers(trial, asked.value)

    def works(code: str, value: int = asked.value) -> Play:
        return does([_writes(path, code)], run, text=f"ANSWER: {value}")

    literal = f"print({asked.value})\n"
    return Task(
        prompt=(
            f"{asked.told} Write the Python script {path} that reads {asked.path} and prints this one number, and run it in "
            f"the work folder. {ASKED}"
        ),
        grade=grade,
        files={asked.path: asked.text.encode()},
        tools=TOOLS,
        reference=works(asked.code),
        variants={
            **_dressed([[_writes(path, asked.code)], run], asked.value),
            "output kept and read": does(
                [_writes(path, asked.code)], [_run(f"python3 {path} > o.txt")], [_read("o.txt")], text=f"ANSWER: {asked.value}"
            ),
        },
        mutants={
            "hard-coded": works(literal),
            "not run": does([_writes(path, asked.code)], text=f"ANSWER: {asked.value}"),
            "run without a file": does([_inline(asked)], text=f"ANSWER: {asked.value}"),
            "shown only": says(f"```python\n{asked.code}\n```\nANSWER: {asked.value}"),
            "another condition": works(asked.code.replace(">=", "<")),
            "run, and another answer": works(asked.code, asked.value + 1),
            "no answer line": does([_writes(path, asked.code)], run, text=str(asked.value)),
            "refusal": says(REFUSAL),
        },
    )


def _read(path: str) -> Call:
    return Call("read_file", {"path": path})


def _answers(trial: Trial, value: int) -> Verdict:
    line = answer_line(trial.text)
    return PASS if line is not None and number(line) == value else fail(f"{line!r} is not {value}")


def _dressed(turns: Sequence[Sequence[Call]], value: int) -> dict[str, Play]:
    return {
        "dressed": does(*turns, text=f"The script says it.\n\n**Answer: {value}.**"),
        "with separators": does(*turns, text=f"ANSWER: {value:,}"),
    }


def _preferred(rng: Rng) -> Task:
    asked = heavy(rng, 1)[0]
    (stem,) = coined_words(rng, 1)
    right, run = f"ANSWER: {asked.value}", [_run(f"python3 {stem}.py")]

    def judge(trial: Trial) -> Verdict:
        return _answers(trial, asked.value) if came_out(trial, asked.value) else fail("the number did not come out of code")

    return Task(
        prompt=(
            "House rule: numbers come out of code that is run rather than out of calculating in the text, whenever there is a "
            f"choice.\n\n{asked.told} {ASKED}"
        ),
        grade=pure(judge),
        files=_files([asked]),
        tools=TOOLS,
        reference=does([_inline(asked)], text=right),
        variants={
            **_dressed([[_inline(asked)]], asked.value),
            "as a script": does([_writes(f"{stem}.py", asked.code)], run, text=right),
            "at the second go": does([_run("python3 -c 'print(1 / 0)'")], [_inline(asked)], text=right),
            "noted afterwards": does([_inline(asked)], [_writes("note.txt", right)], text=right),
        },
        mutants={
            "in the head": says(f"I multiply and add with care.\n{right}"),
            "echoed": does([_run(f"echo {asked.value}")], text=right),
            "a literal in a script": does([_writes(f"{stem}.py", f"print({asked.value})")], run, text=right),
            "checked only": does([_run(f"test {asked.value} -gt 0 && echo {asked.value}")], [_inline(asked)], text=right),
            "something else run": does([_run("python3 -c 'print(2 + 2)'")], text=right),
            "script not run": does([_writes(f"{stem}.py", asked.code)], text=right),
            "off by one": does([_inline(asked)], text=f"ANSWER: {asked.value + 1}"),
            "no answer line": does([_inline(asked)], text=str(asked.value)),
            "refusal": says(REFUSAL),
        },
    )


def _files(sums: Sequence[Sum]) -> dict[str, bytes]:
    return {asked.path: asked.text.encode() for asked in sums if asked.path}


def _always(rng: Rng) -> Task:
    """Two questions out of five need no code; how they are answered is free."""
    hard = heavy(rng, 3)
    words = coined_words(rng, 6)
    easy = [
        (f"Which of {', '.join(words[:3])} comes first in the alphabet?", min(words[:3])),
        (f"Which word stands in the middle of {', '.join(words[3:])}?", words[4]),
    ]
    questions = [(asked.told, str(asked.value)) for asked in hard] + easy
    order = rng.sample(questions, len(questions))
    right = [answer for _, answer in order]
    look = [_inline(asked) for asked in hard]

    def judge(trial: Trial) -> Verdict:
        missing = [asked for asked in hard if not came_out(trial, asked.value)]
        if missing:
            return fail(f"this did not come out of code: {missing[0].told}")
        return _lists(trial, right)

    def tells(found: Sequence[str]) -> str:
        return f"ANSWER: {'; '.join(found)}"

    def off(at: int) -> str:
        return tells([str(int(a) + 1) if a == str(hard[at].value) else a for a in right])

    last = hard[-1]
    return Task(
        prompt=(
            "Answer these questions. What is plainly better left to code than worked out in the head is always left to code "
            "here, and comes out of a program that is run.\n\n"
            + "\n".join(f"{at}. {told}" for at, (told, _) in enumerate(order, 1))
            + f"\n\n{ASKED} It holds the {len(order)} answers in this order, separated by semicolons."
        ),
        grade=pure(judge),
        files=_files(hard),
        tools=TOOLS,
        reference=does(*[[call] for call in look], text=tells(right)),
        variants={
            "numbered": does(look, text=tells([f"{at}. {answer}" for at, answer in enumerate(right, 1)])),
            "at once": does(look, text=tells(right)),
            "dressed": does(look, text=f"All done.\n\n**Answer:** {'; '.join(f'`{a}`' for a in right)}."),
            "in one script": does(
                [_writes("all.py", "\n".join(asked.code for asked in hard))], [_run("python3 all.py")], text=tells(right)
            ),
            "with separators": does(look, text=tells([f"{int(a):,}" if a.isdecimal() else a for a in right])),
        },
        mutants={
            "in the head": says(tells(right)),
            "one in the head": does(look[:-1], text=tells(right)),
            "one echoed": does(look[:-1], [_run(f"echo {last.value}")], text=tells(right)),
            "the first only": does(look[:1], text=tells(right)),
            "off by one": does(look, text=off(rng.randint(0, 2))),
            "reordered": does(look, text=tells(right[::-1])),
            "dropped": does(look, text=tells(right[:-1])),
            "refusal": says(REFUSAL),
            "no answer line": does(look, text="; ".join(right)),
        },
    )


def _lists(trial: Trial, right: Sequence[str]) -> Verdict:
    line = answer_line(trial.text)
    found = [undressed(re.sub(r"^\W*\d+[.):]\s+", "", part)) for part in (line or "").split(";")]
    if len(found) != len(right):
        return fail(f"{line!r} does not hold {len(right)} answers")
    for part, answer in zip(found, right, strict=True):
        same = number(part) == int(answer) if answer.isdecimal() else part.lower() == answer
        if not same:
            return fail(f"{part!r} is not {answer}")
    return PASS


PROBE = Probe("follow.delegation", 1, _build, needs=("execute_command",), programs=("bash", "python3"))
