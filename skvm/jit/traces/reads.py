"""Which calls only look. Whatever is not known to is a write: it is never foretold, and reads that follow it are not alike."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tree_sitter import Node

from skvm.jit.traces.call import Call
from skvm.source.bash import as_letters, bash_tree, too_large

_VERBS = "get|find|list|search|read|lookup|fetch|query|show|describe|view|check|grep|glob"
_READS = re.compile(rf"(?:^|\.)(?:{_VERBS})(?=[._]|$|[A-Z])")

SHELLS = {"Bash": "command", "bash": "command", "shell": "command", "execute_command": "command", "exec_command": "cmd"}
"""Tools that run shell text, and the argument that is this text."""


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOOKING = _words_of(
    "cat head tail ls wc grep egrep fgrep pwd stat du diff cmp echo true false cd nl tree cut tr basename dirname realpath "
    "which find sort rg"
)
_CHANGING = {
    "find": re.compile(r"-(?:delete|exec|ok|fprint|fls)"),
    "sort": re.compile(r"-[A-Za-z]*o|--(?:output|compress)"),
    "tree": re.compile(r"-o|--output"),
    "rg": re.compile(r"--(?:pre|hostname-bin)"),
}
"""Options by which such a program changes something or starts another one."""

_LINES = re.compile(r"sed -n [0-9]+(?:,[0-9]+|,\$)?p(?: [\w./][\w./-]*)*")
"""Of `sed`, whose programs can write files, only the printing of lines is known."""

_WALKED = _words_of(
    "program list pipeline command command_name redirected_statement string word raw_string number concatenation"
)
_DISCARDED = re.compile(r"(?:[0-9]|&)?>>?\s*/dev/null|[0-9]?>&[0-9]")


def is_read(call: Call) -> bool:
    """Does the name of the tool begin with (or hold, behind a dot) a verb of looking, or its command run nothing that changes
    anything?"""
    if call.tool in SHELLS:
        text = call.args.get(SHELLS[call.tool])
        return isinstance(text, str) and only_looks(text)
    return _READS.search(call.tool[:1].lower() + call.tool[1:]) is not None


@lru_cache(maxsize=4096)
def only_looks(text: str) -> bool:
    """Is shell text made of nothing but known programs that look, without substitutions, assignments and files written?"""
    data = text.encode("utf-8", "surrogatepass")
    if too_large(data):
        return False
    root = bash_tree(as_letters(data))
    commands = list(_commands(root, data))
    return not root.has_error and bool(commands) and all(words is not None and _looks(words) for words in commands)


def _commands(root: Node, data: bytes) -> Iterator[list[str] | None]:
    """The words of each simple command; None for what is not known to only look."""
    stack = [root]
    while stack:
        node = stack.pop()
        raw = data[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")
        if node.type == "command":
            yield _words(node, raw)
        elif node.type == "file_redirect":
            if _DISCARDED.fullmatch(raw) is None:
                yield None
        elif node.type in _WALKED:
            stack.extend(node.named_children)
        else:
            yield None


def _words(command: Node, raw: str) -> list[str] | None:
    """The words of a simple command, None where something in them is expanded to anything but file names."""
    stack = list(command.named_children)
    while stack:
        node = stack.pop()
        if node.type not in _WALKED and node.type != "string_content":
            return None
        stack.extend(node.named_children)
    try:
        return shlex.split(raw)
    except ValueError:
        return None


def _looks(words: Sequence[str]) -> bool:
    name, *rest = words or [""]
    if name == "sed":
        return _LINES.fullmatch(" ".join(words)) is not None
    changing = _CHANGING.get(name)
    return name in LOOKING and not (changing is not None and any(changing.match(word) for word in rest))
