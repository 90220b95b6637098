"""Runs of solidified steps: while the calls of one are made, what is known about the steps behind it is read.

What fusing steps could save, and what it does. Workers: the sandbox keeps one for all steps of a run, so there is nothing to
share. Journal: an event a step and call stays, since a crash anywhere must be resumed exactly. Guards: microseconds, and those
of a later step look at what earlier ones made, so they are checked where the step begins, which is the border that a miss goes
back to. Dispatch: reading and checking the record of a step takes some hundreds of times as long as its guards, and stood
between one step's end and the next one's first call. So the records of a run are checked beside its first calls. A look-up
still reads the store: whether a step is served is decided at its turn, by what stands there then. `bench.fused` measures it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice, takewhile

from skvm.plan import ExecutorKind, MapNode, PlanNode, StepNode, TaskNode
from skvm.ports import Fusing
from skvm.runtime.session import Session

MOST = 8
"""Steps that are read ahead; a run that ends early has read them for nothing."""


def behind(session: Session, node: StepNode) -> tuple[StepNode, ...]:
    """The steps after a step in its block, with those of sub-tasks and maps, up to the first that no model does: there a gate,
    a branch or a person stands."""
    body = session.graph.body(node.parent, node.arm)
    here = next((at for at, other in enumerate(body) if other.id == node.id), len(body))
    found = takewhile(lambda step: step is not None, _steps(session, body[here + 1 :]))
    return tuple(step for step in islice(found, MOST) if step is not None and step.recover_of is None)


def _steps(session: Session, body: Sequence[PlanNode]) -> Iterator[StepNode | None]:
    """Steps of a block in plan order, None where a run ends."""
    for node in body:
        if isinstance(node, (TaskNode, MapNode)):
            yield from _steps(session, session.graph.body(node.id))
        else:
            yield node if isinstance(node, StepNode) and node.executor.kind is ExecutorKind.MODEL else None


@contextmanager
def looking_ahead(session: Session, node: StepNode) -> Iterator[None]:
    """Read beside the body what is known of the steps behind `node`, each once in a run; it is read when this is left."""
    book: object = session.ports.solid
    keys = tuple(other.key for other in behind(session, node) if other.key not in session.ahead)
    if not keys or not isinstance(book, Fusing):
        yield
        return
    reader = book
    session.ahead.update(keys)

    def read() -> None:
        with suppress(Exception):  # what could not be read is read at its turn, and fails there
            reader.ahead(keys)

    thread = threading.Thread(target=read, name="skvm look-ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()  # nobody may use the store once a run has ended
