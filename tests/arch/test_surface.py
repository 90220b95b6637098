"""Each room says what it gives, and gives what it says."""

import importlib
import pkgutil

import pytest

import skvm

ROOMS = sorted(m.name for m in pkgutil.iter_modules(skvm.__path__) if m.ispkg)


@pytest.mark.parametrize("room", ROOMS)
def test_room_says_what_comes_in_what_goes_out_and_what_it_must_never_do(room):
    module = importlib.import_module(f"skvm.{room}")
    assert "Must never" in (module.__doc__ or ""), f"skvm.{room} does not say what it must never do"


@pytest.mark.parametrize("room", ROOMS)
def test_all_is_complete(room):
    module = importlib.import_module(f"skvm.{room}")
    for name in getattr(module, "__all__", []):
        assert hasattr(module, name)
