"""structure: bytes of a SKILL.md come in; blocks, sections, scenes, steps, rules and the leaf partition go out.

Must never: read another file, look at acts or effects, or lose a byte.
"""
