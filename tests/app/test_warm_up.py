"""What is loaded before processes part, and programs that are made without being validated."""

from __future__ import annotations

from skvm.app.check import SAMPLE, diagnose
from skvm.ir import Program
from skvm.source import skill_from_bytes


def test_the_sample_needs_every_part_of_the_front_end() -> None:
    program, _ = diagnose(skill_from_bytes(SAMPLE.encode(), "sample"))
    assert program.skill.has_procedure and program.controls and program.acts
    assert {block.language for block in program.blocks} == {"bash", "python"}


def test_a_program_that_was_read_is_valid() -> None:
    program, _ = diagnose(skill_from_bytes(SAMPLE.encode(), "sample"))
    assert Program.model_validate_json(program.model_dump_json()) == program
    assert Program.model_validate(program.model_dump()) == program
