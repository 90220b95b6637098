"""Closed vocabularies of the program. Scene types, act types and scopes are SSL's (arXiv 2604.24026, Table 5)."""

from __future__ import annotations

from enum import StrEnum


class SkillKind(StrEnum):
    """What following the skill is."""

    PROCEDURAL = "procedural"
    TOOL_REFERENCE = "tool_reference"
    CONTENT_GENERATION = "content_generation"
    KNOWLEDGE = "knowledge"


class SceneType(StrEnum):
    """SSL's seven scene types and `UNKNOWN`, so that nothing is forced into one."""

    PREPARE = "PREPARE"
    ACQUIRE = "ACQUIRE"
    REASON = "REASON"
    ACT = "ACT"
    VERIFY = "VERIFY"
    RECOVER = "RECOVER"
    FINALIZE = "FINALIZE"
    UNKNOWN = "UNKNOWN"


class ActType(StrEnum):
    """SSL's twelve acts."""

    READ = "READ"
    SELECT = "SELECT"
    COMPARE = "COMPARE"
    VALIDATE = "VALIDATE"
    INFER = "INFER"
    WRITE = "WRITE"
    UPDATE_STATE = "UPDATE_STATE"
    CALL_TOOL = "CALL_TOOL"
    REQUEST = "REQUEST"
    TRANSFER = "TRANSFER"
    NOTIFY = "NOTIFY"
    TERMINATE = "TERMINATE"


class Scope(StrEnum):
    """SSL's eight resource scopes."""

    MEMORY = "MEMORY"
    LOCAL_FS = "LOCAL_FS"
    CODEBASE = "CODEBASE"
    PROCESS = "PROCESS"
    USER_DATA = "USER_DATA"
    CREDENTIALS = "CREDENTIALS"
    NETWORK = "NETWORK"
    OTHER = "OTHER"


class ControlKind(StrEnum):
    """Control that SSL has no node for, and the two it has."""

    BRANCH = "branch"
    LOOP = "loop"
    GATE = "gate"
    OPTIONAL = "optional"
    RECOVER = "recover"
    JUMP = "jump"
    DELEGATE = "delegate"
    PARALLEL = "parallel"
    TERMINATE = "terminate"


class StepEncoding(StrEnum):
    """How the author wrote a step down."""

    ORDERED_ITEM = "ordered_item"
    STEP_HEADING = "step_heading"
    NUMBERED_HEADING = "numbered_heading"
    BOLD_NUMBER = "bold_number"
    TASK_BOX = "task_box"
    TABLE_ROW = "table_row"
    BULLET = "bullet"
    PARAGRAPH = "paragraph"
    FENCE = "fence"
    PSEUDO_CODE = "pseudo_code"
    GRAPH = "graph"


class EffectClass(StrEnum):
    """May a step run again? `pure` and `idempotent` yes, `effectful` only with a key or a read-back."""

    PURE = "pure"
    IDEMPOTENT = "idempotent"
    EFFECTFUL = "effectful"


class Origin(StrEnum):
    """What shows a claim."""

    PROSE = "prose"
    INLINE = "inline"
    FENCE = "fence"
    SCRIPT = "script"
    FRONT_MATTER = "front_matter"


class Polarity(StrEnum):
    """Use the skill then, or do not."""

    USE = "use"
    DO_NOT_USE = "do_not_use"


class Force(StrEnum):
    """Strength of a constraint."""

    MUST = "must"
    MUST_NOT = "must_not"
    SHOULD = "should"
    SHOULD_NOT = "should_not"


class BlockRole(StrEnum):
    """What a fence is for."""

    COMMAND = "command"
    PROGRAM = "program"
    TEMPLATE = "template"
    EXAMPLE = "example"
    DATA = "data"
    PSEUDO = "pseudo"
    GRAPH = "graph"
    OUTPUT = "output"
    OPAQUE = "opaque"


class NeedKind(StrEnum):
    """What must exist to follow the skill."""

    BIN = "bin"
    PIP = "pip"
    NPM = "npm"
    APT = "apt"
    ENV = "env"
    HOST = "host"
    FILE = "file"
    SKILL = "skill"


class LeafKind(StrEnum):
    """Every byte of the source belongs to exactly one leaf of one of these kinds."""

    FRONT_MATTER = "front_matter"
    HEADING = "heading"
    STEP = "step"
    CONSTRAINT = "constraint"
    TRIGGER = "trigger"
    KNOWLEDGE = "knowledge"
    CODE = "code"
    MARKUP = "markup"
    RESIDUAL = "residual"
    OPAQUE = "opaque"
