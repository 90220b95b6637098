"""Hosts and other skills that prose names: places a follower must reach, and work that is handed over by name.

A link to documentation is no host to reach, and "use X instead" hands nothing over.
"""

from __future__ import annotations

import re

from skvm.ir import NeedKind
from skvm.parse.draft import CODE, ROW, TEXT, Block, Run
from skvm.parse.logic.mentions import Mention

_URL = re.compile(r"(?a)https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?::\d+)?)", re.IGNORECASE)
_REACHED = re.compile(
    r"(?a)\b(?:fetch|go to|visit|sign (?:up|in)|log ?in|register|accounts?|api keys?|tokens?|endpoints?|base.?url|upload|query|"
    r"connect|server|authenticated)\b",
    re.IGNORECASE,
)
_FORBIDS = re.compile(
    r"(?a)\b(?:never|don['’]?t|(?:do|must|should|shall) ?not|avoid|instead of|rather than|not to)\b", re.IGNORECASE
)
_CONDITION = re.compile(r"(?a)\s*(?:if|when|unless|where|once|in case)\b[^,]*,", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?;]\s|\n")
_RESERVED = re.compile(
    r"(?a)(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid|yourdomain\.com|your-?[a-z-]+\.[a-z]+)(?::\d+)?\Z"
)
_REGISTRY = re.compile(r"(?a)((?:[a-z0-9-]+\.)+[a-z]{2,})/[a-z0-9._/-]+:[A-Za-z0-9_.-]+\Z")
_BARE = re.compile(r"(?a)(?:[a-z0-9-]+\.)+(?:com|io|dev|ai|org|net|app|cloud)\Z")
_OWN_COMMAND = re.compile(r"(?a)\bcommands/[A-Za-z0-9_/{}<>-]+\.md\b")
"""The file of a command beside its name: it is what the text writes, not what it calls."""

_SLUG = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_NAMESPACED = re.compile(rf"(?a)(?<![\w/.])/?({_SLUG}:{_SLUG})(?![\w/:.-])")
_COMMAND = re.compile(rf"(?a)/({_SLUG}-[a-z0-9-]+)\Z")
_HYPHENED = re.compile(rf"(?a){_SLUG}-[a-z0-9-]+\Z")
_HANDS_OVER = re.compile(
    r"(?a)\b(?:load|invoke|hand off to|route to|delegate to|coordinate with|continue with)\s*\Z", re.IGNORECASE
)
_RUNS = re.compile(r"(?a)\b(?:run|running|use|using|invoke|call|to|via|with|suggest)\s*\Z", re.IGNORECASE)


def is_reserved(host: str) -> bool:
    """Is the host a name for examples (RFC 2606), one that the text leaves to its reader, or dots for any?"""
    return ".." in host or not host.strip(".") or bool(_RESERVED.search(host))


def hosts_named(block: Block) -> list[Mention]:
    """Hosts in the prose of an instruction that tells to reach them, and registries of container images."""
    out: list[Mention] = []
    if not block.coded and "://" not in block.text:
        return out
    codes = [run for run in block.runs if run.kind is CODE]
    reaching = bool(_REACHED.search(block.text))
    for run in block.runs if reaching and block.kind is not ROW else ():  # a row of addresses is further reading
        if run.kind is TEXT and "://" in run.text:
            out += [
                Mention(NeedKind.HOST, url.group(1).lower(), run.at + url.start(1), run.at + url.end(1))
                for url in _URL.finditer(run.text)
                if not is_reserved(url.group(1).lower()) and _told_to_reach(block.text[: run.at + url.start()])
            ]
    for run in codes:
        reached = reaching and not forbids(block.text[: run.at])
        image = _REGISTRY.match(run.text)
        url = _URL.match(run.text)
        found = image.span(1) if image else url.span(1) if url and reached else None
        if found is None and reached and _BARE.match(run.text):
            found = (0, len(run.text))
        if found is not None and not is_reserved(run.text[slice(*found)].lower()):
            out.append(Mention(NeedKind.HOST, run.text[slice(*found)].lower(), run.at + found[0], run.at + found[1]))
    return out


def forbids(before: str) -> bool:
    """Does the sentence that leads to a place forbid what it names there? A condition before it ("if it is not there, ...")
    forbids nothing."""
    sentence = _SENTENCE.split(before)[-1]
    return bool(_FORBIDS.search(_CONDITION.sub("", sentence, count=1)))


def _told_to_reach(before: str) -> bool:
    """Does the sentence that leads to an address tell to reach it? One that only stands there is further reading."""
    return bool(_REACHED.search(_SENTENCE.split(before)[-1])) and not forbids(before)


def host_of_link(block: Block, run: Run) -> str | None:
    """Host of a link in an instruction that tells to reach it ("go to", "an account at"); None for further reading."""
    url = _URL.match(run.target) if run.target.startswith("http") else None
    if url is None or is_reserved(url.group(1).lower()) or not _REACHED.search(block.text):
        return None
    if forbids(block.text[: run.at]):
        return None
    return url.group(1).lower()


def skills_called(block: Block, own: str) -> list[Mention]:
    """Skills called as `/name-of-it` or `space:name`, and those that work is handed over to; `own`: the skill's own name."""
    out: list[Mention] = []
    text = block.text
    if not (block.coded or (":" in text and "/" in text)) or ("commands/" in text and _OWN_COMMAND.search(text)):
        return out
    for run in block.runs:
        if ":" not in run.text and (run.kind is not CODE or "-" not in run.text):
            continue  # a name in a space of names has a colon, any other a hyphen
        if run.kind is CODE:
            before = block.text[max(0, run.at - 20) : run.at].rstrip("(*_ ")
            called = _COMMAND.match(run.text) if _RUNS.search(before) else None
            if called is None and _HYPHENED.match(run.text) and _HANDS_OVER.search(before):
                called = re.match(r"(?a)(.*)\Z", run.text)
            spaced = _NAMESPACED.fullmatch(run.text)
            if called is None and spaced and (run.text[0] == "/" or ("-" in run.text and _RUNS.search(before))):
                called = spaced
            found = [called] if called else []
        else:
            found = [m for m in _NAMESPACED.finditer(run.text) if m.group().startswith("/")] if "/" in run.text else []
        out += [
            Mention(NeedKind.SKILL, m.group(1), run.at + m.start(1), run.at + m.end(1))
            for m in found
            if m.group(1).rsplit(":", 1)[-1] != own and m.group(1) != own
        ]
    return out
