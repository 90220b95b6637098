"""adapters: everything that touches a vendor or the operating system's confinement, behind the ports.

Comes in: typed requests of the ports. Goes out: typed answers; every failure is one of `diag`'s errors.
Must never: import a vendor at import time, fall back to something weaker in silence, or log a secret.
"""
