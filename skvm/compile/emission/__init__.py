"""emission: a skill as a harness reads it: the author's bytes, and the edits that a measured gap asks for.

Comes in: a skill, its program and plan, and a harness. Goes out: the text, and a sidecar that cites each
edit and gives the original back, byte for byte.
Must never: edit without a gap, touch code, drop a link, or write anything itself.
"""

from skvm.compile.emission.emit import Emission, emit_skill
from skvm.compile.emission.harnesses import Harness, harness_named
from skvm.compile.emission.sidecar import SIDECAR, Sidecar, restore

__all__ = ["SIDECAR", "Emission", "Harness", "Sidecar", "emit_skill", "harness_named", "restore"]
