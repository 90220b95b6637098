"""What a piece is done with: the trial of a skill, or a generated program, made once in each process."""

from __future__ import annotations

import atexit
import random
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from bench.skillruns import SKILLS, SOLUTIONS
from bench.wrong.chunks import Piece
from bench.wrong.documents import WORLDS
from bench.wrong.judging import Trial
from bench.wrong.learning import Pipeline, promoted
from bench.wrong.machine import Machine
from bench.wrong.mined import Trained, program, trained
from bench.wrong.scene import Scene
from bench.wrong.tally import Verdicts
from skvm.adapters.simulation.oracle import load_solution


@lru_cache(maxsize=1)
def trial_of(name: str, home: Path) -> Trial:
    """The trial of a skill by what its state knows."""
    work = Path(tempfile.mkdtemp(prefix="skvm-wrong-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    pipe = Pipeline(name, home)
    records, guards = pipe.known()
    machine = Machine(SKILLS / name, work / "work", dict(WORLDS[name].env))
    scene = Scene(pipe.artifact, load_solution(SOLUTIONS / f"{name}.py"), machine, guards)
    return Trial(scene, WORLDS[name], {r.step_key: promoted(r) for r in records})


def skill_piece(home: Path, piece: Piece) -> Verdicts:
    """One piece of a skill."""
    trial = trial_of(piece.subject, home)
    trial.verdicts = Verdicts()
    return trial.run(piece.count, random.Random(f"{piece.seed} {piece.subject} {piece.number}"))


@lru_cache(maxsize=1)
def trained_of(number: int, runs: int, seed: int, thresholds: bool) -> Trained:
    """A generated program and what was learned of it."""
    return trained(program(number, seed, thresholds), runs, random.Random(f"{seed} trial {number}"))


def mined_piece(runs: int, thresholds: bool, piece: Piece) -> Verdicts:
    """One piece of a generated program; nothing when nothing of it was promoted."""
    number = int(piece.subject.split()[-1])
    known = trained_of(number, runs, piece.seed, thresholds)
    return known.run(piece.count, random.Random(f"{piece.seed} asked {number} {piece.number}"))
