"""Parts of `python -m bench.drift`."""
