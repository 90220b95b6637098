"""What a fence is for, told from its language and content."""

from __future__ import annotations

import re

from skvm.ir import BlockRole
from skvm.parse.lexicon import word_set

SHELL = word_set("bash sh shell zsh console terminal shell-session sh-session shellscript fish ksh bash-session")
PYTHON = word_set("python py python3 py3 pycon ipython")
_DATA = word_set("json jsonc json5 yaml yml toml ini env dotenv properties csv tsv xml plist cfg conf hcl proto jsonl ndjson")
_GRAPH = word_set("mermaid dot graphviz digraph plantuml puml d2")
_TEXT = word_set("markdown md mdx rst asciidoc org html")
_OUTPUT = word_set("output out log logs diff patch")
_PLACEHOLDER = re.compile(
    r"(?a)\[[A-Z][^\]\n]{1,60}\](?!\()|\{[A-Za-z][A-Za-z0-9_ .-]{0,40}\}|<[a-z][a-z0-9_ -]{1,40}>|\{\{|\.\.\."
)
_PSEUDO = re.compile(
    r"(?a)^\s*(?:\d+\.\s+)?(?:IF|WHEN|FOR EACH|FOREACH|WHILE|REPEAT|ELSE|STOP|GOTO|UNTIL|BEFORE|AFTER|THEN|RETURN"
    r"|for each|if .+:$|else:)\b",
    re.MULTILINE,
)
_TREE = re.compile("[├└│]")
_COMMAND = re.compile(
    r"(?a)^\s*(?:\$ |% )?(?:sudo )?(?:git|npm|npx|pip3?|uv|uvx|python3?|node|curl|wget|docker|kubectl|gh|aws|az|gcloud|brew"
    r"|apt(?:-get)?|cargo|go|make|mkdir|cd|ls|cat|cp|mv|rm|export|bash|sh|pnpm|yarn|bun|terraform|helm|ssh|chmod|dotnet|conda|jq|grep|find|echo"
    r"|\./[\w./-]+)(?:\s|$)"
)
_PYTHON_TEXT = re.compile(r"(?a)^(?:import \w+|from [\w.]+ import |def \w+\(|class \w+|print\()", re.MULTILINE)
_EXAMPLE_LEAD = re.compile(r"(?a)\b(?:example|e\.g\.|for instance|sample|bad|good|wrong|instead of|❌|✅)\b", re.IGNORECASE)
_OUTPUT_LEAD = re.compile(
    r"(?a)\b(?:returns?|response|prints?|outputs? (?:is|will|looks)|should (?:see|output|print)|result)\b", re.IGNORECASE
)
_TEMPLATE_LEAD = re.compile(
    r"(?a)\b(?:template|format|structure|as follows|shape|output|report|using this|following|skeleton)\b", re.IGNORECASE
)


def role_of(language: str, text: str, lead: str) -> BlockRole:
    """Role of a fence from its language tag, its content and the plain text that introduces it."""
    language = language.lower()
    if language in SHELL:
        return BlockRole.COMMAND
    if language in _GRAPH or re.match(r"(?a)\s*(?:digraph|graph|flowchart|sequenceDiagram|stateDiagram)\b", text):
        return BlockRole.GRAPH
    if language in _DATA:
        return BlockRole.TEMPLATE if _TEMPLATE_LEAD.search(lead) and _PLACEHOLDER.search(text) else BlockRole.DATA
    if language in _OUTPUT:
        return BlockRole.OUTPUT
    if language in _TEXT:
        return BlockRole.EXAMPLE if _EXAMPLE_LEAD.search(lead) and not _PLACEHOLDER.search(text) else BlockRole.TEMPLATE
    if language in ("", "text", "txt", "plaintext", "plain", "pseudo", "pseudocode"):
        return _untagged(language, text, lead)
    return BlockRole.EXAMPLE if _EXAMPLE_LEAD.search(lead) else BlockRole.PROGRAM


def _untagged(language: str, text: str, lead: str) -> BlockRole:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return BlockRole.OPAQUE
    if language.startswith("pseudo"):
        return BlockRole.PSEUDO
    commands = sum(1 for line in lines if _COMMAND.match(line) or line.lstrip().startswith("#"))
    if commands * 2 > len(lines) and any(_COMMAND.match(line) for line in lines):
        return BlockRole.COMMAND
    if len(_PSEUDO.findall(text)) >= 2:
        return BlockRole.PSEUDO
    if _TREE.search(text):
        return BlockRole.DATA
    if _PYTHON_TEXT.search(text):
        return BlockRole.PROGRAM
    if _OUTPUT_LEAD.search(lead) and not _PLACEHOLDER.search(text):
        return BlockRole.OUTPUT
    if _EXAMPLE_LEAD.search(lead):
        return BlockRole.EXAMPLE
    return BlockRole.TEMPLATE if _PLACEHOLDER.search(text) or _TEMPLATE_LEAD.search(lead) else BlockRole.EXAMPLE


def is_shell(language: str, role: BlockRole) -> bool:
    """Is the fence read by the shell analyser?"""
    return language.lower() in SHELL or (role is BlockRole.COMMAND)


def is_python(language: str, text: str, role: BlockRole) -> bool:
    """Is the fence read by the Python analyser?"""
    return language.lower() in PYTHON or (role is BlockRole.PROGRAM and not language and bool(_PYTHON_TEXT.search(text)))
