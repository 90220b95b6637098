"""Both sandboxes keep the contract of the port and let nothing out."""

import platform
import shutil

import pytest

from skvm.adapters.bubblewrap import Bubblewrap
from skvm.adapters.landlock import OLDEST_ABI, Landlock, landlock_abi
from skvm.testing.conformance import OutletSuite

linux = pytest.mark.skipif(platform.system() != "Linux", reason="needs Linux")


@linux
@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
class TestBubblewrap(OutletSuite):
    def make(self):
        return Bubblewrap()


@linux
@pytest.mark.skipif(platform.system() != "Linux" or landlock_abi() < OLDEST_ABI, reason="no Landlock in this kernel")
class TestLandlock(OutletSuite):
    def make(self):
        return Landlock()


@linux
@pytest.mark.skipif(platform.system() != "Linux" or landlock_abi() < OLDEST_ABI, reason="no Landlock in this kernel")
class TestLandlockAsInOlderKernels(OutletSuite):
    """Landlock without scopes for signals and sockets: the filter must do that work."""

    def make(self):
        return Landlock(abi=OLDEST_ABI)

    test_signal_is_told = None  # a program cannot signal even itself there
    test_many_at_once = test_permitted_things_work = None
