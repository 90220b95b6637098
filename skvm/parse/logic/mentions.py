"""Needs named in prose and inline code: executables, environment variables, bundle files, other skills, npm imports."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from skvm.ir import NeedKind
from skvm.parse.draft import CODE, HEADING, TEXT, Block
from skvm.parse.fences.commands import known_commands
from skvm.source import read_data


class Mention(NamedTuple):
    """A need that a text names at code points `[at, end)`."""

    kind: NeedKind
    name: str
    at: int
    end: int


@cache
def tool_words(name: str) -> frozenset[str]:
    """One list of `grammar/tools.txt`."""
    return frozenset(
        word
        for line in read_data("grammar", "tools.txt").splitlines()
        for kind, _, words in [line.partition(":")]
        if kind == name
        for word in words.split()
    )


_WORD = re.compile(r"(?a)(?<![\w./@-])[a-z][a-z0-9_-]+(?![\w/(-]|\.\w)")
_DENIAL = re.compile(r"(?a)\b(?:not|never|no|without|lacks?|instead of|rather than|don't)\b", re.IGNORECASE)
_WORDS = re.compile(r"(?a)[a-z][a-z0-9_-]+")
_BARE_PATH = re.compile(r"(?a)(?<![\w/])[A-Za-z0-9_.@/{}$~-]+/[A-Za-z0-9_./-]*[A-Za-z0-9_]")
_NEED_CUE = re.compile(
    r"(?a)\b(?:requires?|required|requirements?|prerequisites?|depends? on|dependenc|installed|install|available|needs?|"
    r"scripts?|must have|uses?|using|via|with|through|run|cli|binary|command)\b",
    re.IGNORECASE,
)
_ENV = re.compile(r"(?a)(?<![\w$./{-])(?<!\w\$)(?:\$\{?)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\}?(?![\w*(-]|\.[a-z])")
_STRICT_CUE = re.compile(r"(?a)\b(?:env|environment|export|variables?|\.env)\b", re.IGNORECASE)
_PRODUCT = re.compile(r"(?a) \(([a-z][a-z0-9_-]+)\)")
_OF_PACKAGES = re.compile(r"(?a) (?:packages?|modules?|registry|ecosystem)\b")
"""Behind "npm" or "pip": the kind of a package, no call of the program."""

_COMMAND_LINE = re.compile(r"(?am)^[ \t]*(?:\$ )?([a-z][a-z0-9_-]*) (?:[a-z-]+ )?--?[a-z]")
_LISTED = re.compile(r"(?a)[a-z0-9][a-z0-9_+-]*(?:, *(?:and +)?[a-z0-9][a-z0-9_+-]*){2,}[.]?\Z")
_PROGRAMS = re.compile(
    r"(?a)\b(?:binar(?:y|ies)|executables?|commands?|programs?|PATH|(?:CLI|system|unix|shell) tools)\b", re.IGNORECASE
)
_PACKAGE_CUE = re.compile(
    r"(?a)\b(?:requires?|required|dependenc|packages?|librar|pip|pypi|installed|install)\w*\b", re.IGNORECASE
)
_ASSIGN = re.compile(r"(?a)(?m)^\s*(?:export\s+)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=")
_EXPAND = re.compile(r"(?a)(?<!\w)\$\{?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\}?|<([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)>")
_LONE = re.compile(r"(?a)\$\{?[A-Z][A-Z0-9_]*\}?")
_NUMBER = re.compile(r"(?a)[A-Z][A-Z0-9_]*=-?[0-9][0-9.e-]*")
"""A name with a number, as a program sets a constant of its own."""

_CONSTANT = re.compile(r"(?a)[A-Z][A-Z0-9]+\Z")
_GIVES = re.compile(r"(?a)(?m)^[ \t]*([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=(.*)$")
_GIVEN = ("=", '="', "='")
_JSON_KEY = re.compile(r'(?a)"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"\s*:')
_JSON_COMMAND = re.compile(r'(?a)"command"\s*:\s*"([a-z][A-Za-z0-9_.-]*)"')
_EXPORT = re.compile(r"(?a)\bexport\s+([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=")
_OWN_AGENTS = ("general-purpose", "Explore", "Plan")
"""Agents that harnesses bring along."""

_LONGEST_LIST = 400
"""Code points of a text that may be a list of executables."""

_OWN_TOKENS = ("SRC_", "DEST_", "DST_", "FROM_", "TO_", "SELL_", "BUY_", "INPUT_", "OUTPUT_")
"""Heads of names whose TOKEN is a thing that is traded or parsed, no secret."""

_NO_VARIABLES = (
    *("YOUR_", "MY_", "EXAMPLE_", "HTTP_", "ERR_", "SKV", "XDG_"),
    *("INVALID_", "MISSING_", "UNKNOWN_", "UNSUPPORTED_", "EXPIRED_", "DUPLICATE_"),
)
"""Heads of placeholders, and of codes that say what went wrong."""

_SECRETS = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_AGENT_TYPE = re.compile(r'(?a)subagent_type["\']?\s*[=:]\s*["\']?([A-Za-z][A-Za-z0-9_:-]+)')
_ENV_CUE = re.compile(
    r"(?a)\b(?:env|environment|variables?|export|api[ -]?key|token|credential|secret|set|\.env)\b", re.IGNORECASE
)
_PATH = re.compile(r"(?a)(?:[A-Za-z0-9_.@-]+|\{[A-Za-z_]+\}|\$\{?[A-Z_]+\}?|<[a-z_-]+>|~)(?:/[A-Za-z0-9_.*{}<>$@-]+)*/?\Z")
_ROOTS = re.compile(
    r"(?a)\A(?:\.?/?(?:~/|\$HOME/)?\.(?:claude|agents|codex|cursor|openclaw|gemini|config/[a-z]+)/(?:plugins/[^/]+/)?skills/[^/]+/"
    r"|\$\{?(?:CLAUDE_PLUGIN_ROOT|CLAUDE_SKILL_DIR|SKILL_DIR|SKILL_ROOT|SKILL_PATH|BASE_DIR|baseDir)\}?/(?:skills/[^/]+/)?"
    r"|\{(?:baseDir|skill_path|skillDir|skill_dir|SKILL_DIR|skill_root|base_dir)\}/|<(?:skill-dir|skill_dir|skill-path|SKILL_DIR|skill-root|skill)>/"
    r"|@|\./)"
)
_EXT = re.compile(
    r"(?a)\.(?:md|mdx|py|sh|js|mjs|cjs|ts|tsx|json|jsonl|ya?ml|toml|txt|csv|html?|css|sql|xml|tmpl|j2|ps1|rb|R|ipynb|pdf|docx|xlsx|pptx|svg|png|ttf)\Z"
)
_SKILL_NAME = r"[a-z][a-z0-9]*(?:[-:_][a-z0-9]+)*"
_SKILL = re.compile(rf"(?a)\b(?:skill|skills?:)\s+[\"“]?({_SKILL_NAME}-[a-z0-9-]+)\b|\b({_SKILL_NAME}-[a-z0-9-]+)\s+skill\b")
_OF_A_KIND = ("-specific", "-based", "-level", "-related", "-aware", "-agnostic", "-only", "-style", "-driven", "-party")
"""Endings of adjectives: "a layer-specific skill" names none."""

_SKILL_CODE = re.compile(r"(?a)/?[a-z][a-z0-9]*(?:[-_:.][a-z0-9]+)*\Z")
_JS_IMPORT = re.compile(
    r"""(?a)(?:\bfrom\s+|\bimport\s+|\brequire\(\s*|\bimport\(\s*)["']((?:@[a-z0-9~][\w.~-]*/)?[a-z0-9][\w.-]*)((?:/[\w./-]+)?)["']"""
)


def file_name(text: str) -> str | None:
    """Path in the bundle that a text names, relative to the skill folder; None when it is not one by its form."""
    if "/" not in text:
        return None
    text = text.split("#", 1)[0].strip()
    if not text or len(text) > 200 or "://" in text or text.startswith(("/", "-", "mailto:")):
        return None
    rooted = _ROOTS.match(text)
    path = text[rooted.end() :] if rooted else text
    path = path.removeprefix("./")
    if not path or not _PATH.match(path) or path.startswith(("~", "$", "<", "{", "..")):
        return None
    first, slash, _ = path.partition("/")
    named = bool(_EXT.search(path))
    if not slash:
        return path if rooted and named and text[:1] not in ("@", ".") else None
    if "<" in path or "{" in path or "$" in path or path.count("*") > 1:
        return None
    if first in tool_words("folders") and (named or path.endswith("/")):
        return path
    return path if rooted and named and text[:1] != "@" and not text.startswith("./") else None


def file_of_link(target: str) -> str | None:
    """Path in the bundle that a link leads to; None for a host, an anchor, a file of another skill or of the system."""
    target = target.split("#", 1)[0].split("?", 1)[0].strip()
    if not target or re.match(r"(?a)[a-zA-Z][a-zA-Z0-9+.-]*:", target) or target.startswith(("/", "~")):
        return None
    if target.startswith("../"):
        return target if _EXT.search(target) and not target.endswith("SKILL.md") else None
    named = file_name(target)
    if named is not None:
        return named
    path = target.removeprefix("./").removeprefix("{baseDir}/")
    return path if _EXT.search(path) and not any(c in path for c in "<>{}$ *") else None


def programs_in(blocks: Iterable[Block]) -> frozenset[str]:
    """Executables and packages that plain text of the blocks holds: three or four of the hundreds that are known."""
    text = "\n".join([run.text for block in blocks for run in block.runs if run.kind is TEXT])
    return _known_words().intersection(_WORDS.findall(text))


def mentions_of(block: Block, programs: frozenset[str], *, instructs: bool, variables: bool = False) -> list[Mention]:
    """What the prose of a block names. `programs`: those that the text of the skill holds; `instructs`: it belongs to a step or
    a section on set-up; `variables`: it stands in a table or list of environment variables.
    """
    out: list[Mention] = []
    for run in block.runs:
        if run.kind is CODE:
            out.extend(_in_code(run.text, run.at, block, instructs, variables))
        elif run.kind is TEXT and len(run.text) > 1:
            out.extend(_in_text(run.text, run.at, block, instructs, programs))
    if "subagent_type" in block.text:
        out.extend(m for m in settings_in(block.text) if m.kind is NeedKind.SKILL)
    return out


def _in_code(text: str, at: int, block: Block, instructs: bool, variable: bool) -> list[Mention]:
    named = file_name(text)
    if named is not None:
        begin = at + text.find(named)
        return [Mention(NeedKind.FILE, named, begin, begin + len(named))]
    env = _ENV.fullmatch(text) if "_" in text else None
    if _SKILL_CODE.match(text) and _beside_skill(text, at, block):
        shift = 1 if text.startswith("/") else 0
        return [Mention(NeedKind.SKILL, text[shift:], at + shift, at + len(text))]
    if env is not None and env_name(env.group(1)) and _configures(env.group(1), block, variable):
        if _is_constant(text, at, block):
            return []
        return [Mention(NeedKind.ENV, env.group(1), at + env.start(1), at + env.end(1))]
    known = text in tool_words("bins") or (text in tool_words("bins_code") and not _is_value(text, at, block))
    if known and (instructs or _NEED_CUE.search(block.text)) and not _denied(block.text, at):
        return [Mention(NeedKind.BIN, text, at, at + len(text))]
    package = text.lower() in tool_words("pip") or text in tool_words("pip_code")
    if package and _PACKAGE_CUE.search(block.text) and not _is_value(text, at, block, ("pip", "pip_code", "bins")):
        return [Mention(NeedKind.PIP, text, at, at + len(text))]
    if (_LONE.fullmatch(text) or _NUMBER.fullmatch(text)) and not (
        env_tail(text.split("=")[0].strip("${}")) or instructs or variable or _ENV_CUE.search(block.text)
    ):
        return []  # named and described, not asked for
    return [m._replace(at=m.at + at, end=m.end + at) for m in variables_in(text)]


def _denied(text: str, at: int) -> bool:
    """Does the sentence up to code point `at` say that the thing is not used?"""
    start = max(text.rfind(mark, 0, at) for mark in (". ", "; ", ": ", "\n")) + 1
    return bool(_DENIAL.search(text, start, at))


def _is_value(text: str, at: int, block: Block, lists: tuple[str, ...] = ("bins", "bins_code")) -> bool:
    """Is a name one of the values listed in brackets, "(`claude`, `foundry`)", beside one that is in none of the lists?"""
    return any(all(o not in tool_words(name) for name in lists) for o in _bracketed(text, at, block))


def _is_constant(text: str, at: int, block: Block) -> bool:
    """Is an upper-case name one of the values listed in brackets, "(`API_KEY`, `BASIC`)", beside one without "_"?"""
    return any(_CONSTANT.match(other) for other in _bracketed(text, at, block))


def _bracketed(text: str, at: int, block: Block) -> list[str]:
    """The other pieces of inline code in the brackets around code point `at`; none where it stands in no brackets."""
    opening, closing = block.text.rfind("(", 0, at), block.text.find(")", at)
    if opening < 0 or closing < 0 or ")" in block.text[opening:at]:
        return []
    return [r.text for r in block.runs if r.kind is CODE and opening < r.at < closing and r.text != text]


def _beside_skill(text: str, at: int, block: Block) -> bool:
    """Does "skill" stand directly before or behind inline code?"""
    after = block.text[at + len(text) : at + len(text) + 10].lstrip("*_ ").lower()
    before = block.text[max(0, at - 10) : at].rstrip("*_ :").lower()
    return after.startswith("skill") or before.endswith(("skill", "skills"))


def _configures(name: str, block: Block, variable: bool) -> bool:
    """Is a lone upper-case word an environment variable: by its place, its ending, or what is said around it?"""
    return variable or env_tail(name) or bool(_STRICT_CUE.search(block.text))


def _in_text(text: str, at: int, block: Block, instructs: bool, programs: frozenset[str]) -> list[Mention]:
    """Names in a run of plain text. Cheap tests go first: most runs name nothing."""
    out: list[Mention] = []
    if "_" in text:
        out += _variables_in_prose(text, at, block, instructs)
    if any(map(text.__contains__, programs)) and (known := programs.intersection(_WORDS.findall(text))):
        out += _tools_in_prose(text, at, block, instructs, known)
    if "[[" in text:
        for match in re.finditer(r"(?a)\[\[([A-Za-z0-9][A-Za-z0-9_:./-]*)\]\]", text):
            out.append(Mention(NeedKind.SKILL, match.group(1), at + match.start(1), at + match.end(1)))
    if "kill" in text:
        out += _skills_in_prose(text, at)
    if "/" in text:
        for match in _BARE_PATH.finditer(text):
            named = file_name(match.group())
            if named is not None:
                begin = at + match.start() + match.group().find(named)
                out.append(Mention(NeedKind.FILE, named, begin, begin + len(named)))
    return out


def _skills_in_prose(text: str, at: int) -> list[Mention]:
    """`some-name skill`, `the skill some-name`."""
    out: list[Mention] = []
    for match in _SKILL.finditer(text):
        group = 1 if match.group(1) else 2
        if not match.group(group).endswith(_OF_A_KIND) and not _denied(text, match.start()):
            out.append(Mention(NeedKind.SKILL, match.group(group), at + match.start(group), at + match.end(group)))
    return out


def _variables_in_prose(text: str, at: int, block: Block, instructs: bool) -> list[Mention]:
    return [
        Mention(NeedKind.ENV, m.group(1), at + m.start(1), at + m.end(1))
        for m in _ENV.finditer(text)
        if env_name(m.group(1)) and env_tail(m.group(1)) and (instructs or _ENV_CUE.search(block.text))
    ]


def _tools_in_prose(text: str, at: int, block: Block, instructs: bool, known: frozenset[str]) -> list[Mention]:
    """Executables and packages whose names are no common words, where the block speaks of needing something."""
    heading = block.kind is HEADING
    bins = block.level == 1 if heading else (instructs or bool(_NEED_CUE.search(block.text)))
    pips = bool(_PACKAGE_CUE.search(block.text))
    out: list[Mention] = []
    for match in _WORD.finditer(text):
        word = match.group()
        if word not in known:
            continue
        if _denied(block.text, at + match.start()):
            continue
        if (product := _PRODUCT.match(text, match.end())) is not None and product.group(1) in known:
            continue  # "ripgrep (rg)": the executable stands in the brackets
        if _OF_PACKAGES.match(text, match.end()):
            continue
        if bins and word in tool_words("bins"):
            out.append(Mention(NeedKind.BIN, word, at + match.start(), at + match.end()))
        elif pips and word in tool_words("pip"):
            out.append(Mention(NeedKind.PIP, word, at + match.start(), at + match.end()))
    return out


@cache
def _known_words() -> frozenset[str]:
    return tool_words("bins") | tool_words("pip")


def variables_in(text: str) -> list[Mention]:
    """Environment variables that a piece of code sets, expands or holds a place for; code points of `text`."""
    out: list[Mention] = []
    if "_" not in text:
        return out
    local = _local_to(text)
    for match in (*_ASSIGN.finditer(text), *_EXPAND.finditer(text), *_EXPORT.finditer(text), *_JSON_KEY.finditer(text)):
        group = 1 if match.group(1) else 2
        name = match.group(group)
        if group == 2 and text[: match.start()].endswith(_GIVEN):
            continue  # the value of another variable
        sure = match.re in (_ASSIGN, _EXPORT) or (match.re is _EXPAND and group == 1)
        named = sure or (env_tail(name) if match.re is _JSON_KEY else name.endswith(_SECRETS))
        if named and env_name(name) and name not in local:
            out.append(Mention(NeedKind.ENV, name, match.start(group), match.end(group)))
    return sorted(out, key=lambda m: m.at)


def sets(text: str, name: str) -> bool:
    """Does a text of configuration give the variable its value: `NAME = ...` with spaces, as no list of variables has them?"""
    return re.search(rf"(?m)^[ \t]*{name} += ", text) is not None


def _local_to(text: str) -> set[str]:
    """Variables that a text gives a value, not exported, and that only serve it: used in it, or made of others. No secrets."""
    given = [(m.group(1), m.group(2)) for m in _GIVES.finditer(text)]
    used = {m.group(1) for m in _EXPAND.finditer(text) if m.group(1)} if given else set()
    return {name for name, value in given if not is_secret(name) and (name in used or "$" in value)}


def listed_programs(text: str, lead: str) -> list[Mention]:
    """Lines "bash, jq, grep" under words that speak of executables (`lead`): what the author asks for, system or not."""
    out: list[Mention] = []
    if len(text) > _LONGEST_LIST or "," not in text or not _PROGRAMS.search(lead):
        return out
    known = tool_words("bins") | tool_words("bins_code")
    for line in re.finditer(r"[^\n]+", text):
        if _LISTED.match(line.group().strip()):
            words = [w for w in _WORDS.finditer(text, line.start(), line.end()) if w.group() != "and"]
            if all(w.group() in known_commands() or w.group() in known for w in words):
                out += [Mention(NeedKind.BIN, w.group(), w.start(), w.end()) for w in words]
    return out


def command_lines(text: str) -> list[Mention]:
    """Executables of lines that are command lines with options, in a text that is otherwise words (a prompt, a template)."""
    found = _COMMAND_LINE.finditer(text) if " -" in text else ()
    known = tool_words("bins") | tool_words("bins_code")
    return [Mention(NeedKind.BIN, m.group(1), m.start(1), m.end(1)) for m in found if m.group(1) in known]


def exports_in(text: str) -> list[Mention]:
    """Variables that a shell text exports, in its comments too."""
    found = _EXPORT.finditer(text)
    return [
        Mention(NeedKind.ENV, m.group(1), m.start(1), m.end(1)) for m in found if env_name(m.group(1)) and env_tail(m.group(1))
    ]


def settings_in(text: str) -> list[Mention]:
    """Executables of server entries and sub-agents called by name in configuration and call-like text."""
    entries = _JSON_COMMAND.finditer(text) if '"command"' in text else ()
    out = [Mention(NeedKind.BIN, m.group(1), m.start(1), m.end(1)) for m in entries if _starts_program(text, m)]
    agents = [m for m in _AGENT_TYPE.finditer(text) if m.group(1) not in _OWN_AGENTS]
    out += [Mention(NeedKind.SKILL, m.group(1), m.start(1), m.end(1)) for m in agents]
    return out


def _starts_program(text: str, match: re.Match[str]) -> bool:
    """Does a "command" entry start a program (arguments or variables beside it), or only name a command of a chat?"""
    entry = text[max(text.rfind("{", 0, match.start()), 0) : match.end() + 400].split("}", 1)[0]
    return '"description"' not in entry and ('"args"' in entry or '"env"' in entry or '"command"' not in text[match.end() :])


def env_name(name: str) -> bool:
    """May the upper-case word be an environment variable (no placeholder, no constant of a template)?"""
    return name not in tool_words("env_skip") and not name.startswith(_NO_VARIABLES)


def is_secret(name: str) -> bool:
    """Does the word end like a variable that holds a secret, which no text gives a value of its own?"""
    return name.endswith(_SECRETS) and not name.startswith(_OWN_TOKENS)


def env_tail(name: str) -> bool:
    """Does the word end like an environment variable ("_KEY", "_URL")?"""
    return name.rsplit("_", 1)[-1] in tool_words("env_tail")


def js_variables(text: str) -> list[Mention]:
    """Environment variables that a JavaScript text reads."""
    found = re.finditer(r"(?a)process\.env(?:\.|\[[\"'])([A-Z][A-Z0-9_]+)", text)
    return [Mention(NeedKind.ENV, m.group(1), m.start(1), m.end(1)) for m in found]


def npm_imports(text: str) -> list[tuple[str, int, int]]:
    """Packages a JavaScript or TypeScript text imports, with the code points of their names."""
    out: list[tuple[str, int, int]] = []
    for match in _JS_IMPORT.finditer(text):
        name = match.group(1)
        if name not in tool_words("npm_own") and name + match.group(2) not in tool_words("npm_own"):
            out.append((name, match.start(1), match.end(1)))
    return out
