"""The published record (arXiv 2604.24026): its fields, their types and its closed vocabularies."""

from __future__ import annotations

import re
from typing import Any

from skvm.ir.vocabulary import ActType, SceneType, Scope

Record = dict[str, Any]
"""One SSL record: exactly `skill`, `scenes` and `logic_steps`, JSON values only."""

SCENE_TYPES = frozenset(t.value for t in SceneType if t is not SceneType.UNKNOWN)
ACT_TYPES = frozenset(t.value for t in ActType)
SCOPES = frozenset(s.value for s in Scope)

END_SUCCESS, END_FAIL = "END_SUCCESS", "END_FAIL"
YIELD_SUCCESS, YIELD_FAIL = "YIELD_SUCCESS", "YIELD_FAIL"
ENDS = frozenset({END_SUCCESS, END_FAIL})
YIELDS = frozenset({YIELD_SUCCESS, YIELD_FAIL})
TERMINALS = ENDS | YIELDS

ALWAYS, DEFAULT, SUCCESS = "always", "default", "success"
CATCH_ALL = frozenset({ALWAYS, DEFAULT})
RESERVED = CATCH_ALL | {SUCCESS}
"""Rule conditions that are words of the schema; every other condition is a predicate or the author's words."""

FEATURES = ("has_branch", "has_loop", "has_tool_call", "touches_sensitive_resources")
SENSITIVE_SCOPES = frozenset({Scope.CREDENTIALS.value, Scope.USER_DATA.value})
SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
ENVIRONMENT_DEPENDENCY = "environment_variable"

STR, NULL_STR, STRS, PAIRS, RULES, FLAGS = "str", "str?", "strs", "pairs", "rules", "flags"

SKILL_FIELDS = {
    "skill_id": STR, "skill_name": STR, "skill_goal": STR, "intent_signature": STRS, "tags": STRS, "top_pattern": STR,
    "expected_inputs": PAIRS, "expected_outputs": PAIRS, "dependencies": PAIRS, "control_flow_features": FLAGS,
    "entry_scene_id": STR, "subscenes": STRS,
}  # fmt: skip
SCENE_FIELDS = {
    "scene_id": STR, "scene_name": STR, "scene_type": STR, "scene_goal": STR, "input": STRS, "output": STRS,
    "entry_conditions": STRS, "exit_conditions": STRS, "entry_logic_step_id": STR, "contained_logic_steps": STRS,
    "next_scene_rules": RULES,
}  # fmt: skip
STEP_FIELDS = {
    "logic_step_id": STR, "act_type": STR, "actor": STR, "object": STR, "instrument": NULL_STR, "input_args": STRS,
    "output_binding": NULL_STR, "preconditions": STRS, "effects": STRS, "resource_scope": STR, "resource_target": STR,
    "next_step_rules": RULES,
}  # fmt: skip
PAIR_KEYS = {
    "expected_inputs": ("name", "type"),
    "expected_outputs": ("name", "type"),
    "dependencies": ("type", "value"),
}

VARIABLE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
LEADING_VARIABLE = re.compile(r"!?(\$[A-Za-z_][A-Za-z0-9_]*)(?![A-Za-z0-9_{])")
"""A predicate atom about a variable starts with it (`$x == true`); a `$` later in the author's words is only text."""


def flat(text: str) -> str:
    """Text on one line."""
    return " ".join(text.split())


def variable_named(name: str) -> str:
    """The `$` variable of a named thing: ASCII letters and digits kept, all else one underscore."""
    if VARIABLE.fullmatch(name):
        return name
    slug = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").lower() or "value"
    return f"$_{slug}" if slug[0].isdigit() else f"${slug}"


def variable_of(atom: str) -> str | None:
    """The variable that a predicate atom or argument is about, None for plain words."""
    found = LEADING_VARIABLE.match(atom)
    return found[1] if found is not None else None
