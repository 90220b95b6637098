"""A one-step skill, and the real command line run on it against a model server on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SKILL = """---
name: tidy-notes
description: Tidies notes. Use when notes need sorting.
---
# Tidy notes

## Steps

1. Sort the notes and write the result to `sorted.txt`.
"""
KEY = "sk-loopback-planted-4711"


def skill_in(folder: Path) -> Path:
    """The skill, written there."""
    root = folder / "tidy-notes"
    root.mkdir()
    (root / "SKILL.md").write_text(SKILL)
    return root


def start(home: Path, skill: Path, url: str, *more: str) -> subprocess.Popen[str]:
    """`skvm run`, from a cold start, with its state in `home`."""
    return started(home, "run", str(skill), "--model", "openai/m", "--api-base", url, "--input", "sort them", *more)


def start_measuring(home: Path, skill: Path, url: str, *more: str) -> subprocess.Popen[str]:
    """`skvm profile`, from a cold start, with its state in `home`, of what the skill needs."""
    return started(home, "profile", "openai/m", "--api-base", url, "--for", str(skill), *more)


def started(home: Path, *words: str) -> subprocess.Popen[str]:
    """The command line in a process of its own, with a key."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SKVM_")}
    env |= {"SKVM_HOME": str(home), "OPENAI_API_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    return subprocess.Popen(
        [sys.executable, "-m", "skvm", *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
