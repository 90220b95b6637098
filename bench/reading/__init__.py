"""Measures the front end: what goes in are texts (corpus, gold annotations, shapes made to stress it), what comes out figures.

Each part is a module with `measure(options)`, one JSON object, and `text(result)`, its lines for people. Must never execute
anything a text contains. See "Reading" in bench/README.md.
"""

PARTS = ("lossless", "stable", "mutated", "declared", "dependencies", "gold", "requirements", "speed")
