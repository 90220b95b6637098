"""source: bytes of a skill folder come in; text, spans, positions and digests go out.

Must never: interpret what a text means, follow a link out of the folder, look at clock, network or environment.
"""

from skvm.source.data import data_path, read_data
from skvm.source.digest import digest_bytes, digest_text
from skvm.source.folder import SKILL_NAMES, SkillSource, SourceFile, SourceProblem, find_skills, load_skill, skill_from_bytes
from skvm.source.span import Span
from skvm.source.text import LineIndex, Position, SourceText, readable

__all__ = [
    "SKILL_NAMES",
    "LineIndex",
    "Position",
    "SkillSource",
    "SourceFile",
    "SourceProblem",
    "SourceText",
    "Span",
    "data_path",
    "digest_bytes",
    "digest_text",
    "find_skills",
    "load_skill",
    "read_data",
    "readable",
    "skill_from_bytes",
]
