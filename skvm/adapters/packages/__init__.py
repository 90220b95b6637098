"""packages: the clients of package indexes, pip and npm, each run in the sandbox.

Comes in: names with versions, or a lock. Goes out: exact packages with hashes, or a filled prefix that was loaded.
Must never: run code of a package while it fetches or unpacks it, write outside the folder it is given, or name a host itself.
"""

from skvm.adapters.packages.box import Box, BuildLimits
from skvm.adapters.packages.loading import load_all
from skvm.adapters.packages.npm import install_npm, resolve_npm
from skvm.adapters.packages.pip import Interpreter, install_pip, interpreter, resolve_pip
from skvm.adapters.packages.sources import Sources, sources_of

__all__ = [
    "Box",
    "BuildLimits",
    "Interpreter",
    "Sources",
    "install_npm",
    "install_pip",
    "interpreter",
    "load_all",
    "resolve_npm",
    "resolve_pip",
    "sources_of",
]
