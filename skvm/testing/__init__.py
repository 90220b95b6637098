"""testing: a kit for tests of skvm and of anything that plugs into it.

Comes in: scripts, cassettes, a sandbox or model to examine. Goes out: model clients without a model, a loopback server with
faults, conformance suites. Must never: reach beyond 127.0.0.1, or be needed by a run that is not a test or a replay.
"""

from skvm.testing.answers import Asked, Fault, Say
from skvm.testing.cassettes import Cassette, RecordingModel, ReplayModel
from skvm.testing.loopback import LoopbackServer, closed_port
from skvm.testing.scripted import ScriptedModel

__all__ = [
    "Asked",
    "Cassette",
    "Fault",
    "LoopbackServer",
    "RecordingModel",
    "ReplayModel",
    "Say",
    "ScriptedModel",
    "closed_port",
]
