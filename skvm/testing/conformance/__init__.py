"""Conformance suites for who writes a sandbox, a model client or a harness: subclass, name the thing under test, run pytest."""

from skvm.testing.conformance.escapes import ATTEMPTS, PERMITTED, Scene
from skvm.testing.conformance.harness import HarnessSuite
from skvm.testing.conformance.model import ModelSuite
from skvm.testing.conformance.sandbox import SandboxSuite

__all__ = ["ATTEMPTS", "PERMITTED", "HarnessSuite", "ModelSuite", "SandboxSuite", "Scene"]
