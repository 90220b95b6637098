"""capability: the 26 primitives, requirements with evidence, profiles with counts, gaps between the two.

Comes in: catalogue and profile JSON, requirements of a program. Goes out: levels, probabilities, gaps, coverage.
Must never: measure anything (that is `profile`), take "not measured" for "cannot", or read the clock.
"""

from skvm.capability.catalog import Catalog, Primitive, catalog_digest, load_catalog
from skvm.capability.gaps import Gap, Verdict, judge, product
from skvm.capability.model import Cell, Level, Profile, Requirement, Target
from skvm.capability.prices import Price, PriceTable, load_prices, prices_digest
from skvm.capability.profiles import (
    ProfileMatch,
    find_profile,
    known_harnesses,
    list_profiles,
    load_profile,
    match_profile,
    parse_target,
    profile_bytes,
)
from skvm.capability.purposes import Detour, Path, Purpose, detour

__all__ = [
    "Catalog",
    "Cell",
    "Detour",
    "Gap",
    "Level",
    "Path",
    "Price",
    "PriceTable",
    "Primitive",
    "Profile",
    "ProfileMatch",
    "Purpose",
    "Requirement",
    "Target",
    "Verdict",
    "catalog_digest",
    "detour",
    "find_profile",
    "judge",
    "known_harnesses",
    "list_profiles",
    "load_catalog",
    "load_prices",
    "load_profile",
    "match_profile",
    "parse_target",
    "prices_digest",
    "product",
    "profile_bytes",
]
