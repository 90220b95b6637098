"""Shell scripts that a model wrote, run in folders made for them: what they print and what they leave is compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skvm.profile.kit.bodies import sole_block
from skvm.profile.kit.instance import PASS, Job, JobResult, Rng, Verdict, Workbench, fail

Files = Mapping[str, Sequence[str]]
"""Lines by path."""

ASKED = (
    "Write it as a bash script. It is run in that folder on a Linux system with the usual commands (GNU coreutils, findutils, "
    "grep and sed; awk is mawk, so without the extensions of gawk and without {n} in patterns); programs in Python, Perl and "
    "the like are not allowed. It prints only what is asked for and leaves no files behind but those asked for. Answer with "
    "the script in one code block, and no explanation."
)
QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.|(?:(?<=\s)|^)#[^\n]*", re.DOTALL)
BEGIN = r"(?:^|[;&|(){}!\n]|\$\(|\b(?:do|then|else|exec|time|xargs))\s*"
FOREIGN = re.compile(BEGIN + r"(?:/usr/bin/|env\s+)*(?:python[\d.]*|perl|ruby|node|php|lua|gawk|tclsh)\b")
LOOP = re.compile(BEGIN + r"(?:for|while|until|select)\b")


@dataclass(frozen=True)
class Case:
    """A folder, and what is right there: lines printed (in any order or not) and the files afterwards."""

    before: Files
    printed: Sequence[str]
    after: Files
    any_order: bool = False


@dataclass(frozen=True)
class Work:
    """What a script must do, folders to try it in, and scripts: right, right in another way, wrong by the name of the slip."""

    told: str
    case: Callable[[Rng], Case]
    right: str
    other: str
    slips: Mapping[str, str]


async def carried_out(bench: Workbench, answer: str, cases: Sequence[Case], loops: bool) -> Verdict:
    """Passed when the script in an answer does what is right in every folder; without loops unless `loops`."""
    script = sole_block(answer)
    if script is None:
        return fail("there are several code blocks")
    bare = QUOTED.sub("_", script)
    if FOREIGN.search(bare):
        return fail("it calls another language")
    if not loops and LOOP.search(bare):
        return fail("it has a loop of the shell")
    for case in cases:
        files = {path: "".join(f"{line}\n" for line in lines).encode() for path, lines in case.before.items()}
        reason = _wrong(await bench.run(Job(("bash", "-c", script), files)), case)
        if reason:
            return fail(reason)
    return PASS


def _wrong(done: JobResult, case: Case) -> str:
    if done.exit_code == 124:
        return "the script does not come to an end"
    printed, wanted = _plain(done.stdout), [" ".join(line.split()) for line in case.printed]
    if (sorted(printed) if case.any_order else printed) != (sorted(wanted) if case.any_order else wanted):
        return f"it prints {printed[:3]} instead of {wanted[:3]}; {done.stderr[:80]}"
    if done.files.keys() != case.after.keys():
        return f"files too many or missing: {sorted(done.files.keys() ^ case.after.keys())[:3]}"
    different = [
        path for path, lines in case.after.items() if _plain(done.files[path].decode("utf-8", "replace")) != _lined(lines)
    ]
    return f"{different[0]} differs" if different else ""


def _plain(text: str) -> list[str]:
    """Lines without `./` before a path; how many blanks stand between two words does not count."""
    return _lined(text.splitlines())


def _lined(lines: Sequence[str]) -> list[str]:
    found = [" ".join(line.split()).removeprefix("./") for line in lines]
    while found and not found[-1]:
        found.pop()
    return found
