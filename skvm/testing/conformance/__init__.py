"""Conformance suites for sandboxes, models, harnesses, stores and engines: subclass, name the thing under test, run pytest."""

from skvm.testing.conformance.engine import EngineSuite, QueueEngineSuite
from skvm.testing.conformance.escapes import ATTEMPTS, PERMITTED, Scene
from skvm.testing.conformance.harness import HarnessSuite
from skvm.testing.conformance.model import ModelSuite
from skvm.testing.conformance.outlet import OutletSuite
from skvm.testing.conformance.sandbox import SandboxSuite
from skvm.testing.conformance.store import StoreSuite

__all__ = [
    "ATTEMPTS",
    "PERMITTED",
    "EngineSuite",
    "HarnessSuite",
    "ModelSuite",
    "OutletSuite",
    "QueueEngineSuite",
    "SandboxSuite",
    "Scene",
    "StoreSuite",
]
