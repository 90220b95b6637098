"""cli: command lines come in; text or JSON on stdout, progress and errors on stderr, and an exit code go out.

Must never: hold logic, show a traceback, or import a room that the command at hand does not need.
"""

from skvm.cli.entry import entry

__all__ = ["entry"]
