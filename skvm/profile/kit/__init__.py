"""kit: what every probe is made of - instances, plays (right and wrong answers), text checks, a site, a workbench.

Comes in: seeds. Goes out: instances with a prompt, a grader, reference plays and mutants. Must never: look at a clock, at
unseeded randomness or at the network; the site and the workbench are handed in by whoever runs a probe.
"""
