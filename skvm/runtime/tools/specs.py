"""The tools on offer: names, arguments, wording. Changing one changes `TOOLS_VERSION`, which guards rest on."""

from __future__ import annotations

import json
from typing import Any

from skvm.ir import EffectClass
from skvm.ports import ToolSpec

TOOLS_VERSION = "2"
FINISH = "finish"
CHOOSE = "choose"
PIECE = "piece"

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


def _spec(name: str, description: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> ToolSpec:
    properties = {**required, **(optional or {})}
    parameters = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return ToolSpec(name=name, description=description, parameters=parameters)


READ_FILE = _spec(
    "read_file",
    "Read a text file of the work folder or of the skill. offset = first line (from 1), limit = number of lines.",
    {"path": _TEXT},
    {"offset": _COUNT, "limit": _COUNT},
)
WRITE_FILE = _spec("write_file", "Create or replace a file of the work folder.", {"path": _TEXT, "content": _TEXT})
EDIT_FILE = _spec(
    "edit_file",
    "Replace the one occurrence of `old` in a file of the work folder by `new`.",
    {"path": _TEXT, "old": _TEXT, "new": _TEXT},
)
LIST_DIRECTORY = _spec("list_directory", "List a folder (default: the work folder).", {}, {"path": _TEXT})
SEARCH = _spec(
    "search",
    "Find lines that match a regular expression, in a file or below a folder (default: the work folder).",
    {"pattern": _TEXT},
    {"path": _TEXT},
)
EXECUTE = _spec(
    "execute_command",
    "Run a command in the work folder, in a sandbox. It reaches permitted hosts only, through the proxy that its environment "
    "names. Files of the skill can be named as the skill names them.",
    {"command": _TEXT},
)
WEB_FETCH = _spec("web_fetch", "Fetch a page of a permitted host.", {"url": _TEXT})
BROWSER = _spec(
    "browser",
    "Use a web browser on permitted hosts; every action shows the page and what can be acted on. open: url. click: target. "
    "fill: target, text. select: target, text (an option). press: text (a key such as Enter). wait: text to appear. "
    "read: look again. target = a reference such as e3, or a label.",
    {"action": {"type": "string", "enum": ["open", "read", "click", "fill", "select", "press", "wait"]}},
    {"url": _TEXT, "target": _TEXT, "text": _TEXT},
)
ASK_USER = _spec("ask_user", "Ask the user a question that the task leaves open.", {"question": _TEXT})
FINISH_SPEC = _spec(
    FINISH,
    "End this step. values: results that later steps need, by name. status 'cannot' with a reason when it cannot be done.",
    {"values": {"type": "object"}, "summary": _TEXT},
    {"status": {"type": "string", "enum": ["done", "cannot"]}, "reason": _TEXT},
)

TOOLS = (READ_FILE, WRITE_FILE, EDIT_FILE, LIST_DIRECTORY, SEARCH, EXECUTE, WEB_FETCH, ASK_USER)
BY_NAME = {tool.name: tool for tool in (*TOOLS, BROWSER, FINISH_SPEC)}

EFFECTS: dict[str, EffectClass] = {
    "read_file": EffectClass.PURE,
    "list_directory": EffectClass.PURE,
    "search": EffectClass.PURE,
    "ask_user": EffectClass.PURE,
    "web_fetch": EffectClass.IDEMPOTENT,
    "browser": EffectClass.EFFECTFUL,
    "write_file": EffectClass.IDEMPOTENT,
    "edit_file": EffectClass.EFFECTFUL,
    "execute_command": EffectClass.EFFECTFUL,
}


def choose_spec(options: tuple[str, ...], description: str) -> ToolSpec:
    """The tool that answers a branch: one of `options`."""
    return _spec(CHOOSE, description, {"arm": {"type": "string", "enum": list(options)}}, {"reason": _TEXT})


def judge_spec(description: str) -> ToolSpec:
    """The tool that answers whether a loop's exit is reached."""
    return _spec(CHOOSE, description, {"met": {"type": "boolean"}}, {"reason": _TEXT})


def of_pieces(tools: tuple[ToolSpec, ...]) -> tuple[ToolSpec, ...]:
    """The tools where several pieces of work share a conversation: each call says which of them it is for."""
    return tuple(_of_pieces(tool) for tool in tools)


def _of_pieces(tool: ToolSpec) -> ToolSpec:
    body = tool.parameters
    properties = {PIECE: {"type": "integer", "minimum": 1}, **body["properties"]}
    return ToolSpec(
        name=tool.name,
        description=tool.description,
        parameters={**body, "properties": properties, "required": [PIECE, *body["required"]]},
    )


def of_piece(text: str) -> tuple[int | None, str]:
    """Which piece a call is for, and its arguments without that; None where it does not say."""
    try:
        args = json.loads(text)
    except (ValueError, RecursionError):
        return None, text
    number = args.pop(PIECE, None) if isinstance(args, dict) else None
    return (number, json.dumps(args, ensure_ascii=False)) if type(number) is int else (None, text)


def decode(name: str, text: str) -> tuple[dict[str, Any] | None, str]:
    """Arguments of a call, or None and what is wrong with them in words for the model."""
    spec = BY_NAME.get(name)
    if spec is None:
        return None, f"there is no tool called {name!r}; the tools are {', '.join(t.name for t in (*TOOLS, FINISH_SPEC))}"
    try:
        args = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        return None, f"the arguments are not valid JSON ({error}); call {name} again with one JSON object"
    if not isinstance(args, dict):
        return None, f"the arguments must be one JSON object, not {type(args).__name__}"
    problem = misfit(name, args)
    return (None, f"{name}: {problem}") if problem else (args, "")


def misfit(name: str, args: dict[str, Any]) -> str:
    """What is wrong with the arguments of a known tool, in words for the model; empty when they fit."""
    schema = BY_NAME[name].parameters
    properties = schema["properties"]
    for key in schema["required"]:
        if key not in args and not (key == "values" or key == "summary"):
            return f"the argument {key!r} is missing"
    for key, value in args.items():
        if key not in properties:
            return f"there is no argument {key!r}; it takes {', '.join(properties)}"
        problem = _mismatch(properties[key], value)
        if problem:
            return f"the argument {key!r} must be {problem}"
    return ""


def _mismatch(wanted: dict[str, Any], value: Any) -> str:
    kind = wanted["type"]
    right = {"string": isinstance(value, str), "object": isinstance(value, dict), "integer": type(value) is int and value >= 0}
    if not right[kind]:
        return {"string": "a text", "object": "an object", "integer": "a number from 0"}[kind]
    if "enum" in wanted and value not in wanted["enum"]:
        return "one of " + ", ".join(wanted["enum"])
    return ""
