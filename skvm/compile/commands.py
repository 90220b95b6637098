"""Stated commands: does a step state exactly one, is any choice left in it, and where do its placeholders come from?

Direct execution replaces a model, so every doubt counts against it (law 6): `direct_command` answers with the reason.
"""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from skvm.ir import Act, ActType, Control, ControlKind, NeedKind, Origin, Program, Step
from skvm.plan import Command
from skvm.source import SkillSource, Span

INSTALL = re.compile(
    r"^\s*(?:sudo\s+)?(?:(?:pip3?|uv|uv pip|python3? -m pip|npm|pnpm|yarn|bun|apt|apt-get|brew|cargo|go|gem|conda|mamba|dnf|"
    r"yum|apk|pipx|poetry)\s+(?:-\S+\s+)*(?:install|add|i|get|ci|sync)\b|npx\s+(?:-\S+\s+)*\S+\s+add\b|curl\b.*\|\s*(?:ba)?sh\b)"
)
"""Commands that install: they are environment requirements, never run-time steps (decisions, "Plan semantics")."""

_SHELL = re.compile(r"[|&;<>()$`\\\"'*?\[\]{}~#\n]")
_PLACEHOLDERS = (
    re.compile(r"\{\{\s*([A-Za-z_][\w .-]*?)\s*\}\}"),
    re.compile(r"(?<![$\w])\{([A-Za-z_][\w.-]*)\}"),
    re.compile(r"<([A-Za-z][\w ./-]*)>"),
    re.compile(r"(?<![\w/.$-])((?:YOUR_|INPUT|OUTPUT|FILE)[A-Z0-9_]*|[A-Z]+_(?:FILE|PATH|DIR|NAME|ID|URL))(?![\w=])"),
    re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"),
    re.compile(r"\[([A-Z][A-Z0-9_ -]*)\]"),
    re.compile(
        r"(?<=\s)((?!GET|POST|PUT|HEAD|PATCH|DELETE|OPTIONS|AND|NOT|EOF|NULL|README|LICENSE)[A-Z][A-Z0-9_]{2,})(?=\s|$)"
    ),
)
_OPEN = re.compile(
    r"path/to|\bmy[-_]\w+|\byour[-_ ]|\bYOUR\b|example\.(?:com|org)|\.\.\.|…|\[(?:--?[a-z]|options|args|flags)|\bxxx+\b",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(r"(?:^|[;&|]\s*|\bfor\s+|\bread\s+(?:-\S+\s+)*)([A-Za-z_][A-Za-z0-9_]*)(?:=|\s+in\b|\s*;|\s*$)")
CHOICE = re.compile(
    r"\b(?:or|if|unless|when|otherwise|either|depending|appropriate|choose|select|pick|e\.g|for example|for instance|such as|"
    r"as needed|if needed|adjust|adapt|replace|modify|customi[sz]e|substitute|your own|similar|then|review|inspect|interpret|"
    r"analy[sz]e|fix|example|should|useful|decide|consider|try|make sure|ensure|note|parse|report|explain|present|"
    r"summari[sz]e)\b",
    re.IGNORECASE,
)
"""Words that leave something to decide or to do besides the command itself."""

_OWN_SHELL = re.compile(
    r"\s*(?:(?:cd|export|source|\.|set|unset|alias|eval|pushd|popd)\b[^;&|]*|\w+=\S*(?:\(.*\))?)\s*$", re.DOTALL
)
_OF_HARNESS = re.compile(r"/[a-z][\w:-]*(?:\s|$)")
"""A slash command: the program of no machine has a path of one word right below the root."""

_STAYS = re.compile(r"\bnohup\b|\bngrok\b|[^&>]&\s*$|\btail\s+-[fF]\b|\bwatch\s")
_TOLD = re.compile(
    r"(?:\b(?:run|rerun|running|execute|executing|invoke|issue|launch|with|via|using|by)\b[^.`\n]{0,60}|:\s*)`$", re.IGNORECASE
)
"""Words right before a command that say that it is to be run."""

_JOIN = re.compile(
    r"^\s*(?:all|every|each|both|the|these|those)\b.*\b(?:is|are|has been|have been)\s+(?:all\s+)?"
    r"(?:there|done|ready|completed?|finished|in place|written|available|created|collected|generated)\s*$",
    re.IGNORECASE | re.DOTALL,
)
"""Conditions that only say that what comes before is over: the order of the plan sees to that."""

_ITEM_NAMES = frozenset(
    {"file", "item", "f", "filename", "file_name", "input", "input_file", "path", "file_path", "filepath", "name"}
)
_PATHLIKE = re.compile(r"^[\w./-]*[\w-]\.[A-Za-z0-9]{1,6}$")


class Verdict(NamedTuple):
    """The command when it may run directly, else None and why not."""

    command: Command | None
    reason: str


class Providers(NamedTuple):
    """What the plan provides: place -> reference, value name -> reference, and whether the step lies in a map (`item`), in a
    branch or in a loop of its own, which then carry its control."""

    places: dict[str, str]
    values: dict[str, str]
    item: bool = False
    branch: bool = False
    loop: bool = False


def stated_commands(program: Program, step: str) -> tuple[Act, ...]:
    """Acts of a step that carry a literal command, equal commands once."""
    found: dict[str, Act] = {}
    for act in program.acts_of(step):
        if act.command is not None and act.command.strip():
            found.setdefault(" ".join(act.command.split()), act)
    return tuple(found.values())


def direct_command(program: Program, source: SkillSource, step: Step, have: Providers) -> Verdict:
    """May this step run without a model, and with which placeholders bound to what?"""
    commands = stated_commands(program, step.id)
    if len(commands) != 1:
        return Verdict(None, "states no command" if not commands else f"states {len(commands)} commands")
    act = commands[0]
    text = (act.command or "").strip()
    doubt = doubt_in_command(text) or _doubt_in_step(program, source, step, act, text, have)
    if doubt:
        return Verdict(None, doubt)
    bound, open_names = bound_names(program, text, have)
    if open_names:
        return Verdict(None, f"leaves {', '.join(open_names)} open")
    missing = unprovided(program, source, act, text, have)
    if missing:
        return Verdict(None, f"reads {missing}, which nothing before it provides")
    return Verdict(_command(source, step, act, text, bound), "states exactly one command and leaves no choice")


def doubt_in_command(text: str) -> str:
    """Why a command may not run as it stands, empty when it may."""
    if INSTALL.match(text):
        return "installs something, which is a need and not a step"
    if "\n" in text.replace("\\\n", " "):
        return "states several lines of commands"
    if _OWN_SHELL.match(text):
        return "changes only the shell it runs in"
    if _OF_HARNESS.match(text):
        return "is a command of a harness"
    if _STAYS.search(text):
        return "keeps running"
    opened = _OPEN.search(text)
    return f"has the open part {opened[0]!r}" if opened else ""


def _doubt_in_step(program: Program, source: SkillSource, step: Step, act: Act, text: str, have: Providers) -> str:
    words = prose_of(step.text, text)
    for control in program.controls_of(step.id):
        doubt = doubt_in_control(control, have)
        if doubt:
            return doubt
        words = words.replace(prose_of(source.main.slice(control.span), text), " ")
    choice = CHOICE.search(words)
    if choice:
        return f"leaves something open ({choice[0]!r})"
    others = [a for a in program.acts_of(step.id) if a.origin is Origin.PROSE and a.command is None]
    if len({a.span for a in others}) > 1 or any(a.type is ActType.REQUEST for a in others):
        return "has more to do than its command"
    return _doubt_in_place(program, source, step, act, text)


def _doubt_in_place(program: Program, source: SkillSource, step: Step, act: Act, text: str) -> str:
    """A command in a sentence has to be what the sentence says to run; one in a block has to be all of the block."""
    at = _shown(source, step, text)
    if at is None:
        return "does not show its command literally"
    if act.origin is not Origin.INLINE:
        bodies = [source.main.slice(b.body) for b in program.blocks if b.body.contains(at)]
        return "" if not bodies or bare(bodies[0]) == bare(text) else "shows more than its command"
    raw = source.main.raw
    if raw[at.start - 1 : at.start] != b"`" or raw[at.end : at.end + 1] != b"`":
        return "does not show its command literally"
    if not _TOLD.search(source.main.slice(Span(at.file, step.span.start, at.start))):
        return "does not say to run what it names"
    rest = _without_fences(step.text)
    for control in program.controls_of(step.id):
        rest = rest.replace(source.main.slice(control.span), " ")
    return "names other things beside its command" if rest.replace(f"`{text}`", " ").count("`") > 1 else ""


def bare(text: str) -> str:
    """Commands of a block: comments, blank lines, prompts and indentation dropped."""
    lines = (re.sub(r"^\$\s+", "", line.strip()) for line in text.replace("\\\n", " ").splitlines())
    return " ".join(" ".join(line.split()) for line in lines if line and not line.startswith("#"))


def doubt_in_control(control: Control, have: Providers) -> str:
    """Control that the plan carries (boxes, gates, order) is no doubt; control that only the text carries is one."""
    match control.kind:
        case ControlKind.PARALLEL | ControlKind.OPTIONAL | ControlKind.GATE:
            return ""
        case ControlKind.BRANCH:
            joined = _JOIN.search(control.condition or "") is not None
            return "" if have.branch or joined else f"has the condition {control.condition!r}"
        case ControlKind.LOOP:
            return "" if have.loop or (have.item and control.domain) else "repeats something"
        case _:
            return "is not only a command"


def prose_of(text: str, command: str = "") -> str:
    """Words of a step without fences and inline code."""
    words = re.sub(r"`[^`\n]*`", " ", _without_fences(text))
    return words.replace(command, " ") if command else words


def _without_fences(text: str) -> str:
    return re.sub(r"(?ms)^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", " ", text)


def _shown(source: SkillSource, step: Step, text: str) -> Span | None:
    if step.span.file != source.main.file:
        return None
    at = source.main.raw.find(text.encode("utf-8", "replace"), step.span.start, step.span.end)
    return None if at < 0 else Span(step.span.file, at, at + len(text.encode("utf-8", "replace")))


def placeholders(text: str) -> tuple[tuple[str, str], ...]:
    """(literal, name) of every placeholder of a command, in order, variables that it sets itself left out."""
    own = {m[1] for m in _ASSIGNED.finditer(text)}
    found: dict[str, tuple[int, str]] = {}
    taken: list[tuple[int, int]] = []
    for pattern in _PLACEHOLDERS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            if match[0].startswith("$") and match[1] in own:
                continue
            found.setdefault(match[0], (match.start(), match[1]))
    return tuple((literal, name) for literal, (_, name) in sorted(found.items(), key=lambda kv: kv[1][0]))


def slug(name: str) -> str:
    """One spelling of a placeholder, slot or value name."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def bound_names(program: Program, text: str, have: Providers) -> tuple[dict[str, str], list[str]]:
    """References by placeholder, and the placeholders that nothing provides."""
    env = {n.name for n in program.needs if n.kind is NeedKind.ENV}
    bound: dict[str, str] = {}
    left: list[str] = []
    for literal, name in placeholders(text):
        reference = _reference(literal, name, env, have)
        if reference:
            bound[literal] = reference
        else:
            left.append(literal)
    return bound, left


def _reference(literal: str, name: str, env: set[str], have: Providers) -> str | None:
    key = slug(name)
    if literal.startswith("$") and name in env:
        return f"$env.{name}"
    if have.item and key in _ITEM_NAMES:
        return "$item"
    return have.places.get(name) or have.values.get(key)


def unprovided(program: Program, source: SkillSource, act: Act, text: str, have: Providers) -> str:
    """The first file a command reads that neither the bundle, an earlier step nor a declared input provides."""
    literals = {literal for literal, _ in placeholders(text)}
    for place in act.reads or _read_words(text, act.writes):
        name = place.removeprefix("skill:").removeprefix("./")
        if ":" in place and not place.startswith("skill:"):
            continue
        if name in source.paths or name in have.places or any(literal in place for literal in literals):
            continue
        if _is_open_place(name) or any(_below(name, known) for known in have.places):
            continue
        return name
    return ""


def _is_open_place(place: str) -> bool:
    """Globs and folders of the work folder stand for whatever is there."""
    return place in ("", ".", "**") or place.endswith("/") or any(c in place for c in "*?[")


def _below(place: str, known: str) -> bool:
    return known.endswith("/") and place.startswith(known)


def _read_words(text: str, writes: tuple[str, ...]) -> tuple[str, ...]:
    """Words of a command that look like files and do not follow an output option or a redirection."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        words = text.split()
    out: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if not _PATHLIKE.match(word) or word in writes:
            continue
        if before in (">", ">>", "2>", "-o", "--out", "--output", "--output-file", "--outfile"):
            continue
        out.append(word)
    return tuple(out)


def _command(source: SkillSource, step: Step, act: Act, text: str, bound: dict[str, str]) -> Command:
    span = _shown(source, step, text) or act.span
    without = text
    for literal in bound:
        without = without.replace(literal, "x")
    shell = bool(_SHELL.search(without))
    argv: tuple[str, ...] = ()
    if not shell:
        argv = tuple(text.split())
        if any(" " in literal for literal in bound):
            shell, argv = True, ()
    return Command(text=text, span=span, shell=shell, argv=argv, placeholders=bound)
