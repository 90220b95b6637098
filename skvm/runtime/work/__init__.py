"""work: the folders of a run - confined access, inputs and bundle in, changed files out.

Comes in: a request and a home folder. Goes out: places that cannot be left, and digests of what changed in them.
Must never: follow a link out, leave half a file, or start a process.
"""
