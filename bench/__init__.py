"""Benchmarks and the example skills they use. Numbers measured with a simulated model are called simulated."""
