"""Random skills as text, with what each line really does: the compiler sees the text only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

FILES = (
    "in/a.md", "in/b.csv", "in/c.md", "data/x.csv", "data/y.csv", "notes/p.md", "notes/q.md",
    "out/a.md", "out/b.md", "out/c.csv", "out/all.txt", "logs/m.log", "logs/n.log",
)  # fmt: skip
"""Every file there is: a pattern or a folder means those of them that it names."""

SOURCES, TARGETS = FILES[:9], FILES[7:]
SAID = "said:"
HEAD = "---\nname: made\ndescription: Made at random. Use when schedules are judged.\n---\n# Made\n\n## Steps\n\n"


@dataclass(frozen=True)
class Truth:
    """What one line does. `said`: it uses what was said before; `gate`: nothing may pass it; `group`: exclusive arms.

    `items`: what it does for each item of a map, by the item's path; `free`: the author says that the items may overlap.
    `hidden`: its text does not tell what it touches.
    """

    text: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    external: bool = False
    said: bool = False
    gate: bool = False
    condition: frozenset[str] = frozenset()
    group: int = 0
    arm: int = 0
    items: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = ()
    free: bool = False
    hidden: bool = False


@dataclass
class Made:
    """A skill: its lines, the byte where each starts, and the lines (from 0) that the author says may overlap."""

    lines: list[Truth] = field(default_factory=list)
    parallel: list[frozenset[int]] = field(default_factory=list)

    def text(self) -> tuple[bytes, list[int]]:
        """The file and the offsets of its lines."""
        out, starts = HEAD, []
        for number, line in enumerate(self.lines, 1):
            starts.append(len(out.encode()))
            out += f"{number}. {line.text}\n"
        return out.encode(), starts


def program(seed: int) -> Made:
    """The skill of a seed: two to nine lines."""
    random = Random(seed)
    made = Made()
    for _ in range(random.randint(2, 9)):
        random.choices(MAKERS, WEIGHTS)[0](random, made)
    if not made.lines:
        _copy(random, made)
    return made


def _one(*places: str) -> frozenset[str]:
    return frozenset(places)


def _spelled(random: Random, path: str) -> str:
    """The same file in other words, now and then."""
    folder, name = path.split("/")
    others = (f"./{path}", f"{folder}/./{name}", f"{folder}//{name}", f"logs/../{path}", f'"{path}"')
    return random.choice(others) if random.random() < 0.08 else path


def _read(random: Random, made: Made) -> None:
    path = random.choice(FILES)
    made.lines.append(Truth(f"Read `{path}`.", _one(path)))


def _copy(random: Random, made: Made) -> None:
    source, target = random.choice(SOURCES), random.choice(TARGETS)
    words = random.choice(("cp {0} {1}", "sort {0} -o {1}", "cat {0} > {1}", "head -n 5 {0} > {1}", "sort < {0} > {1}"))
    command = words.format(_spelled(random, source), _spelled(random, target))
    made.lines.append(Truth(_stated(random, command), _one(source), _one(target)))


def _stated(random: Random, command: str) -> str:
    return f"Run `{command}`." if random.random() < 0.8 else f"Run this:\n\n   ```bash\n   {command}\n   ```\n"


def _append(random: Random, made: Made) -> None:
    source, target = random.choice(SOURCES), random.choice(TARGETS)
    made.lines.append(Truth(f"Run `cat {source} >> {target}`.", _one(source, target), _one(target)))


def _move(random: Random, made: Made) -> None:
    source, target = random.sample(FILES, 2)
    made.lines.append(Truth(f"Run `mv {source} {target}`.", _one(source), _one(source, target)))


def _in_place(random: Random, made: Made) -> None:
    path = random.choice(FILES)
    word = random.choice(("sed -i 's/a/b/' {0}", "touch {0}", "rm {0}", "truncate -s 0 {0}"))
    made.lines.append(Truth(f"Run `{word.format(path)}`.", _one(path), _one(path)))


def _gather(random: Random, made: Made) -> None:
    folder, ending = random.choice((("logs", "log"), ("data", "csv"), ("notes", "md"), ("in", "md"), ("out", "md")))
    target = random.choice(TARGETS)
    found = frozenset(f for f in FILES if f.startswith(f"{folder}/") and f.endswith(ending))
    made.lines.append(Truth(f"Run `cat {folder}/*.{ending} > {target}`.", found, _one(target)))


def _into_folder(random: Random, made: Made) -> None:
    source = random.choice([f for f in FILES if f"out/{f.split('/')[1]}" in FILES])
    made.lines.append(Truth(f"Run `cp {source} out/`.", _one(source), _one(f"out/{source.split('/')[1]}")))


def _inside(random: Random, made: Made) -> None:
    one, two = random.sample([f for f in FILES if f.startswith("out/")], 2)
    command = f"cd out && cp {one[4:]} {two[4:]}"
    made.lines.append(Truth(f"Run `{command}`.", _one(one), _one(two), hidden=True))


def _derive(random: Random, made: Made) -> None:
    source, target = random.choice(SOURCES), random.choice(TARGETS)
    made.lines.append(Truth(f"Read `{source}` and write `{target}` from it.", _one(source), _one(target)))


def _lean(random: Random, made: Made) -> None:
    target = random.choice(TARGETS)
    words = random.choice(("Write `{0}`.", "Summarise the findings above in `{0}`.", "Write what was found to `{0}`."))
    made.lines.append(Truth(words.format(target), writes=_one(target), said=True))


def _think(random: Random, made: Made) -> None:
    made.lines.append(Truth(random.choice(("Compare the results.", "Choose the best one of them.")), said=True))


def _outside(random: Random, made: Made) -> None:
    path = random.choice(SOURCES)
    word = random.choice(("curl -X POST https://api.test/hook -d @{0}", "aws s3 cp {0} s3://box/", "scp {0} host:/srv/"))
    made.lines.append(Truth(f"Run `{word.format(path)}`.", _one(path), external=True))


def _unknown(random: Random, made: Made) -> None:
    reads, writes = (frozenset(random.sample(FILES, random.randint(0, 2))) for _ in range(2))
    word = random.choice(("python scripts/step.py", "make all", "./tool --run", "npx some-tool"))
    made.lines.append(Truth(f"Run `{word}`.", reads, writes, random.random() < 0.3, hidden=True))


def _gate(random: Random, made: Made) -> None:
    made.lines.append(Truth(random.choice(("Ask the user to approve it.", "Wait for the user's approval.")), gate=True))


def _branch(random: Random, made: Made) -> None:
    path, source, target = random.choice(FILES), random.choice(SOURCES), random.choice(TARGETS)
    text = f"If `{path}` is empty, run `cp {source} {target}`."
    made.lines.append(Truth(text, _one(source), _one(target), condition=_one(path)))


def _arms(random: Random, made: Made) -> None:
    path, group = random.choice(FILES), len(made.lines) + 1
    for arm, words in enumerate((f"If `{path}` is empty", "Otherwise")):
        source, target = random.choice(SOURCES), random.choice(TARGETS)
        text = f"{words}, run `cp {source} {target}`."
        made.lines.append(Truth(text, _one(source), _one(target), condition=_one(path), group=group, arm=arm))


def _jump(random: Random, made: Made) -> None:
    if made.lines:
        to = random.randint(1, len(made.lines))
        made.lines.append(Truth(f"If the check fails, go back to step {to}.", said=True))


def _parallel(random: Random, made: Made) -> None:
    """An author who says so is believed about what nobody can see, so only lines that name all they touch are named."""
    named = [i for i, line in enumerate(made.lines) if not (line.external or line.said or line.gate or line.hidden)]
    if len(named) > 1:
        one, two = sorted(random.sample(named, 2))
        made.parallel.append(frozenset((one, two)))
        made.lines.append(Truth(f"Run steps {one + 1} and {two + 1} in parallel."))


def _map(random: Random, made: Made) -> None:
    folder, kind = random.choice((("notes", "Markdown"), ("data", "CSV"), ("logs", "log")))
    files = [f for f in FILES if f.startswith(f"{folder}/")]
    free = random.random() < 0.3
    word, effect = random.choice(EACH[:2] if free else EACH)
    told = f"For each {kind} file in `{folder}/`{' in parallel' if free else ''}, run `{word}`."
    made.lines.append(Truth(told, items=tuple((f, *effect(f)) for f in files), free=free))


def _own(path: str) -> tuple[frozenset[str], frozenset[str]]:
    return _one(path), _one(path)


def _shared(path: str) -> tuple[frozenset[str], frozenset[str]]:
    return _one(path, "out/all.txt"), _one("out/all.txt")


def _looks(path: str) -> tuple[frozenset[str], frozenset[str]]:
    return _one(path), frozenset()


EACH: tuple[tuple[str, Callable[[str], tuple[frozenset[str], frozenset[str]]]], ...] = (
    ("sort {file} -o {file}", _own),
    ("wc -l {file}", _looks),
    ("cat {file} >> out/all.txt", _shared),
)
KINDS: tuple[tuple[Callable[[Random, Made], None], int], ...] = (
    (_read, 6), (_copy, 10), (_append, 2), (_move, 2), (_in_place, 2), (_gather, 3), (_into_folder, 2), (_inside, 1),
    (_derive, 4), (_lean, 2), (_think, 1), (_outside, 2), (_unknown, 1), (_gate, 1), (_branch, 2), (_arms, 1), (_jump, 1),
    (_parallel, 2), (_map, 2),
)  # fmt: skip
MAKERS, WEIGHTS = [maker for maker, _ in KINDS], [weight for _, weight in KINDS]
