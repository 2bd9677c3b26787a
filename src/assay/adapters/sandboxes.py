"""Which launcher seals a step: bubblewrap, then our own, then none. The canaries judge either."""

import shutil

from assay.adapters.sandbox import NOBODY, Bubblewrap, Launcher
from assay.adapters.unsharing import Unsharing


def best(uid: int = NOBODY) -> Launcher:
    """The first rung of the ladder this machine has.

    A bubblewrap that is there and does not work is not passed by: the same kernel refuses both.

    Args:
        uid: whom a launcher run by root becomes.

    Raises:
        UnsupportedError: no bubblewrap, and on this machine no launcher of our own.
    """
    return Bubblewrap(uid=uid) if shutil.which("bwrap") else Unsharing(uid=uid)
