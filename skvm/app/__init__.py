"""app: wires rooms together; the public Python API of skvm.

Comes in: paths, settings, options of a user. Goes out: results of check, outline, compile, run, trace and the rest.
Must never: print, parse command lines, or hold logic that a room below should own.
"""

from skvm.app.facade import Skvm
from skvm.app.settings import Settings

__all__ = ["Settings", "Skvm"]
