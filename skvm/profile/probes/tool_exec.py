"""tool.exec: one command as it is given; a script to be written and run, its output kept; commands of which each needs what
an earlier one printed. What they print are digests, which nobody works out in the head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line
from skvm.profile.kit.instance import PASS, Job, Probe, Rng, Task, Trial, Verdict, Workbench, fail, pure
from skvm.profile.kit.keeper import DIGEST, Keeper, digest
from skvm.profile.kit.plays import REFUSAL, Call, Play, Script, does, says
from skvm.profile.kit.pools import coined, coined_words, token, tokens
from skvm.profile.kit.programs import written_lines
from skvm.profile.kit.recurrence import recurrence
from skvm.profile.kit.trace import commands_of

TOOLS = ("execute_command", "write_file", "read_file", "list_directory")


def _build(level: Level, rng: Rng) -> Task:
    return {Level.L1: _given, Level.L2: _scripted, Level.L3: _chained}[level](rng)


def _run(command: str) -> Call:
    return Call("execute_command", {"command": command})


def _given(rng: Rng) -> Task:
    command, files, right = rng.choice((_pipeline, _program))(rng)
    near = digest(right)
    look = [_run(command)]
    other = _run(f"{command} | tail -n 1")

    def judge(trial: Trial) -> Verdict:
        if not any(" ".join(command.split()) in " ".join(done.split()) for done in commands_of(trial)):
            return fail("the command was not run, or failed")
        return _says(trial, right)

    return Task(
        prompt=f"Run this command in the work folder, just as it stands:\n\n{command}\n\nWhat does it print? {ASKED}",
        grade=pure(judge),
        files=files,
        tools=TOOLS,
        reference=does(look, text=f"ANSWER: {right}"),
        variants={
            "dressed": does(look, text=f"It printed a digest.\n\n**ANSWER: `{right}`**"),
            "more round it": does([_run(f"ls && {command}")], text=f"ANSWER: {right}"),
            "looked first": does([_run("ls")], look, text=f"ANSWER: {right}"),
        },
        mutants={
            "not run": says(f"ANSWER: {right}"),
            "another command": does([_run("ls")], text=f"ANSWER: {right}"),
            "failed command": does([_run(f"{command}; false")], text=f"ANSWER: {right}"),
            "only read": does([Call("read_file", {"path": next(iter(files))})], text=f"ANSWER: {right}"),
            "invented": does(look, text=f"ANSWER: {near}"),
            "cut short": does([other], text=f"ANSWER: {right[:-1]}"),
            "no answer line": does(look, text=right),
            "refusal": says(REFUSAL),
        },
    )


def _pipeline(rng: Rng) -> tuple[str, dict[str, bytes], str]:
    path = "/".join(coined_words(rng, 2)) + ".txt"
    rows = tokens(rng, rng.randint(8, 20))
    old, new = rng.sample("abdeghiklmnoprst", 2)
    turned = rng.choice(("", " -r"))
    changed = [row.replace(old, new) for row in sorted(rows, reverse=bool(turned))]
    command = f"LC_ALL=C sort{turned} {path} | sed 's/{old}/{new}/g' | {DIGEST}"
    return command, {path: "".join(f"{row}\n" for row in rows).encode()}, digest("".join(f"{row}\n" for row in changed))


def _program(rng: Rng) -> tuple[str, dict[str, bytes], str]:
    """A small program with options."""
    name, first, second, word = coined_words(rng, 4)
    salt, count = token(rng), rng.randint(2, 99)
    path = f"{name}/{coined(rng)}.sh"
    source = (
        f'[ "$1" = --{first} ] && [ "$3" = --{second} ] || {{ echo "usage: --{first} N --{second} WORD" >&2; exit 2; }}\n'
        f"printf '%s' \"$4/{salt}/$2\" | {DIGEST}\n"
    )
    command = f"bash {path} --{first} {count} --{second} {word}"
    return command, {path: source.encode()}, digest(f"{word}/{salt}/{count}")


def _scripted(rng: Rng) -> Task:
    """A recurrence: easy to write down, too long for the head."""
    folder, stem, out = coined_words(rng, 3)
    asked = recurrence(rng)
    python = rng.random() < 0.5
    path, kept = f"{folder}/{stem}.{'py' if python else 'sh'}", f"{out}.txt"
    program = "python3" if python else "bash"
    given, fresh = rng.sample(range(2, 5000), 3), rng.sample(range(5000, 9000), 2)

    rows = [str(asked.value(x)) for x in given]

    async def grade(trial: Trial, bench: Workbench) -> Verdict:
        if not any(path.rpartition("/")[2] in command for command in commands_of(trial)):
            return fail(f"no command that worked names {path}")
        if written_lines(trial.files, kept) != rows:
            return fail(f"{kept} does not hold {', '.join(rows)}")
        return await _prints(bench, (program, path), trial, [(str(x), str(asked.value(x))) for x in fresh])

    def works(text: str, xs: Sequence[int] = given) -> Play:
        runs = "; ".join(f"{program} {path} {x}" for x in xs)
        return does([_writes(path, text)], [_run(f"({runs}) > {kept}")])

    table = "\n".join(f"if [ $1 = {x} ]; then echo {asked.value(x)}; fi" for x in given)
    if python:
        table = f"import sys\n\nprint({dict(zip(map(str, given), rows, strict=True))}[sys.argv[1]])\n"
    right = asked.script(python)
    loop = f"for x in {' '.join(map(str, given))}; do {program} {path} $x; done > {kept}"
    singly = [_run(f"{program} {path} {x}") for x in given]
    return Task(
        prompt=(
            f"Write the script {path} ({'Python' if python else 'bash'}). It is started as `{program} {path} X` with a whole "
            f"number X and prints one number: {asked.told()}. "
            f"Then run it for X = {given[0]}, {given[1]} and {given[2]}, and keep what it prints in "
            f"{kept} in the work folder, one number a line, in this order and with no other line."
        ),
        grade=grade,
        tools=TOOLS,
        reference=works(right),
        variants={
            "one run a turn": does(
                [_writes(path, right)],
                *[[_run(f"cd {folder} && {program} {stem}.{path[-2:]} {x} >> ../{kept}")] for x in given],
            ),
            "written by a command": does([_run(f"mkdir -p {folder}; cat > {path} <<'END'\n{right}END\n{loop}")]),
            "output copied": does(
                [_writes(path, right)],
                singly,
                [_writes(kept, "\r\n".join(rows))],
            ),
        },
        mutants={
            "never run": does([_writes(path, right), _writes(kept, "\n".join(rows))]),
            "no script": does([_run(f"printf '%s\\n' {' '.join(rows)} > {kept}")], text=right),
            "one time too many": works(replace(asked, times=asked.times + 1).script(python)),
            "reordered": works(right, given[::-1]),
            "dropped": works(right, given[:-1]),
            "output not kept": does([_writes(path, right)], singly, text=", ".join(rows)),
            "hard-coded": works(table),
            "told only": says(f"```\n{right}```\n{', '.join(rows)}"),
            "refusal": says(REFUSAL),
        },
    )


def _writes(path: str, text: str) -> Call:
    return Call("write_file", {"path": path, "content": text})


async def _prints(bench: Workbench, argv: Sequence[str], trial: Trial, wanted: Sequence[tuple[str, str]]) -> Verdict:
    for word, right in wanted:
        done = await bench.run(Job((*argv, word), trial.files))
        if done.exit_code != 0 or done.stdout.strip() != right:
            return fail(
                f"for {word} the script ends with {done.exit_code} and prints {done.stdout.strip()[:80]!r}, not {right}"
            )
    return PASS


def _chained(rng: Rng) -> Task:
    """A keeper of boxes: list them, open one, look at its number, close it in one of two ways. It notes what it was told."""
    name = coined(rng)
    keeper = Keeper(name, token(rng))
    states = coined_words(rng, 2)
    boxes = coined_words(rng, rng.randint(5, 7))
    state = {box: rng.choice(states) for box in boxes} | {boxes[0]: states[0], boxes[1]: states[0], boxes[2]: states[1]}
    size = dict(zip(boxes, rng.sample(range(10, 99), len(boxes)), strict=True))
    ways = coined_words(rng, 2)
    smallest = rng.random() < 0.5
    own = sorted((box for box in boxes if state[box] == states[0]), key=lambda box: size[box])
    strange = sorted((box for box in boxes if state[box] != states[0]), key=lambda box: size[box])
    limit = rng.randint(300, 700)
    listed = "\n".join(f"{box} {size[box]} {state[box]}" for box in rng.sample(boxes, len(boxes)))

    def steps(box: str, way: int | None = None, look: bool = True) -> tuple[list[str], str]:
        """What the keeper is told, and the last it says."""
        ticket, right = keeper.ticket(box), int(keeper.weight(box) >= limit)
        chosen = ways[right if way is None else (right + way) % 2]
        told = [f"open {box}", *([f"weigh {ticket}"] if look else []), f"close {ticket} {chosen}"]
        return told, keeper.seal(box, chosen)

    path = f"{name}.sh"
    end = 0 if smallest else -1
    told, right = steps(own[end])

    def judge(trial: Trial) -> Verdict:
        if not commands_of(trial):
            return fail("no command was run, or none worked")
        notes = iter(written_lines(trial.files, f"{name}.log") or ())
        missing = [step for step in told if step not in notes]
        return fail(f"the keeper was not told: {missing[0]}") if missing else _says(trial, right)

    def works(told: Sequence[str], answer: str) -> Play:
        return does([_run(f"bash {path} list")], *[[_run(f"bash {path} {step}")] for step in told], text=f"ANSWER: {answer}")

    def slip(box: str, way: int | None = None, look: bool = True) -> Play:
        return works(*steps(box, way, look))

    return Task(
        prompt=(
            f"The program {path} in the work folder keeps boxes. `bash {path} list` shows every box with its size and its "
            f"state. Open the {'smallest' if smallest else 'largest'} of the boxes whose state is {states[0]} with "
            f"`bash {path} open BOX`, which gives out a ticket. With the ticket, `bash {path} weigh TICKET` tells a weight. "
            f"When the weight is less than {limit}, run `bash {path} close TICKET {ways[0]}`, else "
            f"`bash {path} close TICKET {ways[1]}`. That gives out a seal. The program notes in {name}.log what it was told; "
            f"leave that file as it is. What is the seal? {ASKED}"
        ),
        grade=pure(judge),
        files={path: keeper.source().encode(), f"{name}.list": f"{listed}\n".encode()},
        tools=TOOLS,
        reference=works(told, right),
        variants={
            "dressed": does(
                [_run(f"bash {path} list")], [_run("; ".join(f"bash {path} {s}" for s in told))], text=_dressed(right)
            ),
            "in one script": _in_one_script(path, own[end], limit, ways),
            "a wrong turn first": does(
                [_run(f"bash {path} open {strange[0]}")],
                [_run(f"bash {path} weigh nothing")],
                *[[_run(f"bash {path} {step}")] for step in told],
                text=f"ANSWER: {right}",
            ),
        },
        mutants={
            "another box": slip(own[-1 - end]),
            "another state": slip(strange[end]),
            "the other way": slip(own[end], way=1),
            "not weighed": slip(own[end], look=False),
            "not closed": works(told[:-1], right),
            "invented": works(told, digest(right)),
            "nothing run": says(f"ANSWER: {right}"),
            "the ticket for the seal": works(told, told[-1].split()[1]),
            "no answer line": does(*[[_run(f"bash {path} {step}")] for step in told], text=right),
            "refusal": says(REFUSAL),
        },
    )


def _in_one_script(path: str, box: str, limit: int, ways: Sequence[str]) -> Play:
    def play() -> Script:
        results = yield [
            _run(
                f"t=$(bash {path} open {box} | cut -d' ' -f2); w=$(bash {path} weigh $t | cut -d' ' -f2); "
                f"if [ $w -lt {limit} ]; then bash {path} close $t {ways[0]}; else bash {path} close $t {ways[1]}; fi"
            )
        ]
        return f"ANSWER: {results[0].split()[-1]}"

    return play


def _dressed(right: str) -> str:
    return f"All boxes were seen to.\n\n**Answer:** `{right}`."


def _says(trial: Trial, right: str) -> Verdict:
    line = answer_line(trial.text)
    found = (line or "").split()
    return PASS if found and found[-1].strip("*_`\"'.,").lower() == right else fail(f"{line!r} is not {right}")


PROBE = Probe("tool.exec", 1, _build, needs=("execute_command",), programs=("bash", "python3"))
