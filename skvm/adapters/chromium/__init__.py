"""chromium: the browser port over the system's Chromium, spoken to through a pipe; no package and no open port.

Comes in: acts on a page and which hosts may be reached. Goes out: what is to be seen. Must never: let a request of a page out
but through the proxy, write outside its temporary folder, or leave a process behind.
"""

from skvm.adapters.chromium.find import Chromium, find_chromium

__all__ = ["Chromium", "find_chromium"]
