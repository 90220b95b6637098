"""binding: is the cheapest assignment the cheapest? Random tables, judged by trying everything and by an integer program.

Goes in: how many tables, of which size. Goes out: how often our answer cost more than the judge's, and the CPU of both.
"""
