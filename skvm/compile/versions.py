"""What turns a skill into a plan, by version and digest, and in which order: known without loading any of it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from skvm import __version__
from skvm.capability import catalog_digest, prices_digest
from skvm.source import data_path, digest_bytes, digest_text

DEFAULT_PIPELINE = (
    "lower,effects,requirements,dependencies,reduce,bind,environment,concurrency,share,transform,schedule,permissions,emit"
)


@lru_cache(maxsize=1)
def toolchain() -> dict[str, str]:
    """Versions and digests of all that turns a skill into a plan; the Python version is left out, since it must not matter."""
    return {"skvm": __version__, "grammar": grammar_digest(), "catalog": catalog_digest(), "prices": prices_digest()}


@lru_cache(maxsize=1)
def grammar_digest() -> str:
    """Digest of all files of the grammar, by path."""
    root = data_path("grammar")
    rows = [f"{_relative(p, root)}\0{digest_bytes(p.read_bytes())}" for p in root.rglob("*") if p.is_file()]
    return digest_text("\n".join(sorted(rows)))


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
