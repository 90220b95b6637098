"""Conformance suites for whoever writes a sandbox or a model client: subclass, name the thing under test, run pytest."""

from skvm.testing.conformance.escapes import ATTEMPTS, PERMITTED, Scene
from skvm.testing.conformance.model import ModelSuite
from skvm.testing.conformance.sandbox import SandboxSuite

__all__ = ["ATTEMPTS", "PERMITTED", "ModelSuite", "SandboxSuite", "Scene"]
