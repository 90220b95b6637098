"""What a piece is done with: the trial of a skill, or a generated program, made once in each process."""

from __future__ import annotations

import atexit
import random
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from bench.skillruns import SOLUTIONS
from bench.wrong.chunks import Piece
from bench.wrong.documents import WORLDS
from bench.wrong.judging import Trial
from bench.wrong.learning import Pipeline, promoted
from bench.wrong.machine import Machine
from bench.wrong.mined import Trained, program, trained
from bench.wrong.scene import Scene
from bench.wrong.tally import Verdicts
from bench.wrong.worlds import World
from skvm.adapters.simulation.oracle import load_solution


@lru_cache(maxsize=1)
def trial_of(name: str, home: Path) -> Trial:
    """The trial of an example skill by what its state knows."""
    return trial_by(Pipeline(name, home), load_solution(SOLUTIONS / f"{name}.py"), WORLDS[name])


def trial_by(pipe: Pipeline, module: ModuleType, world: World) -> Trial:
    """The trial of a skill by what its state knows and a solution module says."""
    work = Path(tempfile.mkdtemp(prefix="skvm-wrong-"))
    atexit.register(shutil.rmtree, work, ignore_errors=True)
    records, guards = pipe.known()
    scene = Scene(pipe.artifact, module, Machine(pipe.skill, work / "work", dict(world.env)), guards)
    return Trial(scene, world, {r.step_key: promoted(r) for r in records})


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
