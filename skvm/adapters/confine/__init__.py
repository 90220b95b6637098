"""Parts shared by the sandbox backends: filter, places, bounded child, launcher, self-test, reading of endings.

Comes in: sandbox requests. Goes out: jobs that can be started, and what their end means.
Must never: choose a backend, or weaken one.
"""
